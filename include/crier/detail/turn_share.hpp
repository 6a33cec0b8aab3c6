#ifndef CRIER_DETAIL_TURN_SHARE_HPP
#define CRIER_DETAIL_TURN_SHARE_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace crier::detail {

/// How much a back end or peer may read in its turn. Alone, as much as it likes: its lines are
/// gathered then, for fewer and larger writes. While others speak too, none of them has to wait for
/// so many lines of another; least of all one that says little. But what it has read of a message
/// that has not ended is copied each time, so it reads as much again: a long message takes few
/// turns.
class turn_share
{
public:
    static constexpr std::size_t beside_much = 16 * 1024;
    static constexpr std::size_t beside_little = 4 * 1024;
    static constexpr std::size_t little = 1024;
    static constexpr std::uint64_t soon = 512; ///< turns: who spoke so long ago is there no more

    void next_turn() noexcept { ++turn_; }

    /// Of `reader`, which reads now, may read `most` bytes alone, and has read `unfinished` ones of a
    /// message.
    std::size_t of(const void* reader, std::size_t most, std::size_t unfinished) noexcept
    {
        if (last_reader_ != reader) {
            if (turn_ - last_change_ < soon)
                several_until_ = turn_ + soon;
            if (said_little_)
                little_until_ = turn_ + soon;
            last_change_ = turn_;
            last_reader_ = reader;
        }
        if (turn_ >= several_until_)
            return most;
        const std::size_t share = turn_ < little_until_ ? beside_little : beside_much;
        return std::min(most, std::max(share, unfinished));
    }

    /// So many bytes has it read; not `afresh` if they are the rest of a message that was cut.
    void has_read(std::size_t bytes, bool afresh) noexcept
    {
        said_little_ = afresh && bytes < little;
    }

private:
    const void* last_reader_ = nullptr; // may be gone
    std::uint64_t turn_ = soon;
    std::uint64_t last_change_ = 0;
    std::uint64_t several_until_ = 0;
    std::uint64_t little_until_ = 0;
    bool said_little_ = false;
};

} // namespace crier::detail

#endif
