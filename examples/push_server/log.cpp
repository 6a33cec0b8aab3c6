#include "log.hpp"

#include <crier/printable.hpp>

#include <cerrno>
#include <cstddef>
#include <ctime>
#include <exception>
#include <limits.h>
#include <new>
#include <poll.h>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace push_server {
namespace {

std::string timestamp()
{
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    tm utc{};
    ::gmtime_r(&now.tv_sec, &utc);
    char text[32];
    std::size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &utc);
    for (long unit = 100'000'000; unit >= 1'000'000; unit /= 10)
        text[size++] = static_cast<char>('0' + now.tv_nsec / unit % 10);
    text[size++] = 'Z';
    return {text, size};
}

/// A pipe takes so much as a whole, or nothing.
constexpr std::size_t most_of_a_line = PIPE_BUF;

bool would_wait()
{
    pollfd log{STDERR_FILENO, POLLOUT, 0};
    return ::poll(&log, 1, 0) == 0;
}

/// What poll(2) calls writable takes something, but perhaps not a line, and others may be faster. Whether
/// writing waits is a matter of the open file, which others have too: a terminal or pipe is opened once
/// more, by the name that anybody may use if it is another user's, as after su.
int open_for_itself()
{
    constexpr int how = O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    struct stat now
    {};
    if (::fstat(STDERR_FILENO, &now) != 0 || !(S_ISFIFO(now.st_mode) || S_ISCHR(now.st_mode)))
        return -1;
    const int own = ::open("/proc/self/fd/2", how);
    if (own != -1 || ::isatty(STDERR_FILENO) != 1)
        return own;
    const int ours = ::open("/dev/tty", how);
    unsigned there = 0, here = 0;
    if (ours == -1 || (::ioctl(STDERR_FILENO, TIOCGDEV, &there) == 0 &&
                       ::ioctl(ours, TIOCGDEV, &here) == 0 && there == here))
        return ours;
    ::close(ours);
    return -1;
}

ssize_t write_without_waiting(int own, std::string_view line)
{
    if (own != -1)
        return ::write(own, line.data(), line.size());
    const ssize_t sent =
        ::send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent == -1 && errno == ENOTSOCK ? ::write(STDERR_FILENO, line.data(), line.size())
                                           : sent;
}

/// A line as it is written.
std::string complete(const char* level, std::string_view text)
{
    std::string line =
        timestamp() + ' ' + level + ' ' + crier::printable(text.substr(0, most_of_a_line));
    if (line.size() > most_of_a_line - 1) {
        constexpr std::string_view cut = "...";
        line.resize(most_of_a_line - 1 - cut.size());
        line += cut;
    }
    return line += '\n';
}

void become_standard_error(const std::string& path)
{
    // Not to wait for who reads a FIFO: while nobody does it cannot be opened.
    const int file = ::open(
        path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (file == -1)
        throw std::runtime_error("cannot open the log file " + path + ": " +
                                 std::generic_category().message(errno));
    ::dup2(file, STDERR_FILENO);
    ::close(file);
}

} // namespace

log::log(bool verbose) : verbose_(verbose), own_(open_for_itself()) {}

log::~log()
{
    forget_own();
}

void log::forget_own() noexcept
{
    if (own_ != -1)
        ::close(std::exchange(own_, -1));
}

void log::to_file(const std::string& path)
{
    become_standard_error(path);
    path_ = path;
    forget_own();
}

void log::reopen() noexcept
{
    try {
        {
            const std::lock_guard lock(mutex_);
            become_standard_error(path_);
            struct stat now
            {};
            if (::fstat(STDERR_FILENO, &now) == 0 && now.st_size == 0)
                torn_ = false;
        }
        info("log file opened again");
    } catch (const std::exception& e) {
        error(e.what());
    }
}

void log::debug(std::string_view text) noexcept
{
    if (verbose_)
        write("debug  ", text);
}

void log::write(const char* level, std::string_view text) noexcept
{
    // A log that cannot be written is no reason to stop serving, and there is nobody to tell.
    const std::lock_guard lock(mutex_);
    try {
        const std::string line = complete(level, text);
        if (lost_ != 0 &&
            put(complete("warning", counted(lost_, "line") + " of the log lost here")))
            lost_ = 0;
        if (lost_ != 0 || !put(line))
            ++lost_;
    } catch (const std::bad_alloc&) {
        ++lost_;
    }
}

bool log::put(std::string line)
{
    if (torn_)
        line.insert(0, 1, '\n');
    if (would_wait())
        return false;
    ssize_t written = 0;
    do
        written = write_without_waiting(own_, line);
    while (written == -1 && errno == EINTR);
    if (written <= 0)
        return false;
    torn_ = static_cast<std::size_t>(written) < line.size();
    return !torn_;
}

std::string counted(std::uint64_t number, std::string_view what)
{
    return std::to_string(number).append(" ").append(what).append(number == 1 ? "" : "s");
}

std::string quoted(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            out += '\\';
        out += c;
    }
    return out += '"';
}

} // namespace push_server
