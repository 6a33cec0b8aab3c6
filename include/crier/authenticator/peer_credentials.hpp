#ifndef CRIER_AUTHENTICATOR_PEER_CREDENTIALS_HPP
#define CRIER_AUTHENTICATOR_PEER_CREDENTIALS_HPP

#include <crier/concepts/authenticator.hpp>
#include <crier/connection.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

namespace crier {

/// Authenticator: processes of these users or groups of this machine, on a local socket. The system
/// vouches for them (SO_PEERCRED, unix(7)); on other transports nobody is accepted.
///
/// Models: authenticator.
struct peer_credentials
{
    std::vector<unsigned> users{};  ///< user ids
    std::vector<unsigned> groups{}; ///< primary group ids
    bool own_user = true;           ///< the user that the server runs as, too

    static constexpr auto decides_from = question::connected;
    static constexpr auto decides_by = question::connected;

    verdict judge(const question& q) const
    {
        if (q.occasion() != question::connected)
            return verdict::undecided();
        const std::optional<process_credentials> peer = q.peer().credentials();
        if (peer && (holds(users, peer->user) || holds(groups, peer->group) ||
                     (own_user && peer->user == ::geteuid())))
            return verdict::accept();
        return verdict::refuse();
    }

private:
    static bool holds(const std::vector<unsigned>& ids, unsigned id)
    {
        return std::find(ids.begin(), ids.end(), id) != ids.end();
    }
};

static_assert(authenticator<peer_credentials>);

} // namespace crier

#endif
