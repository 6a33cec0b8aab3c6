#ifndef CRIER_OVERFLOW_DROP_OLDEST_HPP
#define CRIER_OVERFLOW_DROP_OLDEST_HPP

#include <crier/concepts/overflow.hpp>

namespace crier {

/// Overflow policy: what was queued first makes room for what comes now. For what is of no worth when
/// it is late: prices, positions. A message that finds no room even so, because the one that is half
/// written is large, is dropped itself.
///
/// Models: overflow.
struct drop_oldest
{
    overflow_action make_room(backlog& b) const noexcept
    {
        if (!b.can_have_room())
            return overflow_action::drop(); // nothing would be gained
        while (!b.has_room() && b.drop_oldest()) {
        }
        return b.has_room() ? overflow_action::queue() : overflow_action::drop();
    }
};

static_assert(overflow<drop_oldest>);

} // namespace crier

#endif
