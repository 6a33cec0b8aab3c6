#ifndef CRIER_DETAIL_ROLES_HPP
#define CRIER_DETAIL_ROLES_HPP

#include <crier/authenticator/anyone.hpp>
#include <crier/authenticator/first_message.hpp>
#include <crier/command.hpp>
#include <crier/concepts/reply.hpp>
#include <crier/detail/delivery.hpp>
#include <crier/detail/doorman.hpp>
#include <crier/detail/role.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>
#include <crier/hooks.hpp>
#include <crier/utf8.hpp>

#include <concepts>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace crier::detail {

/// What the roles of a server have around them.
///
/// Lifetime: all outlive the roles.
template <class Registry, class Hooks, class Observer>
struct surroundings
{
    using hooks_type = Hooks;
    using observer_type = Observer;

    switchboard<Registry>& board;
    Hooks& hooks;
    Observer& observer;
};

/// What the roles have in common: an authenticator at the door, and an observer.
template <class Around, class Authenticator, class Handler>
class guarded_role : public role
{
public:
    guarded_role(connection_kind kind, const encoder& codec, const limits& options,
                 const Authenticator& door, const Around& around, Handler& handler)
        : role(kind, codec, options), around_(around), handler_(handler), door_(door)
    {}

    void arrived(session_base& s) final { around_.observer.on_accept(s); }
    void accept_failed(error_code ec) final { around_.observer.on_accept_failed(ec); }

    bool admit(session_base& s) final
    {
        if constexpr (std::same_as<Authenticator, anyone>)
            s.vouch({});
        if constexpr (is_trivial)
            return true;
        return !s.is_vouched() && settle_connected(s, door_.ask(s, question::connected));
    }

    std::optional<opening_answer> judge(session_base& s, const opening_request& request) final
    {
        if constexpr (!is_trivial)
            if (request.is_upgrade() && !s.is_vouched())
                return settle_opening(s, request, door_.ask(s, question::opening, &request));
        return handler_.on_opening(s, request);
    }

    void closed(session_base& s, error_code why, bool opened) final
    {
        around_.observer.on_end(s, why);
        if (opened)
            handler_.on_close(s, why);
    }

    void threw(session_base& s, std::exception_ptr thrown) final
    {
        around_.observer.on_exception(s, std::move(thrown));
    }

    void forget(session_base& s) noexcept final { door_.forget(s); }

    CRIER_COLD void decided(session_base& s, verdict v) final
    {
        if (v.kind() == verdict::kind_later)
            v = verdict::refuse();
        s.resume();
        s.guarded([&] {
            if (s.stage() == phase::shaking) {
                if (settle_connected(s, std::move(v)))
                    s.admitted();
            } else if (s.stage() == phase::opening) {
                const opening_request& request = s.pending_request();
                if (const auto how = settle_opening(s, request, std::move(v)))
                    s.answer_opening(*how);
            } else if (s.stage() == phase::open) {
                settle_first(s, std::move(v));
            }
        });
    }

    overflow_action overflowed(session_base&, backlog&) override { return overflow_action::drop(); }
    void dropped(session_base&, std::size_t) override {}

protected:
    ~guarded_role() = default;

    /// True for the two that need not be asked at all occasions.
    static constexpr bool is_trivial =
        std::same_as<Authenticator, first_message> || std::same_as<Authenticator, anyone>;

    /// A verdict about the first message.
    virtual void settle_first(session_base& s, verdict v) = 0;

    void ask_about(session_base& s, message_view first)
    {
        verdict v = door_.ask(s, question::first_message, nullptr, first);
        if (v.kind() == verdict::kind_later)
            door_.wait(s);
        else
            settle_first(s, std::move(v));
    }

    static std::string reason_of(verdict& v)
    {
        return v.kind() == verdict::kind_refused ? std::move(v.text()) : "not authorized";
    }

    Around around_;
    Handler& handler_;

private:
    CRIER_COLD bool settle_connected(session_base& s, verdict v)
    {
        switch (v.kind()) {
        case verdict::kind_undecided:
            return true;
        case verdict::kind_accepted:
            s.vouch(v.text());
            return true;
        case verdict::kind_later:
            door_.wait(s);
            return false;
        case verdict::kind_refused:
            break;
        }
        s.end(error::unauthorized, close_code::policy_violation, v.text());
        return false;
    }

    CRIER_COLD std::optional<opening_answer>
    settle_opening(session_base& s, const opening_request& request, verdict v)
    {
        switch (v.kind()) {
        case verdict::kind_refused:
            s.refused_with(error::unauthorized);
            return opening_answer::respond({.status = 403, .body = std::move(v.text()) + "\n"});
        case verdict::kind_later:
            door_.wait(s);
            return std::nullopt;
        case verdict::kind_accepted:
            s.vouch(v.text());
            break;
        case verdict::kind_undecided:
            break;
        }
        return handler_.on_opening(s, request);
    }

    doorman<Authenticator> door_;
};

/// Clients: once it is known who they are, they receive; what they say goes to the hook.
template <class Around, class Authenticator, class Overflow>
class clients_role final : public guarded_role<Around, Authenticator, typename Around::hooks_type>
{
    using base = guarded_role<Around, Authenticator, typename Around::hooks_type>;

public:
    clients_role(const encoder& codec, const limits& options, const Authenticator& door,
                 const Overflow& overflow, const Around& around)
        : base(connection_kind::client, codec, options, door, around, around.hooks),
          overflow_(overflow)
    {}

    void opened(session_base& s) override
    {
        s.wait_for_uid();
        this->around_.observer.on_open(s);
        this->handler_.on_open(s);
        if (s.is_vouched() && s.stage() == phase::open)
            enroll(s, std::string(s.uid()));
    }

    void received(session_base& s, message_view message) override
    {
        if (s.is_bound()) {
            this->around_.observer.on_message(s, message);
            return this->handler_.on_message(s, message);
        }
        if constexpr (std::same_as<Authenticator, first_message>) {
            if (message.kind != message_kind::text)
                return s.end(error::uid_not_text, close_code::unsupported_data, "uid is not text");
            enroll(s, message.data);
        } else {
            this->ask_about(s, message);
        }
    }

    void discarded(session_base& s, error_code why) override
    {
        if (!s.is_bound())
            s.end(why, close_code::policy_violation, "uid too long");
    }

    void leaving(session_base& s) noexcept override
    {
        this->around_.board.table().unbind(s);
        s.home().counts.registered = this->around_.board.table().size();
    }

    overflow_action overflowed(session_base&, backlog& b) override
    {
        return overflow_.make_room(b);
    }

    void dropped(session_base& s, std::size_t messages) override
    {
        this->around_.observer.on_overflow(s, messages);
    }

private:
    void settle_first(session_base& s, verdict v) override
    {
        if (v.kind() == verdict::kind_accepted)
            enroll(s, v.text());
        else
            s.end(error::unauthorized, close_code::policy_violation, this->reason_of(v));
    }

    void enroll(session_base& s, std::string_view uid)
    {
        if (uid.empty())
            return s.end(error::uid_empty, close_code::policy_violation, "empty uid");
        if (uid.size() > this->options().max_uid_bytes)
            return s.end(error::uid_too_long, close_code::policy_violation, "uid too long");
        if (!is_valid_utf8(uid))
            return s.end(error::invalid_utf8, close_code::invalid_payload, "uid is not UTF-8");
        s.home().deliver_collected(); // before this client was there
        s.bound_as(uid);
        auto& table = this->around_.board.table();
        if (!table.bind(s.uid(), s))
            return s.end(error::uid_refused, close_code::policy_violation, "uid refused");
        s.set_bound(true);
        s.home().counts.registered = table.size();
        s.wait_for_silence();
        this->around_.observer.on_registered(s);
        this->handler_.on_registered(s);
    }

    Overflow overflow_;
};

/// Back ends: each message is a line of JSON, and is answered.
template <class Around, class Authenticator, class Reply>
class backend_role final : public guarded_role<Around, Authenticator, typename Around::hooks_type>
{
    using base = guarded_role<Around, Authenticator, typename Around::hooks_type>;

public:
    backend_role(const encoder& codec, const limits& options, const Authenticator& door,
                 const Reply& reply, const Around& around)
        : base(connection_kind::backend, codec, options, door, around, around.hooks),
          parser_(options.max_uid_bytes),
          reply_(reply)
    {
        if constexpr (reply_is_fixed<Reply>) {
            ok_ = codec.encode(Reply::ok);
            fail_ = codec.encode(Reply::fail);
        }
    }

    void opened(session_base& s) override
    {
        if (s.is_vouched())
            s.wait_for_silence();
        else
            s.wait_for_uid();
        this->around_.observer.on_open(s);
        this->handler_.on_open(s);
    }

    void received(session_base& s, message_view line) override
    {
        if constexpr (!std::same_as<Authenticator, anyone>)
            if (!s.is_vouched())
                return this->ask_about(s, line);

        const command asked = parser_.parse(line.data);
        // What is pushed is the line itself, as text: the parser has found it to be UTF-8.
        const message_view message(line.data);
        if (asked.kind == command::unicast)
            return answer(s, {result_of(this->around_.board.deliver(asked.name, message))});
        answer(s, do_other(asked, message));
    }

    CRIER_COLD void discarded(session_base& s, error_code why) override
    {
        ++s.home().counts.lines_discarded;
        answer(s, invalid(command_error::too_long));
        if (!s.is_vouched())
            s.end(why, close_code::policy_violation, "line too long");
    }

    void leaving(session_base&) noexcept override {}

private:
    void settle_first(session_base& s, verdict v) override
    {
        if (v.kind() == verdict::kind_accepted) {
            s.vouch(v.text());
            s.wait_for_silence();
            return answer(s, {{push_status::queued, 0}});
        }
        answer(s, invalid(command_error::unauthorized));
        s.end(error::unauthorized, close_code::policy_violation, this->reason_of(v));
    }

    static line_result invalid(command_error why) noexcept
    {
        return {{push_status::invalid, 0}, why};
    }

    static push_result result_of(delivered d) noexcept
    {
        const push_status status = d.queued    ? push_status::queued
                                   : d.dropped ? push_status::dropped
                                               : push_status::no_receiver;
        return {status, d.queued, d.dropped};
    }

    line_result do_other(const command& asked, message_view message)
    {
        auto& board = this->around_.board;
        switch (asked.kind) {
        case command::unicast:
        case command::invalid:
            break;
        case command::multicast:
            return {result_of(board.deliver_to(asked.uids, message))};
        case command::publish:
            return {result_of(board.publish(asked.name, message, asked.except))};
        case command::broadcast: {
            push_result all{push_status::queued};
            if (reply_is_fixed<Reply> && asked.except.empty()) {
                board.collect(message);
            } else {
                const delivered d = board.deliver_all(message, asked.except);
                all.queued = d.queued;
                all.dropped = d.dropped;
            }
            return {all};
        }
        case command::join:
            return {result_of(board.join(asked.name, asked.uids))};
        case command::leave:
            return {result_of(board.leave(asked.name, asked.uids))};
        }
        return invalid(asked.why);
    }

    void answer(session_base& s, const line_result& result)
    {
        const bool done = static_cast<bool>(result.push);
        ++(done ? s.home().counts.lines_ok : s.home().counts.lines_failed);
        this->around_.observer.on_line(s, result);
        if constexpr (reply_is_fixed<Reply>) {
            s.reply((done ? ok_ : fail_).bytes());
        } else {
            text_.clear();
            reply_.write(result, text_);
            const frame f = this->codec().encode(text_);
            if (!f) // a line without an answer would be one too few for ever
                return s.end(error::hook_failed, close_code::internal_error,
                             "the codec cannot carry the reply");
            s.reply(f.bytes());
        }
    }

    command_parser parser_;
    [[no_unique_address]] Reply reply_;
    frame ok_, fail_;
    std::string text_;
};

/// Peers: each message goes to the handler.
template <class Around, class Handler>
class peers_role final : public guarded_role<Around, anyone, Handler>
{
    using base = guarded_role<Around, anyone, Handler>;

public:
    peers_role(const encoder& codec, const limits& options, Handler& handler, const Around& around)
        : base(connection_kind::peer, codec, options, {}, around, handler)
    {}

    void opened(session_base& s) override
    {
        s.wait_for_silence();
        this->around_.observer.on_open(s);
        this->handler_.on_open(s);
    }

    void received(session_base& s, message_view message) override
    {
        this->around_.observer.on_message(s, message);
        this->handler_.on_message(s, message);
    }

    void discarded(session_base& s, error_code why) override
    {
        s.end(why, close_code::message_too_big, "message too large");
    }

    void leaving(session_base&) noexcept override {}

private:
    void settle_first(session_base&, verdict) override {}
};

} // namespace crier::detail

#endif
