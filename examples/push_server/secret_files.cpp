#include "secret_files.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guards.hpp"

namespace push_server {
namespace {

constexpr std::size_t max_file_bytes = 1024 * 1024;
constexpr std::size_t min_key_bytes = 16;
constexpr std::size_t max_secrets = 2;
constexpr std::size_t max_id_bytes = 64;
constexpr const char* blanks = " \t\r";

[[noreturn]] void cannot_read(const std::string& path, const std::string& why)
{
    throw std::runtime_error("cannot read " + path + ": " + why);
}

/// What is in a file, and a warning if others may read it too.
std::string contents(const std::string& path, std::vector<std::string>& warnings)
{
    struct descriptor
    {
        int number;
        ~descriptor() { ::close(number); }
    } const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    if (file.number == -1)
        cannot_read(path, std::generic_category().message(errno));

    std::string text;
    char buffer[4096];
    for (;;) {
        const ssize_t n = ::read(file.number, buffer, sizeof(buffer));
        if (n == 0)
            break;
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            cannot_read(path, std::generic_category().message(errno));
        text.append(buffer, static_cast<std::size_t>(n));
        if (text.size() > max_file_bytes)
            cannot_read(path, "it is larger than 1 MiB");
    }
    struct stat now
    {};
    if (::fstat(file.number, &now) == 0 && (now.st_mode & S_IROTH) != 0)
        warnings.push_back("everybody on this machine can read " + path + ": chmod o-r it");
    return text;
}

std::string_view without_blanks(std::string_view text)
{
    const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_id(std::string_view text)
{
    return !text.empty() && text.size() <= max_id_bytes &&
           text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_-") == std::string_view::npos;
}

/// Takes a line of the file of keys. Returns what is wrong with it, or nothing.
std::string_view take_key(std::string_view line, std::map<std::string, std::string>& keys)
{
    const std::size_t id_end = std::min(line.find_first_of(blanks), line.size());
    const std::string_view id = line.substr(0, id_end);
    const std::string_view secret = without_blanks(line.substr(id_end));
    if (!is_id(id))
        return "an id is 1 to 64 of A-Z a-z 0-9 _ -";
    if (secret.empty())
        return "there is no secret: write ID SECRET";
    if (secret.find_first_of(blanks) != std::string_view::npos)
        return "there is more than ID SECRET";
    if (secret.size() < min_key_bytes)
        return "a secret has 16 bytes at least";
    if (!keys.emplace(id, secret).second)
        return "another line has the same id";
    return {};
}

std::map<std::string, std::string> read_keys(const std::string& path,
                                             std::vector<std::string>& warnings)
{
    const std::string text = contents(path, warnings);
    std::map<std::string, std::string> keys;
    std::string_view rest = text;
    for (int number = 1; !rest.empty(); ++number) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = without_blanks(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty() || line.front() == '#')
            continue;
        if (const std::string_view wrong = take_key(line, keys); !wrong.empty())
            throw std::runtime_error(path + ", line " + std::to_string(number) + ": " +
                                     std::string(wrong));
    }
    if (keys.empty())
        throw std::runtime_error("no key in " + path + ": write lines of ID SECRET");
    return keys;
}

std::vector<std::string> read_secrets(const std::string& path, std::size_t max_secret_bytes,
                                      std::vector<std::string>& warnings)
{
    const std::string text = contents(path, warnings);
    std::vector<std::string> found;
    std::string_view rest = text;
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        while (line.ends_with('\r'))
            line.remove_suffix(1);
        if (!line.empty() && line.front() != '#')
            found.emplace_back(line);
    }
    if (found.empty())
        throw std::runtime_error("no secret in " + path +
                                 ": write a line that is one, and does not begin with #");
    if (found.size() > max_secrets)
        throw std::runtime_error("more than two secrets in " + path +
                                 ": each line is one; write the old one and the new one at most");
    for (const std::string& secret : found) {
        if (without_blanks(secret).size() != secret.size())
            throw std::runtime_error("a secret in " + path +
                                     " begins or ends with a blank: that is easily overlooked");
        if (secret.starts_with("\xEF\xBB\xBF"))
            throw std::runtime_error(path + " begins with a byte order mark: save it without one");
        if (secret.size() > max_secret_bytes)
            throw std::runtime_error("a secret in " + path +
                                     " is longer than --max-line-bytes: no back end could say it");
        if (secret.size() < min_key_bytes)
            warnings.push_back("a secret in " + path + " is shorter than 16 bytes: easy to guess");
    }
    return found;
}

} // namespace

secrets secret_files::read(std::size_t max_secret_bytes) const
{
    secrets found;
    if (!backend_secret.empty())
        found.of_backends = read_secrets(backend_secret, max_secret_bytes, found.warnings);
    if (ticket_keys.empty())
        return found;
    if (!can_judge_tickets())
        throw std::runtime_error("--ticket-key-file needs OpenSSL, without which this push_server "
                                 "was built");
    found.ticket_keys = read_keys(ticket_keys, found.warnings);
    return found;
}

secrets secret_files::read_again(std::size_t max_secret_bytes) const
{
    for (const std::string& path : {backend_secret, ticket_keys}) {
        std::error_code failed; // then reading it says why
        const auto what = std::filesystem::status(path, failed);
        if (std::filesystem::exists(what) && !std::filesystem::is_regular_file(what))
            cannot_read(path, "it is no regular file");
    }
    return read(max_secret_bytes);
}

} // namespace push_server
