#ifndef CRIER_EXAMPLES_PUSH_SERVER_BACKGROUND_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_BACKGROUND_HPP

#include <functional>

namespace push_server {

/// Runs the work in a daemon: a process without a terminal, in a session of its own, in the
/// directory /, with standard input, output and error on /dev/null.
///
/// In the caller it returns when the work has called the function that it is given (true), or has
/// failed (false; the reason, what its exception says, is on standard error). In the daemon it does
/// not return; the work's result is the exit code.
///
/// To be called before there are threads. Throws std::system_error if there can be no new process.
bool run_in_background(const std::function<int(const std::function<void()>& ready)>& work);

} // namespace push_server

#endif
