#ifndef CRIER_TRANSPORT_TCP_HPP
#define CRIER_TRANSPORT_TCP_HPP

#include <crier/concepts/transport.hpp>
#include <crier/detail/descriptor_stream.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace crier {

/// Transport: TCP over IPv4 or IPv6.
///
/// Models: transport.
struct tcp
{
    /// The address to listen on: a number ("127.0.0.1", "::") or a name ("localhost"). Empty means
    /// all IPv4 addresses for clients, and 127.0.0.1 for back ends.
    std::string address{};
    std::uint16_t port = 0;  ///< 0 lets the system choose; acceptor::address() says what it chose
    int backlog = 4096;      ///< connections waiting to be accepted; the system may allow fewer
    bool no_delay = true;    ///< TCP_NODELAY: small messages leave at once
    bool reuse_port = false; ///< SO_REUSEPORT: several processes listen on the same port

    /// After so long without a byte the system asks the peer whether it is there, and after as long
    /// again without an answer the connection is lost: also one whose codec has no pings. So is one that
    /// acknowledges nothing of what was sent, or has no room for it, for both times together
    /// (TCP_USER_TIMEOUT). 1 to 32 767 s, which is what a longer time counts as; 0: never.
    std::chrono::seconds keep_alive{25};

    using stream = detail::descriptor_stream;
    class acceptor;

    /// The same, reachable from this machine only unless an address is given.
    tcp inner() const
    {
        tcp result = *this;
        if (result.address.empty())
            result.address = "127.0.0.1";
        return result;
    }

    /// The same for one more acceptor, on the port of the first.
    tcp beside(acceptor& first) const;
};

/// Listens. Throws boost::system::system_error whose text names the address and the reason.
class tcp::acceptor : public detail::descriptor_acceptor
{
public:
    acceptor(executor ex, const tcp& options)
        : descriptor_acceptor(
              ex, detail::listen_tcp(options.address.empty() ? "0.0.0.0" : options.address,
                                     options.port,
                                     {.backlog = options.backlog,
                                      .no_delay = options.no_delay,
                                      .reuse_port = options.reuse_port,
                                      .keep_alive = options.keep_alive}))
    {}
};

inline tcp tcp::beside(acceptor& first) const
{
    tcp result = *this;
    result.port = first.share_port();
    result.reuse_port = true;
    return result;
}

static_assert(transport<tcp> && stream_moves<tcp> && transport_shares<tcp>);

} // namespace crier

#endif
