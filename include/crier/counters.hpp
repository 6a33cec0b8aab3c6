#ifndef CRIER_COUNTERS_HPP
#define CRIER_COUNTERS_HPP

#include <cstdint>

namespace crier {

/// What a server has counted since it was constructed. All but the first two only grow.
///
/// Why a connection ended is counted when it is gone: up to limits::close_timeout after it was refused
/// or told to go.
struct counters
{
    std::uint64_t connections = 0; ///< open now, all listeners
    std::uint64_t registered = 0;  ///< clients that a broadcast would reach now

    std::uint64_t accepted = 0;      ///< connections accepted
    std::uint64_t accept_errors = 0; ///< accept failed (no descriptors left, say)
    std::uint64_t closed = 0;        ///< connections that ended in order
    std::uint64_t lost = 0; ///< connections that ended without a goodbye or by an I/O error
    /// Connections whose transport's handshake failed (TLS), or whose opening request was malformed,
    /// no upgrade, or refused by a hook. Whom an authenticator refused, there too: `rejected`.
    std::uint64_t handshakes_failed = 0;
    std::uint64_t protocol_violations = 0; ///< connections closed for breaking the protocol
    std::uint64_t limits_exceeded = 0; ///< connections closed for a limit, slow consumers included
    std::uint64_t timed_out = 0;       ///< connections closed because a time ran out
    /// Connections closed for who they are: refused by an authenticator, at any occasion, or by the
    /// registry; replaced; or with a uid that is empty, too long or binary.
    std::uint64_t rejected = 0;

    std::uint64_t lines_ok = 0;        ///< back-end lines answered `ok`
    std::uint64_t lines_failed = 0;    ///< back-end lines answered `fail`
    std::uint64_t lines_discarded = 0; ///< of these, the over-long ones

    // Messages, each receiver counted. What was queued was sent, evicted or dropped, or still waits.
    std::uint64_t messages_queued = 0;  ///< queued
    std::uint64_t messages_sent = 0;    ///< of these, given to the system
    std::uint64_t messages_evicted = 0; ///< of these, given up for newer ones by an overflow policy
    std::uint64_t messages_dropped = 0; ///< of these, not sent before the connection ended
    std::uint64_t messages_refused = 0; ///< not queued: no room, closing, or of the wrong codec

    /// Adds what another has counted.
    constexpr counters& operator+=(const counters& other) noexcept
    {
        connections += other.connections;
        registered += other.registered;
        accepted += other.accepted;
        accept_errors += other.accept_errors;
        closed += other.closed;
        lost += other.lost;
        handshakes_failed += other.handshakes_failed;
        protocol_violations += other.protocol_violations;
        limits_exceeded += other.limits_exceeded;
        timed_out += other.timed_out;
        rejected += other.rejected;
        lines_ok += other.lines_ok;
        lines_failed += other.lines_failed;
        lines_discarded += other.lines_discarded;
        messages_queued += other.messages_queued;
        messages_sent += other.messages_sent;
        messages_evicted += other.messages_evicted;
        messages_dropped += other.messages_dropped;
        messages_refused += other.messages_refused;
        return *this;
    }
};

} // namespace crier

#endif
