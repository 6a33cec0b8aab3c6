#ifndef CRIER_LIMITS_HPP
#define CRIER_LIMITS_HPP

#include <chrono>
#include <cstddef>

namespace crier {

/// What one connection of a listener may cost, in bytes and in time. The size of a message is a
/// matter of the codec (max_message_bytes, max_line_bytes).
struct limits
{
    /// Longest uid, in bytes: of a client's first message, and in a back end's line.
    std::size_t max_uid_bytes = 256;

    /// Most bytes queued for one client, as encoded. A client that would get more is a slow consumer:
    /// its listener's overflow policy says what happens. One message alone always fits.
    std::size_t max_outbox_bytes = 1024 * 1024;

    /// Most messages queued for one client; 0 is no limit. Otherwise as max_outbox_bytes.
    std::size_t max_outbox_messages = 0;

    /// Most topics that one client may be in.
    std::size_t max_topics = 64;

    /// Most bytes read from one connection before it is the others' turn. At least 1.
    std::size_t max_turn_bytes = 512 * 1024;

    /// From accept to the end of the opening handshake, in all. 0 is no limit, here and below.
    std::chrono::milliseconds handshake_timeout{10'000};

    /// From the end of the handshake until a client has said its uid, or a back end its secret: until
    /// the authenticator has decided.
    std::chrono::milliseconds uid_timeout{10'000};

    /// A client that said nothing for this long is pinged; after the same time again without a
    /// byte from it, it is closed. Only for codecs with pings.
    std::chrono::milliseconds ping_interval{25'000};

    /// Longest time without progress while there is something to write.
    std::chrono::milliseconds write_stall_timeout{30'000};

    /// For a close in order: writing what is queued, and the peer's goodbye.
    std::chrono::milliseconds close_timeout{5'000};
};

} // namespace crier

#endif
