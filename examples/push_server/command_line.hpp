#ifndef CRIER_EXAMPLES_PUSH_SERVER_COMMAND_LINE_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_COMMAND_LINE_HPP

#include <crier/admission.hpp>
#include <crier/authenticator/allowed_origins.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket_deflate.hpp>
#include <crier/limits.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/threads.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "any_address.hpp"
#include "secret_files.hpp"

namespace push_server {

/// What the program is told to do.
struct command_line
{
    enum class verb { start, stop, restart, status };
    enum class registry_kind { uid, latest_only };

    verb command = verb::start;
    bool daemon = false;
    bool graceful = false;
    bool verbose = false;

    any_address clients;
    any_address backend;
    registry_kind registry = registry_kind::uid;
    crier::uid_registry uid_registry; ///< if it is that
    bool web = true;
    crier::allowed_origins origins{.origins = {}, .allow_none = true}; ///< without any: all
    push_server::secret_files secret_files;
    push_server::secrets secrets; ///< what they held when the program started
    bool open_backend = false;

    std::string pid_file; ///< empty: none
    std::string log_file; ///< empty: standard error

    crier::websocket_deflate<> websocket;
    crier::text_line text_line;
    crier::limits limits;                    ///< max_turn_bytes is that of pages
    crier::admission admission;              ///< of pages
    std::size_t max_backend_connections = 0; ///< 0: no limit
    crier::threads threads{.count = 1};
    std::chrono::microseconds time_slice{100}; ///< 0: the system's own
    std::chrono::milliseconds drain{5'000};
    std::chrono::milliseconds drain_spread{0};
};

/// Reads the arguments. Returns the exit code instead if that is all there is to do: 0 after --help
/// and --version, 2 after one sentence on standard error about what is wrong with them.
std::variant<command_line, int> read_command_line(int argc, char** argv);

} // namespace push_server

#endif
