#ifndef CRIER_DETAIL_BACKEND_ROLE_HPP
#define CRIER_DETAIL_BACKEND_ROLE_HPP

#include <crier/authenticator/anyone.hpp>
#include <crier/command.hpp>
#include <crier/concepts/reply.hpp>
#include <crier/detail/delivery.hpp>
#include <crier/detail/guarded_role.hpp>
#include <crier/detail/http_grammar.hpp>

#include <concepts>
#include <string>

namespace crier::detail {

/// Back ends: each message is a line of JSON, and is answered. `Varies`: by a codec with variants.
/// `Strict`: the first one has to be JSON, or it is something else that speaks.
template <class Around, class Authenticator, class Reply, bool Varies = false, bool Strict = false>
class backend_role final : public guarded_role<Around, Authenticator, typename Around::hooks_type>
{
    using base = guarded_role<Around, Authenticator, typename Around::hooks_type>;

    using board_type = typename Around::board_type;
    using desk_type = typename board_type::template desk<backend_role>;

public:
    /// True if the answer to a broadcast does not say how many were reached.
    static constexpr bool answers_alike = reply_is_fixed<Reply>;

    backend_role(const encoder& codec, const limits& options, const Authenticator& door,
                 const Reply& reply, const Around& around)
        : base(connection_kind::backend, codec, options, door, around, around.hooks),
          parser_(options.max_uid_bytes),
          reply_(reply),
          desk_(*this, around.board)
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
        if constexpr (Strict)
            if (asked.kind != command::invalid || asked.why != command_error::not_json)
                s.trust();
        // What is pushed is the line itself, as text: the parser has found it to be UTF-8.
        const message_view message(line.data);
        if (desk_.sends(s, asked, message))
            return;
        if (asked.kind == command::unicast)
            return answer(s, {result_of(this->around_.board.deliver(asked.name, message))});
        answer(s, do_other(asked, message));
        if (asked.kind == command::invalid)
            judge_invalid(s, line.data);
    }

    /// Any page may make a browser of this machine, or of its network, send an HTTP request here, or
    /// begin TLS, with what the page likes in it. Nothing of it is decoded: whatever ends or begins a
    /// message in this codec, the page could have put there.
    CRIER_COLD void heard_browser(session_base& s) override
    {
        answer(s, invalid(command_error::not_json));
        end_browser(s);
    }

    CRIER_COLD void discarded(session_base& s, error_code why) override
    {
        ++s.home().counts.lines_discarded;
        const bool too_long = why == error::message_too_large;
        answer(s, invalid(too_long ? command_error::too_long : command_error::malformed));
        if (!s.is_vouched() || (Strict && !s.is_trusted()))
            s.end(why, close_code::policy_violation, too_long ? "line too long" : "malformed line");
    }

    void leaving(session_base&) noexcept override {}

    void closed(session_base& s, error_code why, bool opened) override
    {
        desk_.forget(s);
        base::closed(s, why, opened);
    }

    bool keeps_goodbye(session_base& s, std::string_view bytes) override
    {
        return desk_.keeps_goodbye(s, bytes);
    }

    /// What has become of a line.
    static push_result result_of(delivered d, bool to_all = false) noexcept
    {
        const push_status status = d.queued || to_all ? push_status::queued
                                   : d.dropped        ? push_status::dropped
                                                      : push_status::no_receiver;
        return {status, d.queued, d.dropped};
    }

    /// Writes an answer; older lines must be answered already.
    void give(session_base& s, const line_result& result)
    {
        const bool done = static_cast<bool>(result.push);
        ++(done ? s.home().counts.lines_ok : s.home().counts.lines_failed);
        this->around_.observer.on_line(s, result);
        if constexpr (reply_is_fixed<Reply>) {
            if constexpr (Varies)
                s.reply(s.codec().encode(done ? Reply::ok : Reply::fail).bytes());
            else
                s.reply((done ? ok_ : fail_).bytes());
        } else {
            text_.clear();
            reply_.write(result, text_);
            const frame f = s.codec().encode(text_);
            if (!f) // a line without an answer would be one too few for ever
                return s.end(error::hook_failed, close_code::internal_error,
                             "the codec cannot carry the reply");
            s.reply(f.bytes());
        }
    }

private:
    void settle_first(session_base& s, verdict v) override
    {
        if (v.kind() == verdict::kind_accepted) {
            s.vouch(v.text());
            s.trust();
            s.wait_for_silence();
            return answer(s, {{push_status::queued, 0}});
        }
        answer(s, invalid(command_error::unauthorized));
        s.end(error::unauthorized, close_code::policy_violation, this->reason_of(v));
    }

    /// The same where messages are lines, whatever stood before them; and where nonsense is, others that
    /// a page may have a browser speak to (STUN, RFC 6544) are found by that.
    CRIER_COLD void judge_invalid(session_base& s, std::string_view line)
    {
        if (is_http_line(line))
            end_browser(s);
        else if (Strict && !s.is_trusted())
            s.end(error::malformed, close_code::policy_violation, "the first message is no JSON");
    }

    CRIER_COLD void end_browser(session_base& s)
    {
        s.end(error::http_request, close_code::policy_violation, "neither HTTP nor TLS here");
    }

    static line_result invalid(command_error why) noexcept
    {
        return {{push_status::invalid, 0}, why};
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
            if (answers_alike && asked.except.empty())
                board.collect(message);
            else
                all = result_of(board.deliver_all(message, asked.except), true);
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
        if (!desk_.keeps(s, result))
            give(s, result);
    }

    command_parser parser_;
    [[no_unique_address]] Reply reply_;
    [[no_unique_address]] desk_type desk_;
    frame ok_, fail_;
    std::string text_;
};

} // namespace crier::detail

#endif
