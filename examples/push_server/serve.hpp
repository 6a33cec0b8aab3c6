#ifndef CRIER_EXAMPLES_PUSH_SERVER_SERVE_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_SERVE_HPP

#include <functional>

#include "command_line.hpp"
#include "log.hpp"

namespace push_server {

/// Runs the server until a signal ends it, and calls `ready` when it listens. Returns the exit code:
/// 1 if a second signal cut it short. Throws, with the address and the reason, if it cannot listen.
int serve(const command_line& options, log& out, const std::function<void()>& ready);

} // namespace push_server

#endif
