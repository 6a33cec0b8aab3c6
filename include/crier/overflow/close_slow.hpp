#ifndef CRIER_OVERFLOW_CLOSE_SLOW_HPP
#define CRIER_OVERFLOW_CLOSE_SLOW_HPP

#include <crier/concepts/overflow.hpp>

namespace crier {

/// Overflow policy: the slow consumer is closed after what is queued for it. It never misses a
/// message without knowing: it connects again, and asks for what it has missed.
///
/// Models: overflow.
struct close_slow
{
    close_code code = close_code::try_again_later; ///< 1013; some prefer 1008

    overflow_action make_room(backlog&) const noexcept
    {
        return overflow_action::close(code, "slow consumer");
    }
};

static_assert(overflow<close_slow>);

} // namespace crier

#endif
