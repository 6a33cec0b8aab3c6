#ifndef CRIER_DETAIL_TIME_SHARE_HPP
#define CRIER_DETAIL_TIME_SHARE_HPP

#include <crier/detail/deadline_list.hpp>

#include <algorithm>
#include <chrono>

namespace crier::detail {

/// What has a short time now and then, that nobody else may wait long for it; or as long as all else has
/// had since it was cut off, if that is longer: half of the time when there is more to do than time for
/// it.
class time_share
{
public:
    static constexpr std::chrono::microseconds least{100};
    static constexpr std::chrono::milliseconds most{10};

    /// It begins, or goes on: until then.
    clock::time_point until(clock::time_point now) const noexcept
    {
        return now + std::clamp<clock::duration>(now - cut_off_, least, most);
    }

    /// There is more to do, and it goes on soon.
    void cut_off(clock::time_point now) noexcept { cut_off_ = now; }

    /// There is nothing more to do.
    void done() noexcept { cut_off_ = never; }

    bool is_cut_off() const noexcept { return cut_off_ != never; }

private:
    static constexpr clock::time_point never = clock::time_point::max();

    clock::time_point cut_off_ = never;
};

} // namespace crier::detail

#endif
