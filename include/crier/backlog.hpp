#ifndef CRIER_BACKLOG_HPP
#define CRIER_BACKLOG_HPP

#include <crier/detail/outbox.hpp>

#include <cstddef>

namespace crier {

/// What is queued for one connection, and the message that wants in, as an overflow policy sees them.
///
/// Lifetime: of one call of make_room.
class backlog
{
public:
    /// A bound of 0 messages is no bound.
    backlog(detail::outbox& queued, std::size_t incoming_bytes, std::size_t max_bytes,
            std::size_t max_messages) noexcept
        : queued_(queued),
          incoming_bytes_(incoming_bytes),
          max_bytes_(max_bytes),
          max_messages_(max_messages)
    {}

    // What a copy drops would be missing in dropped().
    backlog(const backlog&) = delete;
    backlog& operator=(const backlog&) = delete;

    std::size_t messages() const noexcept { return queued_.messages(); } ///< queued
    std::size_t bytes() const noexcept { return queued_.bytes(); }       ///< queued, as encoded
    std::size_t incoming_bytes() const noexcept { return incoming_bytes_; }
    std::size_t max_bytes() const noexcept { return max_bytes_; }
    std::size_t max_messages() const noexcept { return max_messages_; } ///< 0 is no limit

    /// True if the incoming message fits. One message alone always fits.
    bool has_room() const noexcept
    {
        if (queued_.messages() == 0)
            return true;
        return queued_.bytes() + incoming_bytes_ <= max_bytes_ &&
               (max_messages_ == 0 || queued_.messages() < max_messages_);
    }

    /// True if it would fit when all messages that may be dropped were: not so if what is half written
    /// already leaves too little. The protocol's own small frames, pongs say, are not looked at.
    bool can_have_room() const noexcept
    {
        const auto stays = queued_.begun();
        if (stays.messages == 0)
            return true;
        return stays.bytes + incoming_bytes_ <= max_bytes_ &&
               (max_messages_ == 0 || stays.messages < max_messages_);
    }

    /// Drops the oldest message that may be dropped. False if there is none. Broadcasts that were
    /// queued together are dropped together.
    bool drop_oldest() noexcept
    {
        const std::size_t n = queued_.drop_oldest();
        dropped_ += n;
        return n != 0;
    }

    /// Messages dropped through this object.
    std::size_t dropped() const noexcept { return dropped_; }

private:
    detail::outbox& queued_;
    std::size_t incoming_bytes_;
    std::size_t max_bytes_;
    std::size_t max_messages_;
    std::size_t dropped_ = 0;
};

} // namespace crier

#endif
