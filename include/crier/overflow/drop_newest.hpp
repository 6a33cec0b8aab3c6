#ifndef CRIER_OVERFLOW_DROP_NEWEST_HPP
#define CRIER_OVERFLOW_DROP_NEWEST_HPP

#include <crier/concepts/overflow.hpp>

namespace crier {

/// Overflow policy: what comes now is dropped, and what is queued stays. The back end is told: with
/// ok_fail by `fail`, if no other connection took it.
///
/// Models: overflow.
struct drop_newest
{
    overflow_action make_room(backlog&) const noexcept { return overflow_action::drop(); }
};

static_assert(overflow<drop_newest>);

} // namespace crier

#endif
