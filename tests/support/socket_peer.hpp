#ifndef CRIER_TESTS_SOCKET_PEER_HPP
#define CRIER_TESTS_SOCKET_PEER_HPP

#include <crier/test/transport_conformance.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

/// For transport_conformance: the other end of a socket of the system.
inline crier::test::transport_peer socket_peer(int family, const sockaddr* address, socklen_t size)
{
    struct descriptor
    {
        int number = -1;
        bool ended = false;
        ~descriptor() { ::close(number); }
    };
    const auto d = std::make_shared<descriptor>();
    d->number = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BOOST_TEST_REQUIRE(::connect(d->number, address, size) == 0);
    return {
        .send =
            [d](std::string_view bytes) {
                const ssize_t n =
                    ::send(d->number, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
                return n > 0 ? static_cast<std::size_t>(n) : 0u;
            },
        .receive =
            [d] {
                std::string all(1 << 20, '\0');
                const ssize_t n = ::recv(d->number, all.data(), all.size(), MSG_DONTWAIT);
                d->ended = d->ended || n == 0 || (n < 0 && errno == ECONNRESET);
                all.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
                return all;
            },
        .finish = [d] { ::shutdown(d->number, SHUT_WR); },
        .close = [d] { ::shutdown(d->number, SHUT_RDWR); },
        .ended = [d] { return d->ended; },
    };
}

/// For an acceptor that listens on the loopback address: "127.0.0.1:1234".
inline crier::test::transport_peer tcp_peer(const std::string& address)
{
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    return socket_peer(AF_INET, reinterpret_cast<const sockaddr*>(&in), sizeof(in));
}

} // namespace support

#endif
