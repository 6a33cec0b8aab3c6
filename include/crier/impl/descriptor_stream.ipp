#ifndef CRIER_IMPL_DESCRIPTOR_STREAM_IPP
#define CRIER_IMPL_DESCRIPTOR_STREAM_IPP

#include <crier/detail/descriptor_stream.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <netdb.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace crier::detail {

CRIER_DECL error_code last_error() noexcept
{
    return {errno, boost::system::system_category()};
}

/// The result of a system call that returned -1.
CRIER_DECL io_result failed_io(io_status wanted) noexcept
{
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return {wanted, 0, {}};
    return {io_status::failed, 0, last_error()};
}

CRIER_DECL io_result descriptor_stream::read_some(std::span<char> into) noexcept
{
    for (;;) {
        const ssize_t n = ::recv(descriptor_, into.data(), into.size(), 0);
        if (n > 0)
            return {io_status::ok,
                    static_cast<std::size_t>(n),
                    {},
                    static_cast<std::size_t>(n) == into.size()};
        if (n == 0)
            return {io_status::eof, 0, {}};
        if (errno != EINTR)
            return failed_io(io_status::want_read);
    }
}

CRIER_DECL io_result descriptor_stream::write_some(std::span<const iovec> gather) noexcept
{
    const auto write = [&] {
        if (gather.size() == 1) // the kernel copies less
            return ::send(descriptor_, gather[0].iov_base, gather[0].iov_len, MSG_NOSIGNAL);
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(gather.data());
        message.msg_iovlen = gather.size();
        return ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    };
    for (;;) {
        const ssize_t n = write();
        if (n >= 0)
            return {io_status::ok, static_cast<std::size_t>(n), {}};
        if (errno != EINTR)
            return failed_io(io_status::want_write);
    }
}

CRIER_DECL io_result descriptor_stream::shutdown() noexcept
{
    if (::shutdown(descriptor_, SHUT_WR) == -1)
        return {io_status::failed, 0, last_error()};
    return {};
}

CRIER_COLD CRIER_DECL void descriptor_stream::move_to(executor ex) noexcept
{
    if (std::exchange(watched_, false))
        poller_->remove(descriptor_);
    poller_ = &boost::asio::use_service<poller>(ex.context());
}

CRIER_COLD CRIER_DECL std::string descriptor_stream::peer() const
{
    sockaddr_storage address;
    socklen_t size = sizeof(address);
    if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == -1)
        return "unknown";
    return to_text(reinterpret_cast<const sockaddr*>(&address), size);
}

/// An IPv6 address that stands for an IPv4 one.
CRIER_COLD CRIER_DECL bool is_mapped(const in6_addr& a) noexcept
{
    constexpr unsigned char front[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    return std::memcmp(a.s6_addr, front, sizeof(front)) == 0;
}

CRIER_COLD CRIER_DECL std::optional<source_address> descriptor_stream::source() const
{
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    source_address found{};
    if (::getpeername(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == -1)
        return found; // it has gone already: all such count as one
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        found = {1, v4.sin_addr.s_addr};
    } else if (address.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
        if (is_mapped(v6)) {
            in_addr_t v4 = 0;
            std::memcpy(&v4, v6.s6_addr + 12, sizeof(v4));
            found = {1, v4};
        } else {
            found[0] = 2;
            std::memcpy(&found[1], v6.s6_addr, sizeof(found[1]));
        }
    } else {
        return std::nullopt;
    }
    return found;
}

CRIER_COLD CRIER_DECL std::optional<process_credentials>
descriptor_stream::credentials() const noexcept
{
    int family = 0;
    socklen_t size = sizeof(family);
    if (::getsockopt(descriptor_, SOL_SOCKET, SO_DOMAIN, &family, &size) == -1 || family != AF_UNIX)
        return std::nullopt;
    ucred peer{};
    size = sizeof(peer);
    if (::getsockopt(descriptor_, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1)
        return std::nullopt;
    return process_credentials{.user = peer.uid, .group = peer.gid, .process = peer.pid};
}

CRIER_DECL void close_descriptor(poller& p, int& descriptor, bool& watched) noexcept
{
    if (descriptor == -1)
        return;
    if (std::exchange(watched, false))
        p.remove(descriptor);
    ::close(std::exchange(descriptor, -1));
}

CRIER_DECL std::optional<descriptor_stream> descriptor_acceptor::accept(error_code& ec)
{
    ec = {};
    for (;;) {
        const int accepted = ::accept4(descriptor_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted != -1)
            return std::optional<descriptor_stream>(std::in_place, poller_, accepted);
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return std::nullopt;
        // A connection that died before it was accepted is nobody's error (accept(2)).
        if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO)
            continue;
        ec = last_error();
        return std::nullopt;
    }
}

CRIER_COLD CRIER_DECL bool descriptor_acceptor::is_private() const noexcept
{
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size) == -1)
        return false;
    const auto is_loopback = [](in_addr_t v4) { return ntohl(v4) >> 24 == IN_LOOPBACKNET; };
    if (bound.ss_family == AF_INET)
        return is_loopback(reinterpret_cast<const sockaddr_in&>(bound).sin_addr.s_addr);
    if (bound.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(bound).sin6_addr;
        in_addr_t last = 0;
        std::memcpy(&last, v6.s6_addr + 12, sizeof(last));
        return std::memcmp(&v6, &in6addr_loopback, sizeof(v6)) == 0 ||
               (is_mapped(v6) && is_loopback(last));
    }
    return bound.ss_family == AF_UNIX;
}

// Only now, and not before it is bound: a server that is started twice by mistake is to be told that
// the port is in use, and not to get a share of what comes.
CRIER_COLD CRIER_DECL unsigned short descriptor_acceptor::share_port()
{
    const int on = 1;
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    if (::setsockopt(descriptor_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1 ||
        ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &size) == -1)
        throw boost::system::system_error(last_error(), "cannot share " + address_);
    return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                             : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

CRIER_COLD CRIER_DECL std::string to_text(const sockaddr* address, unsigned size)
{
    if (address->sa_family == AF_UNIX) {
        const auto* local = reinterpret_cast<const sockaddr_un*>(address);
        if (size <= offsetof(sockaddr_un, sun_path) || local->sun_path[0] == '\0')
            return "local";
        return local->sun_path;
    }
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (::getnameinfo(address, size, host, sizeof(host), port, sizeof(port),
                      NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return "unknown";
    const std::string name = host;
    return (address->sa_family == AF_INET6 ? '[' + name + ']' : name) + ':' + port;
}

/// Closes the descriptor and throws errno, or what is given, with the text.
[[noreturn]] CRIER_COLD CRIER_DECL void fail_to_listen(int descriptor, const std::string& where,
                                                       error_code ec = last_error())
{
    if (descriptor != -1)
        ::close(descriptor);
    throw boost::system::system_error(ec, "cannot listen on " + where);
}

/// On a socket that listens: Linux hands these on to what it accepts (tcp(7)), so they cost nothing
/// for each connection.
CRIER_COLD CRIER_DECL void set_for_all_accepted(int descriptor, const tcp_options& options)
{
    const auto set = [&](int level, int name, int value) {
        ::setsockopt(descriptor, level, name, &value, sizeof(value));
    };
    if (options.no_delay)
        set(IPPROTO_TCP, TCP_NODELAY, 1);
    if (options.keep_alive <= options.keep_alive.zero())
        return;
    constexpr int probes = 3;
    constexpr std::chrono::seconds most{32767}; // the system's
    const int idle = static_cast<int>(std::min(options.keep_alive, most).count());
    const int interval = std::max(1, idle / probes);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set(IPPROTO_TCP, TCP_KEEPINTVL, interval);
    set(IPPROTO_TCP, TCP_KEEPCNT, probes);
    // While bytes are under way Linux does not ask: it sends them again, for a quarter of an hour.
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, (idle + interval * probes) * 1000);
}

CRIER_COLD CRIER_DECL listening listen_tcp(const std::string& address, unsigned short port,
                                           const tcp_options& options)
{
    const std::string where =
        (address.find(':') == std::string::npos ? address : '[' + address + ']') + ':' +
        std::to_string(port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int refused =
        ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (refused != 0)
        throw boost::system::system_error(
            make_error_code(boost::system::errc::address_not_available),
            "cannot listen on " + where + ": " + ::gai_strerror(refused));
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);

    const int descriptor =
        ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor == -1)
        fail_to_listen(descriptor, where);
    const int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    set_for_all_accepted(descriptor, options);
    if (options.reuse_port &&
        ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1)
        fail_to_listen(descriptor, where);
    if (::bind(descriptor, found->ai_addr, found->ai_addrlen) == -1 ||
        ::listen(descriptor, options.backlog) == -1)
        fail_to_listen(descriptor, where);

    sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) == -1)
        fail_to_listen(descriptor, where);
    return {descriptor, to_text(reinterpret_cast<const sockaddr*>(&bound), size)};
}

CRIER_COLD CRIER_DECL listening listen_local(const std::string& path, int backlog, unsigned mode)
{
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(name.sun_path))
        fail_to_listen(-1, '"' + path + '"',
                       make_error_code(boost::system::errc::filename_too_long));
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    const auto* address = reinterpret_cast<const sockaddr*>(&name);

    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor == -1)
        fail_to_listen(descriptor, path);
    int bound = ::bind(descriptor, address, sizeof(name));
    if (bound == -1 && errno == EADDRINUSE) {
        // Left over from a process that was killed, or in use? Only a connection tells, and a file
        // of another kind refuses connections too.
        struct stat found;
        const bool is_socket = ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
        const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const bool stale =
            is_socket && ::connect(probe, address, sizeof(name)) == -1 && errno == ECONNREFUSED;
        ::close(probe);
        errno = EADDRINUSE;
        if (stale && ::unlink(path.c_str()) == 0)
            bound = ::bind(descriptor, address, sizeof(name));
    }
    if (bound == -1 || ::chmod(path.c_str(), mode) == -1 || ::listen(descriptor, backlog) == -1)
        fail_to_listen(descriptor, path);
    return {descriptor, path};
}

} // namespace crier::detail

#endif
