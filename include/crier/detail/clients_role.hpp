#ifndef CRIER_DETAIL_CLIENTS_ROLE_HPP
#define CRIER_DETAIL_CLIENTS_ROLE_HPP

#include <crier/authenticator/first_message.hpp>
#include <crier/detail/guarded_role.hpp>
#include <crier/utf8.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace crier::detail {

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
        s.has_spoken();
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

    void moved_in([[maybe_unused]] session_base& s) override
    {
        if constexpr (Around::board_type::is_linked)
            bind(s);
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
        s.bound_as(uid);
        if constexpr (Around::board_type::is_linked) {
            auto& board = this->around_.board;
            if (const std::size_t there = board.owner(uid); there != board.place())
                return board.move(s, there, *(*this->everywhere)[there]);
        }
        bind(s);
    }

    void bind(session_base& s)
    {
        s.home().deliver_collected(); // before this client was there
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

} // namespace crier::detail

#endif
