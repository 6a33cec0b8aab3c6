#ifndef CRIER_AUTHENTICATOR_ANYONE_HPP
#define CRIER_AUTHENTICATOR_ANYONE_HPP

#include <crier/concepts/authenticator.hpp>

namespace crier {

/// Authenticator: lets everybody in who can connect. For back ends: their listener is reachable from
/// this machine only, unless an address is given.
///
/// Models: authenticator.
struct anyone
{
    static constexpr auto decides_from = question::connected;
    static constexpr auto decides_by = question::connected;

    verdict judge(const question&) const { return verdict::accept(); }

    bool admits_all() const noexcept { return true; }
};

static_assert(authenticator<anyone> && authenticator_admits_all<anyone>);

} // namespace crier

#endif
