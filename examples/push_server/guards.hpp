#ifndef CRIER_EXAMPLES_PUSH_SERVER_GUARDS_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_GUARDS_HPP

#include <crier/authenticator/shared_secret.hpp>

#include <optional>
#include <string>

namespace push_server {

/// Authenticator of back ends: the secret, if there is one. Without one whoever connects is let in.
///
/// Models: crier::authenticator.
struct backend_guard
{
    std::optional<crier::shared_secret> secret{};

    crier::verdict judge(const crier::question& q) const
    {
        return secret ? secret->judge(q) : crier::verdict::accept();
    }

    bool admits_all() const noexcept { return !secret; }
};

static_assert(crier::check_authenticator<backend_guard>());
static_assert(crier::authenticator_admits_all<backend_guard>);

/// The first line of a file. Throws std::runtime_error, with the path, if it cannot be read or the
/// line is empty.
std::string read_secret(const std::string& path);

} // namespace push_server

#endif
