#ifndef CRIER_ADMISSION_HPP
#define CRIER_ADMISSION_HPP

#include <array>
#include <cstddef>
#include <cstdint>

namespace crier {

/// How many connections a listener takes, and how fast. What one of them may cost is a matter of
/// limits.
///
/// A connection above one of the first three numbers is accepted and closed at once, without a word,
/// so that it holds no place in the backlog; counters::turned_away counts it and
/// observer::on_accept_failed is told why. With crier::threads the numbers are those of all threads
/// together.
///
/// Example:
///     crier::clients<crier::tcp, crier::websocket> pages{
///         .transport = {.port = 1234}, .admission = {.max_connections_per_address = 100}};
struct admission
{
    /// What the listener's kind has by default.
    static constexpr std::size_t usual = SIZE_MAX;

    /// Most connections at a time. 0 is no limit, here and below: then the system's is the one that
    /// counts, see spare_descriptors.
    std::size_t max_connections = 0;

    /// Most connections at a time from one address: an IPv4 address, or 64 bits of an IPv6 address,
    /// which is what one household has. One that the server has closed counts until the peer has ended
    /// its side, or limits::close_timeout is over. Behind a proxy all come from one: hence no limit
    /// unless it is set. Local sockets have no address.
    std::size_t max_connections_per_address = 0;

    /// Descriptors that stay free for what else the process opens: connections of back ends, log
    /// files. A connection is turned away if it would leave fewer; never more than a quarter of all that
    /// the process may have, or few would get in where these are few. Usual: 64, none for backend<>:
    /// give one that strangers can reach some, and a number per address.
    std::size_t spare_descriptors = usual;

    /// Most connections accepted in a second; those of one second may come at once. More wait in the
    /// backlog, none is turned away. Usual: 10 000 for clients<>, no limit for others. At most 10^9.
    std::size_t max_accepts_per_second = usual;
};

/// Where a connection comes from, as far as it makes a difference to admission.
using source_address = std::array<std::uint64_t, 2>;

} // namespace crier

#endif
