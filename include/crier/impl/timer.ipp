#ifndef CRIER_IMPL_TIMER_IPP
#define CRIER_IMPL_TIMER_IPP

#include <crier/detail/poller.hpp>
#include <crier/detail/timer.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/timerfd.h>
#include <unistd.h>

namespace crier::detail {

CRIER_COLD CRIER_DECL timer::timer(boost::asio::io_context::executor_type ex,
                                   std::function<void()> expired)
    : poller_(boost::asio::use_service<poller>(ex.context())),
      descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      expired_(std::move(expired))
{
    if (descriptor_ == -1)
        throw boost::system::system_error(errno, boost::system::system_category(),
                                          "timerfd_create");
    try {
        poller_.add(descriptor_, *this, false);
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

CRIER_COLD CRIER_DECL timer::~timer()
{
    poller_.remove(descriptor_, set_);
    ::close(descriptor_);
}

CRIER_DECL void timer::set(clock::time_point at) noexcept
{
    arm(std::max(at.time_since_epoch(), clock::duration(1))); // 0 would disarm it
    if (!std::exchange(set_, true))
        poller_.hold();
}

CRIER_DECL void timer::cancel() noexcept
{
    if (!std::exchange(set_, false))
        return;
    arm({});
    poller_.release();
}

CRIER_DECL void timer::arm(clock::duration since_boot) noexcept
{
    using namespace std::chrono;
    const auto whole = duration_cast<seconds>(since_boot);
    const auto rest = duration_cast<nanoseconds>(since_boot - whole);
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(whole.count());
    when.it_value.tv_nsec = static_cast<long>(rest.count());
    (void)::timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &when, nullptr);
}

CRIER_DECL void timer::ready(readiness what) noexcept
{
    if (!what.readable || !std::exchange(set_, false))
        return;
    poller_.release();
    expired_();
}

} // namespace crier::detail

#endif
