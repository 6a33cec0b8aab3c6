#ifndef CRIER_OVERFLOW_CONFLATE_BY_HPP
#define CRIER_OVERFLOW_CONFLATE_BY_HPP

#include <crier/concepts/overflow.hpp>
#include <crier/overflow/close_slow.hpp>

#include <concepts>
#include <string_view>

namespace crier {
// clang-format 14 knows no requires expressions:
// clang-format off

/// `std::string_view operator()(message_view) const`, of an object that is made from nothing.
template <class Key>
concept conflation_key = requires(message_view message) {
    { Key()(message) } -> std::same_as<std::string_view>;
};

// clang-format on

/// Overflow policy: of the messages with the same key only the newest stays queued: a progress bar
/// needs just the last percent. It stands behind what was queued in the meantime, so that the order
/// of those that arrive is the order in which they were pushed. That holds for every client, slow or
/// not: of two that come in one turn the first is not sent. If there is no room for the newer one, and
/// `Then` drops it, the older one stays.
///
/// `Key` is a function object without state, `std::string_view operator()(message_view) const`; an
/// empty key is none: such messages are never replaced. json_member<"job"> is one. It is called once
/// for each message, not for each receiver. Where there is still no room, `Then` decides.
///
/// Finding the older one takes time in proportion to the connection's queued messages; bound their
/// number with limits::max_outbox_messages.
///
/// Models: overflow, overflow_conflates.
template <conflation_key Key, overflow Then = close_slow>
struct conflate_by
{
    Then then{};

    overflow_action make_room(backlog& b) { return then.make_room(b); }

    static std::string_view key(message_view message) { return Key()(message); }
};

} // namespace crier

#endif
