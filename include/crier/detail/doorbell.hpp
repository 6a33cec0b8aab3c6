#ifndef CRIER_DETAIL_DOORBELL_HPP
#define CRIER_DETAIL_DOORBELL_HPP

#include <crier/config.hpp>
#include <crier/watcher.hpp>

#include <boost/asio/io_context.hpp>

#include <functional>

namespace crier::detail {

class poller;

/// Lets any thread tell the one that runs the io_context that there is something to do: a
/// descriptor in the poller's set (eventfd(2)). Asio's own post takes a lock that the running
/// thread takes too; ringing is one system call that never waits.
///
/// Thread safety: ring() from any thread, all else on the thread that runs the io_context.
class doorbell final : private watcher
{
public:
    /// `rung` is called on the io_context's thread and, as a watcher, may do no more than take a
    /// note or post. Throws boost::system::system_error.
    CRIER_DECL doorbell(boost::asio::io_context::executor_type ex, std::function<void()> rung);
    CRIER_DECL ~doorbell();

    doorbell(const doorbell&) = delete;
    doorbell& operator=(const doorbell&) = delete;

    CRIER_DECL void ring() noexcept;

    /// While somebody listens the io_context has work, and rings are heard; those before too.
    CRIER_DECL void listen(bool on);
    bool listens() const noexcept { return listening_; }

private:
    CRIER_DECL void ready(readiness) noexcept override;

    poller& poller_;
    int descriptor_;
    bool listening_ = false;
    std::function<void()> rung_;
};

} // namespace crier::detail

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/doorbell.ipp>
#endif

#endif
