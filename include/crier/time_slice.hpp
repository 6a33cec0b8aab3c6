#ifndef CRIER_TIME_SLICE_HPP
#define CRIER_TIME_SLICE_HPP

#include <chrono>
#include <cstdint>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace crier {

namespace detail {

/// The kernel's sched_attr in its first version; the C library has none, and the kernel's own header
/// does not go with the C library's.
struct sched_attr
{
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period; ///< nanoseconds
};

} // namespace detail

/// Has the calling thread, and those that it starts afterwards, compute for so long at a time, and
/// thereby sooner: who asks for short slices need not wait until others have used theirs up. For a
/// server, which is wanted at once and computes little, beside programs that compute much: without
/// it whatever arrives may lie for milliseconds. It needs no right, and gives no more time in all
/// than others get. Call it first in main(). (A thread with SCHED_RESET_ON_FORK gives it to no other.)
///
/// `slice` is from 100 us to 100 ms, what is beyond counts as that; 0 is the system's own again, a
/// few ms. Returns whether it is so now. Else nothing has changed: the kernel is older than Linux
/// 6.12, or a sandbox forbids it, or the thread's policy is not the usual one (a real-time thread
/// goes first anyway). Thread-safe. Source: sched_setattr(2), sched_runtime of SCHED_OTHER.
inline bool set_time_slice(std::chrono::microseconds slice) noexcept
{
#if defined(SYS_sched_setattr)
    const auto wanted = static_cast<std::uint64_t>(std::chrono::nanoseconds(slice).count());
    detail::sched_attr now{};
    if (::syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) == -1)
        return false;
    if (now.policy != SCHED_OTHER && now.policy != SCHED_BATCH)
        return false;
    now.runtime = wanted;
    if (::syscall(SYS_sched_setattr, 0, &now, 0) == -1)
        return false;
    // An older kernel has not looked at it.
    return ::syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) != -1 &&
           (now.runtime != 0 || wanted == 0);
#else
    return slice.count() == 0;
#endif
}

} // namespace crier

#endif
