#ifndef CRIER_COUNTERS_HPP
#define CRIER_COUNTERS_HPP

#include <crier/error.hpp>

#include <array>
#include <cstddef>
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

    std::uint64_t accepted = 0;      ///< connections accepted and kept
    std::uint64_t accept_errors = 0; ///< accept failed (no descriptors left, say)
    std::uint64_t accept_pauses =
        0;                         ///< times that a listener had to wait for max_accepts_per_second
    std::uint64_t turned_away = 0; ///< connections closed as they came, by admission's limits
    /// Connections that ended in order, or since the program's own code failed: of the latter how many
    /// is ended(error::hook_failed).
    std::uint64_t closed = 0;
    /// Connections that ended without a goodbye, by an I/O error, or for an error_code of a category that
    /// is equivalent to no `condition`.
    std::uint64_t lost = 0;
    /// Connections whose transport's handshake failed (TLS), or whose opening request was malformed, no
    /// upgrade (unless a hook answered it: that is `closed`), or refused by a hook. Whom an
    /// authenticator refused, there too: `rejected`.
    std::uint64_t handshakes_failed = 0;
    std::uint64_t protocol_violations = 0; ///< connections closed for breaking the protocol
    std::uint64_t limits_exceeded = 0; ///< connections closed for a limit, slow consumers included
    std::uint64_t timed_out = 0;       ///< connections closed because a time ran out
    /// Connections closed for who they are: refused by an authenticator, at any occasion, or by the
    /// registry; replaced; or with a uid that is empty, too long or binary.
    std::uint64_t rejected = 0;

    std::uint64_t lines_ok = 0;        ///< back-end lines answered `ok`, secrets included
    std::uint64_t lines_failed = 0;    ///< back-end lines answered `fail`
    std::uint64_t lines_discarded = 0; ///< of these, those too long, or of no use to the codec

    /// Times that a back end or peer was not read from, because it did not read its answers or had
    /// limits::max_lines_under_way, and that a client was not because of limits::max_read_share.
    std::uint64_t read_pauses = 0;

    // Messages, each receiver counted. What was queued was sent, evicted or dropped, or still waits.
    std::uint64_t messages_queued = 0;  ///< queued
    std::uint64_t messages_sent = 0;    ///< of these, given to the system
    std::uint64_t messages_evicted = 0; ///< of these, given up for newer ones by an overflow policy
    std::uint64_t messages_dropped = 0; ///< of these, not sent before the connection ended
    std::uint64_t messages_refused = 0; ///< not queued: no room, closing, or of the wrong codec

    /// A counter and its name.
    struct field
    {
        const char* name;
        std::uint64_t counters::*member;
    };

    /// All of the above, for logs and metrics. How connections ended: ended(error), to_string(error).
    static constexpr field fields[] = {{"connections", &counters::connections},
                                       {"registered", &counters::registered},
                                       {"accepted", &counters::accepted},
                                       {"accept_errors", &counters::accept_errors},
                                       {"accept_pauses", &counters::accept_pauses},
                                       {"turned_away", &counters::turned_away},
                                       {"closed", &counters::closed},
                                       {"lost", &counters::lost},
                                       {"handshakes_failed", &counters::handshakes_failed},
                                       {"protocol_violations", &counters::protocol_violations},
                                       {"limits_exceeded", &counters::limits_exceeded},
                                       {"timed_out", &counters::timed_out},
                                       {"rejected", &counters::rejected},
                                       {"lines_ok", &counters::lines_ok},
                                       {"lines_failed", &counters::lines_failed},
                                       {"lines_discarded", &counters::lines_discarded},
                                       {"read_pauses", &counters::read_pauses},
                                       {"messages_queued", &counters::messages_queued},
                                       {"messages_sent", &counters::messages_sent},
                                       {"messages_evicted", &counters::messages_evicted},
                                       {"messages_dropped", &counters::messages_dropped},
                                       {"messages_refused", &counters::messages_refused}};

    /// How many connections ended, or were turned away, for exactly this reason. Ends with an error of
    /// the system are in `lost` only.
    constexpr std::uint64_t ended(error why) const noexcept
    {
        const auto at = static_cast<std::size_t>(why);
        return at < ends_.size() ? ends_[at] : 0;
    }

    /// Counts one more. Of use for those who make counters up, in a test say.
    constexpr void note_end(error why) noexcept
    {
        if (const auto at = static_cast<std::size_t>(why); at < ends_.size())
            ++ends_[at];
    }

    /// Adds what another has counted.
    constexpr counters& operator+=(const counters& other) noexcept
    {
        for (const field& one : fields)
            this->*one.member += other.*one.member;
        for (std::size_t i = 0; i < ends_.size(); ++i)
            ends_[i] += other.ends_[i];
        return *this;
    }

private:
    std::array<std::uint64_t, static_cast<std::size_t>(last_error) + 1> ends_{};
};

} // namespace crier

#endif
