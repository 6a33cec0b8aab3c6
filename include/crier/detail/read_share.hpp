#ifndef CRIER_DETAIL_READ_SHARE_HPP
#define CRIER_DETAIL_READ_SHARE_HPP

#include <crier/detail/deadline_list.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace crier::detail {

/// What limits::max_read_share leaves to clients that say more than a turn's bytes again and again:
/// each time that one of them is read from is followed by what the others have to have in return. Up
/// to 2 ms of that may be owed; then there is a pause, and all of them wait.
class read_share
{
public:
    /// A pause lasts at least so long: a wake-up for less is not worth it.
    static constexpr std::chrono::microseconds least_pause{500};

    /// The share is `percent` of the time, 1 to 100.
    void spent(clock::time_point begin, clock::time_point end, unsigned percent) noexcept
    {
        // Whatever a read has cost, in a hook say: who has said no more than a page may is not to be
        // taken for one that never ends its message.
        constexpr std::chrono::seconds longest_wait{1};
        cost_ += (end - begin - cost_) / 8;
        paid_until_ = std::min(std::max(paid_until_, begin) +
                                   (end - begin) * 100 / static_cast<clock::rep>(percent),
                               end + longest_wait);
    }

    /// How many of them may be read from in the turn that begins now; 0 begins a pause.
    std::size_t take(clock::time_point at, unsigned percent) noexcept
    {
        constexpr std::chrono::milliseconds burst{2};
        constexpr clock::duration least_cost = std::chrono::microseconds(1);
        constexpr clock::rep at_once = 2; // nobody else waits long for them
        const clock::duration since =
            std::max(at - std::exchange(taken_at_, at), clock::duration::zero());
        if (paid_until_ - at > burst) {
            pause_until(std::max(paid_until_ - burst, at + least_pause));
            return 0;
        }
        // Where the others' work takes long, two each time would be far less than their share.
        const clock::rep worth =
            since * static_cast<clock::rep>(percent) / 100 / std::max(cost_, least_cost);
        return static_cast<std::size_t>(std::max(worth, at_once));
    }

    bool pauses() const noexcept { return pause_ends_ != clock::time_point::max(); }
    /// time_point::max() if there is no pause.
    clock::time_point pause_ends() const noexcept { return pause_ends_; }

    void pause_until(clock::time_point at) noexcept
    {
        taken_at_ = clock::time_point::max();
        pause_ends_ = at;
    }

    /// The pause is over; or nobody waits any more.
    void end_pause() noexcept { pause_until(clock::time_point::max()); }

private:
    clock::time_point paid_until_{};
    clock::time_point pause_ends_ = clock::time_point::max();
    clock::time_point taken_at_ = clock::time_point::max(); // max() if not since a pause
    clock::duration cost_ = std::chrono::microseconds(50);  // of reading from one of them, about
};

} // namespace crier::detail

#endif
