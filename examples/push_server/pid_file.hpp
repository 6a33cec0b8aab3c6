#ifndef CRIER_EXAMPLES_PUSH_SERVER_PID_FILE_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_PID_FILE_HPP

#include <optional>
#include <string>

#include <sys/types.h>

namespace push_server {

/// A file that is locked while the server runs, with its process id in it. The lock is what counts:
/// the system drops it with the process, so that a file that was left behind means nothing.
class pid_file
{
public:
    /// Throws std::runtime_error, with the path and the reason: another process holds it, say.
    explicit pid_file(std::string path);

    pid_file(const pid_file&) = delete;
    pid_file& operator=(const pid_file&) = delete;
    /// Removes the file.
    ~pid_file();

    /// The process that holds the file, or none. Throws std::runtime_error if that cannot be told.
    static std::optional<pid_t> holder(const std::string& path);

private:
    std::string path_;
    int file_;
};

} // namespace push_server

#endif
