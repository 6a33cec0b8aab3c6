#ifndef CRIER_EXAMPLES_PUSH_SERVER_LOG_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_LOG_HPP

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace push_server {

/// One line per event on standard error: UTC time, level, text. Each line is one write.
///
/// Whatever is not printable ASCII is written as \xNN, so that no text, wherever it comes from,
/// makes a line of its own or moves a terminal's cursor.
///
/// It never waits for a reader: where standard error is a pipe, socket or terminal that is full, lines are
/// lost, and the next one that is not says how many. It may wait for another user's terminal that is not
/// the session's own, and for another user's pipe that somebody else fills between our look and our line.
/// Lines of more than 4096 bytes are cut.
///
/// Thread safety: info() and the like from any thread.
class log
{
public:
    explicit log(bool verbose = false);
    log(const log&) = delete;
    log& operator=(const log&) = delete;
    ~log();

    /// From now on into this file, which standard error becomes. Throws with the path and reason.
    void to_file(const std::string& path);

    /// Opens the file of to_file() again, for after it was renamed (logrotate). If that fails, goes
    /// on with the old one and says so there.
    void reopen() noexcept;

    bool verbose() const noexcept { return verbose_; }

    void debug(std::string_view text) noexcept; ///< only if verbose
    void info(std::string_view text) noexcept { write("info   ", text); }
    void warning(std::string_view text) noexcept { write("warning", text); }
    void error(std::string_view text) noexcept { write("error  ", text); }

private:
    void write(const char* level, std::string_view text) noexcept;
    /// False if not all of it was written.
    bool put(std::string line);
    void forget_own() noexcept;

    bool verbose_;
    int own_; // the pipe or terminal of standard error, opened once more; -1 if it is none
    std::string path_;
    std::mutex mutex_;
    std::uint64_t lost_ = 0; // lines, since the last that was written
    bool torn_ = false;      // of that one a part only
};

/// "1 line", "2 lines".
std::string counted(std::uint64_t number, std::string_view what);

/// The text in quotes, with \" and \\ for those inside: where it begins and ends cannot be faked.
std::string quoted(std::string_view text);

} // namespace push_server

#endif
