#ifndef CRIER_CONCEPTS_OVERFLOW_HPP
#define CRIER_CONCEPTS_OVERFLOW_HPP

#include <crier/backlog.hpp>
#include <crier/codec/websocket/close_code.hpp>
#include <crier/detail/member_names.hpp>
#include <crier/message.hpp>

#include <concepts>
#include <string>
#include <string_view>

namespace crier {
// clang-format 14 knows no requires expressions:
// clang-format off

/// What becomes of a message for which there was no room.
struct overflow_action
{
    enum kind_type : unsigned char {
        kind_queue, ///< there is room now
        kind_drop,  ///< this connection does not get it
        kind_close, ///< this connection gets no more and is closed
    };

    kind_type kind = kind_close;
    close_code code = close_code::try_again_later; ///< if close
    std::string_view reason{};                     ///< if close; a literal

    /// Queues it. If it does not fit then, it is dropped.
    static overflow_action queue() noexcept { return {.kind = kind_queue}; }

    static overflow_action drop() noexcept { return {.kind = kind_drop}; }

    static overflow_action close(close_code code, std::string_view reason) noexcept
    {
        return {.kind = kind_close, .code = code, .reason = reason};
    }
};

/// The overflow policy is a copyable type whose members are its options.
template <class Overflow>
concept overflow_is_policy = std::copyable<Overflow>;

/// `overflow_action make_room(backlog&)`.
template <class Overflow>
concept overflow_makes_room = requires(Overflow& o, backlog& b) {
    { o.make_room(b) } -> std::same_as<overflow_action>;
};

/// What to do for a slow consumer: a client whose outbox has no room for one message more, see
/// limits::max_outbox_bytes and max_outbox_messages. `clients<tcp, websocket, drop_oldest>`.
///
/// - make_room is asked once for each message and connection, only if there is no room. It may drop
///   what is queued. What is half written, pings, pongs and closes are never dropped.
/// - The default is close_slow: a client never misses a message without being told.
///
/// Thread safety: called on the thread that runs the server, one at a time; with crier::threads each
/// thread has a copy and calls it one at a time. It must not throw. Test yours with
/// `crier::test::overflow_conformance` (crier/test/overflow_conformance.hpp).
template <class Overflow>
concept overflow = overflow_is_policy<Overflow> && overflow_makes_room<Overflow>;

/// Optional: `static std::string_view key(message_view)`. A message takes the place of what is queued
/// for the same connection with the same key, whether there is room or not. An empty key: it takes no
/// place. The view points into the message, or to what lives as long.
template <class Overflow>
concept overflow_conflates = requires(message_view message) {
    { Overflow::key(message) } -> std::convertible_to<std::string_view>;
};

/// The least that is an overflow policy.
struct overflow_archetype
{
    overflow_action make_room(backlog&) { return overflow_action::drop(); }
};

static_assert(overflow<overflow_archetype>);

namespace detail {

/// A `key` that is a function must not be ignored because its signature is another.
template <class Overflow>
concept means_to_conflate = requires { requires of_function<decltype(&Overflow::key)>; };

/// What owns its text would be gone before the key is used.
template <class Overflow>
concept key_is_a_view = requires(message_view message) {
    { Overflow::key(message) } -> std::same_as<std::string_view>;
};

} // namespace detail

/// Says what is missing, one sentence each: `static_assert(crier::check_overflow<my_overflow>());`
template <class Overflow>
consteval bool check_overflow()
{
    static_assert(overflow_is_policy<Overflow>,
                  "an overflow policy is copyable: an aggregate whose members are its options, "
                  "pointers and not references to what it shares (see overflow_archetype in "
                  "crier/concepts/overflow.hpp)");
    static_assert(overflow_makes_room<Overflow>,
                  "an overflow policy has `crier::overflow_action make_room(crier::backlog&)`, "
                  "public (crier/concepts/overflow.hpp)");
    static_assert(detail::key_is_a_view<Overflow> || !detail::means_to_conflate<Overflow>,
                  "the key of an overflow policy is `static std::string_view "
                  "key(crier::message_view)` (crier/concepts/overflow.hpp)");
    return overflow<Overflow>;
}

// clang-format on
} // namespace crier

#endif
