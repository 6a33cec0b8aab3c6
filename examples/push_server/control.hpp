#ifndef CRIER_EXAMPLES_PUSH_SERVER_CONTROL_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_CONTROL_HPP

#include <string>

namespace push_server {

/// Ends the server that holds the pid file, and returns when it has ended; false if there is none.
///
/// Graceful: as long as its drain takes. Otherwise it has one second to drain. Throws
/// std::runtime_error if it cannot be signalled, or does not end.
bool stop_running(const std::string& pid_file_path, bool graceful);

} // namespace push_server

#endif
