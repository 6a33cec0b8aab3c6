#include "line_client.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <stdexcept>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "patience.hpp"

namespace support {
namespace {

[[noreturn]] void fail(const std::string& sentence)
{
    throw std::runtime_error(sentence);
}

/// A connected descriptor, or -1 and errno.
int connect_local(const std::string& path)
{
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof(name.sun_path))
        fail("the path " + path + " is too long for a local socket");
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0)
        return descriptor;
    const int why = errno;
    ::close(descriptor);
    errno = why;
    return -1;
}

int connect_tcp(const std::string& address)
{
    const std::size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    const std::string port = address.substr(colon + 1);
    if (host.starts_with('['))
        host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0)
        fail(address + " is no address");
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    const int descriptor = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor != -1 && ::connect(descriptor, found->ai_addr, found->ai_addrlen) == 0) {
        const int on = 1;
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        return descriptor;
    }
    const int why = errno;
    ::close(descriptor);
    errno = why;
    return -1;
}

int connect_to(const std::string& address)
{
    return address.starts_with('/') ? connect_local(address) : connect_tcp(address);
}

} // namespace

line_client::line_client(const std::string& address) : descriptor_(connect_to(address))
{
    if (descriptor_ == -1)
        fail("cannot connect to " + address + ": " + std::strerror(errno));
    ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
}

line_client::~line_client()
{
    close();
}

void line_client::close()
{
    if (descriptor_ != -1)
        ::close(std::exchange(descriptor_, -1));
}

void line_client::reset()
{
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    if (::connect(descriptor_, &nobody, sizeof(nobody)) == -1)
        fail(std::string("cannot reset the connection: ") + std::strerror(errno));
}

void line_client::end_input()
{
    if (::shutdown(descriptor_, SHUT_WR) == -1)
        fail(std::string("cannot end the input: ") + std::strerror(errno));
}

void line_client::wait_for(short events, const char* what)
{
    pollfd one{descriptor_, events, 0};
    const auto limit = std::chrono::milliseconds(patience).count();
    if (::poll(&one, 1, static_cast<int>(limit)) == 0)
        fail(std::string("the server did not ") + what + " in time");
}

void line_client::send(std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(n));
        else if (errno == EAGAIN)
            wait_for(POLLOUT, "take what was sent");
        else
            fail(std::string("cannot send: ") + std::strerror(errno));
    }
}

bool line_client::receive()
{
    std::array<char, 16384> bytes;
    for (;;) {
        const ssize_t n = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
        if (n >= 0) {
            unread_.append(bytes.data(), static_cast<std::size_t>(n));
            return n > 0;
        }
        if (errno != EAGAIN)
            fail(std::string("cannot receive: ") + std::strerror(errno));
        wait_for(POLLIN, "send anything");
    }
}

std::string line_client::take_line()
{
    const std::size_t end = unread_.find('\n');
    std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    return line;
}

std::string line_client::read_line()
{
    while (unread_.find('\n') == std::string::npos)
        if (!receive())
            fail("the stream ended where a line was expected");
    return take_line();
}

std::string line_client::read_to_end()
{
    while (receive()) {
    }
    return std::exchange(unread_, {});
}

std::string line_client::ask(std::string_view line)
{
    send(std::string(line) += '\n');
    return read_line();
}

std::vector<std::string> line_client::ask_all(const std::vector<std::string>& lines)
{
    std::string out;
    for (const std::string& line : lines)
        (out += line) += '\n';
    std::string_view left = out;
    std::string answers;
    std::size_t answered = 0;
    while (answered < lines.size()) {
        wait_for(static_cast<short>(left.empty() ? POLLIN : POLLIN | POLLOUT), "go on");
        if (!left.empty()) {
            const ssize_t n = ::send(descriptor_, left.data(), left.size(), MSG_NOSIGNAL);
            if (n > 0)
                left.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EAGAIN)
                fail(std::string("cannot send: ") + std::strerror(errno));
        }
        std::array<char, 16384> bytes;
        const ssize_t n = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
        if (n == 0)
            fail("the stream ended before all lines were answered");
        for (ssize_t i = 0; i < n; ++i)
            answered += bytes[static_cast<std::size_t>(i)] == '\n';
        if (n > 0)
            answers.append(bytes.data(), static_cast<std::size_t>(n));
    }
    std::vector<std::string> result;
    for (std::size_t at = 0; at < answers.size();) {
        const std::size_t end = answers.find('\n', at);
        result.push_back(answers.substr(at, end - at));
        at = end == std::string::npos ? answers.size() : end + 1;
    }
    return result;
}

bool is_listening(const std::string& address)
{
    const int descriptor = connect_to(address);
    if (descriptor == -1)
        return false;
    ::close(descriptor);
    return true;
}

} // namespace support
