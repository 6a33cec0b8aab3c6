#ifndef CRIER_DETAIL_ROLES_HPP
#define CRIER_DETAIL_ROLES_HPP

#include <crier/command.hpp>
#include <crier/detail/delivery.hpp>
#include <crier/detail/role.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>
#include <crier/hooks.hpp>
#include <crier/utf8.hpp>

#include <string_view>

namespace crier::detail {

/// Clients: the first message is the uid, later ones go to the hook.
template <class Registry, class Hooks>
class clients_role final : public role
{
public:
    clients_role(const encoder& codec, const limits& options, switchboard<Registry>& board,
                 Hooks& h) noexcept
        : role(connection_kind::client, codec, options), board_(board), hooks_(h)
    {}

    opening_answer judge(session_base& s, const opening_request& request) override
    {
        return hooks_.on_opening(s, request);
    }

    void opened(session_base& s) override
    {
        s.wait_for_uid();
        hooks_.on_open(s);
    }

    void received(session_base& s, message_view message) override
    {
        if (s.is_bound())
            return hooks_.on_message(s, message);

        const std::string_view uid = message.data;
        if (message.kind != message_kind::text)
            return s.end(error::uid_not_text, close_code::unsupported_data, "uid is not text");
        if (uid.empty())
            return s.end(error::uid_empty, close_code::policy_violation, "empty uid");
        if (uid.size() > options().max_uid_bytes)
            return s.end(error::uid_too_long, close_code::policy_violation, "uid too long");
        if (!is_valid_utf8(uid))
            return s.end(error::invalid_utf8, close_code::invalid_payload, "uid is not UTF-8");
        s.home().deliver_collected(); // before this client was there
        s.bound_as(uid);
        if (!board_.table().bind(s.uid(), s))
            return s.end(error::uid_refused, close_code::policy_violation, "uid refused");
        s.set_bound(true);
        s.home().counts.registered = board_.table().size();
        s.wait_for_silence();
        hooks_.on_registered(s);
    }

    void discarded(session_base& s, error_code why) override
    {
        if (!s.is_bound())
            s.end(why, close_code::policy_violation, "uid too long");
    }

    void leaving(session_base& s) noexcept override
    {
        board_.table().unbind(s);
        s.home().counts.registered = board_.table().size();
    }

    void closed(session_base& s, error_code why) override { hooks_.on_close(s, why); }

private:
    switchboard<Registry>& board_;
    Hooks& hooks_;
};

/// Back ends: each message is a line of JSON, answered with ok or fail.
template <class Registry, class Hooks>
class backend_role final : public role
{
public:
    backend_role(const encoder& codec, const limits& options, switchboard<Registry>& board,
                 Hooks& h)
        : role(connection_kind::backend, codec, options),
          board_(board),
          hooks_(h),
          parser_(options.max_uid_bytes),
          ok_(codec.encode("ok")),
          fail_(codec.encode("fail"))
    {}

    opening_answer judge(session_base& s, const opening_request& request) override
    {
        return hooks_.on_opening(s, request);
    }

    void opened(session_base& s) override
    {
        s.wait_for_silence();
        hooks_.on_open(s);
    }

    void received(session_base& s, message_view line) override
    {
        const command asked = parser_.parse(line.data);
        // What is pushed is the line itself, as text: the parser has found it to be UTF-8.
        const message_view message(line.data);
        bool done = false;
        if (asked.kind == command::unicast)
            done = board_.deliver(asked.uid, message) > 0;
        else if (asked.kind == command::broadcast)
            done = (board_.collect(message), true);
        answer(s, done);
    }

    void discarded(session_base& s, error_code) override
    {
        ++s.home().counts.lines_discarded;
        answer(s, false);
    }

    void leaving(session_base&) noexcept override {}

    void closed(session_base& s, error_code why) override { hooks_.on_close(s, why); }

private:
    void answer(session_base& s, bool done)
    {
        ++(done ? s.home().counts.lines_ok : s.home().counts.lines_failed);
        s.reply((done ? ok_ : fail_).bytes());
    }

    switchboard<Registry>& board_;
    Hooks& hooks_;
    command_parser parser_;
    frame ok_, fail_;
};

/// Peers: each message goes to the handler.
template <class Handler>
class peers_role final : public role
{
public:
    peers_role(const encoder& codec, const limits& options, Handler& handler) noexcept
        : role(connection_kind::peer, codec, options), handler_(handler)
    {}

    opening_answer judge(session_base& s, const opening_request& request) override
    {
        return handler_.on_opening(s, request);
    }

    void opened(session_base& s) override
    {
        s.wait_for_silence();
        handler_.on_open(s);
    }

    void received(session_base& s, message_view message) override
    {
        handler_.on_message(s, message);
    }

    void discarded(session_base& s, error_code why) override
    {
        s.end(why, close_code::message_too_big, "message too large");
    }

    void leaving(session_base&) noexcept override {}

    void closed(session_base& s, error_code why) override { handler_.on_close(s, why); }

private:
    Handler& handler_;
};

} // namespace crier::detail

#endif
