// Time, descriptors and connecting, no more than the load generator needs.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <time.h>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

inline std::uint64_t nanoseconds_of(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec);
}

inline std::uint64_t now_ns()
{
    return nanoseconds_of(CLOCK_MONOTONIC);
}

[[noreturn]] inline void throw_errno(const std::string& what)
{
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

class descriptor
{
public:
    descriptor() = default;
    explicit descriptor(int fd) : fd_(fd) {}
    descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept
    {
        std::swap(fd_, other.fd_);
        other.reset();
        return *this;
    }
    ~descriptor() { reset(); }

    void reset()
    {
        if (fd_ >= 0)
            ::close(fd_);
        fd_ = -1;
    }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

struct endpoint
{
    sockaddr_in address{};
    std::string text;

    bool loopback() const { return ntohl(address.sin_addr.s_addr) >> 24 == 127; }
};

inline std::optional<endpoint> parse_endpoint(const std::string& text)
{
    endpoint result;
    result.text = text;
    result.address.sin_family = AF_INET;
    const auto colon = text.rfind(':');
    if (colon == text.npos)
        return std::nullopt;
    std::string host = text.substr(0, colon);
    if (host == "localhost")
        host = "127.0.0.1";
    const int port = std::atoi(text.c_str() + colon + 1);
    if (port < 1 || port > 65535 || inet_pton(AF_INET, host.c_str(), &result.address.sin_addr) != 1)
        return std::nullopt;
    result.address.sin_port = htons(static_cast<std::uint16_t>(port));
    return result;
}

// A connection under way. The serial number picks the loopback source address: one address has some
// 28 000 ports, and a port that has just been used rests for a while, so each address is given
// 10 000 connections before the next one has its turn.
inline descriptor connect_to(const endpoint& to, std::uint64_t serial)
{
    descriptor fd{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd)
        throw_errno("socket");
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (to.loopback()) {
        setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr =
            htonl(INADDR_LOOPBACK + static_cast<in_addr_t>(serial / 10'000 % 250));
        if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0)
            throw_errno("bind to a loopback address");
    }
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&to.address), sizeof to.address) != 0 &&
        errno != EINPROGRESS)
        throw_errno("connect to " + to.text);
    return fd;
}

} // namespace bench
