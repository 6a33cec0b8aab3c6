#ifndef CRIER_OVERFLOW_DROP_OLDEST_HPP
#define CRIER_OVERFLOW_DROP_OLDEST_HPP

#include <crier/concepts/overflow.hpp>

namespace crier {

/// Overflow policy: what was queued first makes room for what comes now. For what is of no worth when
/// it is late: prices, positions.
///
/// Models: overflow.
struct drop_oldest
{
    overflow_action make_room(backlog& b) const noexcept
    {
        while (!b.has_room() && b.drop_oldest()) {
        }
        return b.has_room() ? overflow_action::queue() : overflow_action::drop();
    }
};

static_assert(overflow<drop_oldest>);

} // namespace crier

#endif
