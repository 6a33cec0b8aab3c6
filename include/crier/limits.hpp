#ifndef CRIER_LIMITS_HPP
#define CRIER_LIMITS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace crier {

/// What one connection of a listener may cost, in bytes and in time. How many there may be is a
/// matter of admission, the size of a message one of the codec (max_message_bytes, max_line_bytes).
/// Values are not checked: what is out of its range does not throw, and may let nobody in.
struct limits
{
    /// What the listener's kind has by default.
    static constexpr std::size_t usual = SIZE_MAX;

    /// Longest uid, in bytes: of a client's first message, and in a back end's line.
    std::size_t max_uid_bytes = 256;

    /// Most bytes queued for one client, as encoded. A client that would get more is a slow consumer:
    /// its listener's overflow policy says what happens. One message alone always fits.
    std::size_t max_outbox_bytes = 1024 * 1024;

    /// Most messages queued for one client; 0 is no limit. Otherwise as max_outbox_bytes.
    std::size_t max_outbox_messages = 0;

    /// Most topics that one client may be in.
    std::size_t max_topics = 64;

    /// Most bytes read from one connection before it is the others' turn. At least 1. Where messages
    /// are compressed, or answers longer than what they answer, these count too; and where a connection
    /// does not read, no more answers than this and one are kept for it. Usual: 4 KiB for clients,
    /// which have little to say, so that a hundred that flood delay nobody for long; 512 KiB for
    /// others, whose lines are gathered into one write for each receiver. While several of these speak
    /// none reads more than 16 KiB, and none more than 4 KiB beside one that says little, or as much
    /// again as it has of a message that has not ended.
    std::size_t max_turn_bytes = usual;

    /// Of clients: the most of a thread's time, in percent, that reading from those may take who say more
    /// than max_turn_bytes again and again, all of them together; 1 to 100, and 100 is no limit. What they
    /// send meanwhile waits in their sockets, and then they have to. So a flood leaves the processor to
    /// others. What pages normally say is not delayed, nor is a burst that is read in half a millisecond.
    /// Where one read takes very long, in a hook say, nobody waits for more than a second in return.
    /// What they have to do in a time of its own, such as to end a message, they have that time for without
    /// such waits, if these were an eighth of it or more: it is judged so much later. Where they are many,
    /// or the share is tiny, they may wait nearly always, and a flood lasts so much longer.
    /// That one of them has gone, but was not reset, is noticed when all that it has sent has been read.
    /// Not where connections have no descriptor, as in tests in memory.
    unsigned max_read_share = 25;

    /// Most frames that are no whole messages, in a second: fragments of messages, and control frames
    /// (pings, pongs). 0 is no limit. A connection that sends more is closed (1008,
    /// error::too_many_frames). Each second's are counted together: half of one number and half of
    /// the other are all that it may. Only for codecs that count them.
    std::uint32_t max_fragments_per_second = 100'000;
    std::uint32_t max_control_frames_per_second = 10'000;

    /// Most lines of one back end under way: read, and not answered yet, because other threads carry
    /// them out. With so many it is not read from until half of them are answered. On one thread a line
    /// is answered before the next one is read. At least 1.
    std::size_t max_lines_under_way = 8192;

    /// From accept to the end of the opening handshake, in all. 0 is no limit, here and below.
    std::chrono::milliseconds handshake_timeout{10'000};

    /// From the end of the handshake until a client has said its uid, or a back end its secret: until
    /// the authenticator has decided.
    std::chrono::milliseconds uid_timeout{10'000};

    /// From the first byte of a message to its last: also for a line that a back end does not end. Not for
    /// what a client, or a back end that must say a secret, says first: that has uid_timeout. Time in which
    /// it is not read, because it does not read its answers, does not count, and when it has read them the
    /// time begins anew.
    std::chrono::milliseconds message_timeout{30'000};

    /// A client that said nothing for this long is pinged; after the same time again without a
    /// byte from it, it is closed. Only for codecs with pings. While something waits to be written that
    /// is write_stall_timeout's, if the peer has taken some of it since.
    std::chrono::milliseconds ping_interval{25'000};

    /// Longest time without progress while there is something to write: nothing could be written, and of
    /// what the system has the peer took nothing either, as far as the system tells (TCP: not in the last
    /// three quarters of this time). Who reads on and then stops is found within twice this time.
    std::chrono::milliseconds write_stall_timeout{30'000};

    /// For a close in order: writing what is queued, and the peer's goodbye.
    std::chrono::milliseconds close_timeout{5'000};
};

} // namespace crier

#endif
