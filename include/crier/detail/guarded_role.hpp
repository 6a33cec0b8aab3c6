#ifndef CRIER_DETAIL_GUARDED_ROLE_HPP
#define CRIER_DETAIL_GUARDED_ROLE_HPP

#include <crier/authenticator/anyone.hpp>
#include <crier/authenticator/first_message.hpp>
#include <crier/concepts/authenticator.hpp>
#include <crier/config.hpp>
#include <crier/detail/doorman.hpp>
#include <crier/detail/role.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>
#include <crier/message.hpp>
#include <crier/opening.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace crier::detail {

/// What the roles of a server have around them.
///
/// Lifetime: all outlive the roles.
template <class Board, class Hooks, class Observer>
struct surroundings
{
    using board_type = Board;
    using hooks_type = Hooks;
    using observer_type = Observer;

    Board& board;
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

    void closed(session_base& s, error_code why, bool opened) override
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

} // namespace crier::detail

#endif
