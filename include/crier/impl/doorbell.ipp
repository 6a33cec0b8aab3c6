#ifndef CRIER_IMPL_DOORBELL_IPP
#define CRIER_IMPL_DOORBELL_IPP

#include <crier/detail/doorbell.hpp>
#include <crier/detail/poller.hpp>

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <cstdint>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace crier::detail {

CRIER_COLD CRIER_DECL doorbell::doorbell(boost::asio::io_context::executor_type ex,
                                         std::function<void()> rung)
    : poller_(boost::asio::use_service<poller>(ex.context())),
      descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      rung_(std::move(rung))
{
    if (descriptor_ == -1)
        throw boost::system::system_error(errno, boost::system::system_category(), "eventfd");
    try {
        poller_.add(descriptor_, *this, false);
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

CRIER_COLD CRIER_DECL doorbell::~doorbell()
{
    poller_.remove(descriptor_, listening_);
    ::close(descriptor_);
}

CRIER_DECL void doorbell::ring() noexcept
{
    const std::uint64_t one = 1;
    // It cannot fail: the number never gets near 2^64.
    [[maybe_unused]] const auto written = ::write(descriptor_, &one, sizeof(one));
}

CRIER_COLD CRIER_DECL void doorbell::listen(bool on)
{
    if (std::exchange(listening_, on) == on)
        return;
    if (on)
        poller_.hold();
    else
        poller_.release();
}

CRIER_DECL void doorbell::ready(readiness what) noexcept
{
    // The number is never read: the set is edge-triggered, so each ring is told.
    if (what.readable)
        rung_();
}

} // namespace crier::detail

#endif
