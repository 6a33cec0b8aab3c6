#include "log.hpp"

#include <cerrno>
#include <cstddef>
#include <ctime>
#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
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

void append_printable(std::string& out, std::string_view text)
{
    constexpr const char* digits = "0123456789abcdef";
    for (const char c : text) {
        if (c >= ' ' && c <= '~') {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
    }
}

void become_standard_error(const std::string& path)
{
    const int file =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
    if (file == -1)
        throw std::runtime_error("cannot open the log file " + path + ": " +
                                 std::generic_category().message(errno));
    ::dup2(file, STDERR_FILENO);
    ::close(file);
}

} // namespace

void log::to_file(const std::string& path)
{
    become_standard_error(path);
    path_ = path;
}

void log::reopen() noexcept
{
    try {
        become_standard_error(path_);
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
    try {
        std::string line = timestamp() + ' ' + level + ' ';
        append_printable(line, text);
        line += '\n';
        // A log that cannot be written is no reason to stop serving, and there is nobody to tell.
        while (::write(STDERR_FILENO, line.data(), line.size()) == -1 && errno == EINTR) {
        }
    } catch (const std::bad_alloc&) {
        // The same.
    }
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
