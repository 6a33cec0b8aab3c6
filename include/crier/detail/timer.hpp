#ifndef CRIER_DETAIL_TIMER_HPP
#define CRIER_DETAIL_TIMER_HPP

#include <crier/config.hpp>
#include <crier/detail/deadline_list.hpp>
#include <crier/watcher.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>

namespace crier::detail {

class poller;

/// One point in time to be told of. A descriptor in the poller's set (timerfd_create(2)), as
/// everything else that is waited for; Asio's own timers would cost each translation unit another
/// second of compile time, for Boost.DateTime mostly. While it is set, the io_context has work.
///
/// Thread safety: none; used on the thread that runs the io_context.
class timer final : private watcher
{
public:
    /// `expired` is called on the io_context's thread and, as a watcher, may do no more than take a
    /// note or post. Throws boost::system::system_error.
    CRIER_DECL timer(boost::asio::io_context::executor_type ex, std::function<void()> expired);
    CRIER_DECL ~timer();

    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    /// Sets it, in place of what was set before. A time that is past expires at once.
    CRIER_DECL void set(clock::time_point at) noexcept;

    /// Does nothing if it is not set. What expired before may be told still.
    CRIER_DECL void cancel() noexcept;

private:
    CRIER_DECL void ready(readiness) noexcept override;
    CRIER_DECL void arm(clock::duration since_boot) noexcept;

    poller& poller_;
    int descriptor_;
    bool set_ = false;
    std::function<void()> expired_;
};

} // namespace crier::detail

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/timer.ipp>
#endif

#endif
