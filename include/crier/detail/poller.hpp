#ifndef CRIER_DETAIL_POLLER_HPP
#define CRIER_DETAIL_POLLER_HPP

#include <crier/config.hpp>
#include <crier/detail/handler_memory.hpp>
#include <crier/watcher.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace crier::detail {

/// What is to be done when a poller has told all watchers what is ready.
class after_poll
{
public:
    virtual void polled() = 0;

protected:
    ~after_poll() = default;

private:
    friend class poller;
    after_poll* next_ = nullptr;
};

/// Watches the descriptors of all streams of one io_context: an epoll set of our own, itself
/// watched by Asio as one descriptor.
///
/// Why not a pending async_wait for each connection: Asio keeps 176 bytes for each descriptor and
/// 96 for each pending wait, and calls epoll_ctl for each wait it begins. Here an idle connection
/// costs no byte, and a ready one no system call of its own. Measured with 10 000 idle connections:
/// 723 bytes each before, 322 now (tests/bench/RESULTS.md).
///
/// Thread safety: none; used on the thread that runs the io_context.
class poller final : public boost::asio::execution_context::service
{
public:
    using key_type = poller;
    inline static boost::asio::execution_context::id id;

    CRIER_DECL explicit poller(boost::asio::execution_context& context);
    CRIER_DECL ~poller() override;

    /// Tells the watcher about a descriptor, edge-triggered, until remove(). If it is held, the
    /// io_context has work until then. Throws boost::system::system_error.
    CRIER_DECL void add(int descriptor, watcher& w, bool held = true);
    CRIER_DECL void remove(int descriptor, bool held = true) noexcept;

    /// From now on it asks the system again and again for so long before it sleeps, and other handlers
    /// of the io_context run in between. 0 for not at all.
    void busy_poll(std::chrono::microseconds length) noexcept { busy_ = length; }

    /// While watchers are being told: calls a.polled() when all have been, in the same handler of the
    /// io_context. That saves what a posted handler costs, which is a call of epoll_wait mostly.
    /// False, and nothing done, at other times. Once until it has been called.
    bool call_back(after_poll& a) noexcept
    {
        if (telling_)
            a.next_ = std::exchange(callbacks_, &a);
        return telling_;
    }

    /// In a handler of the io_context of its own: tells watchers what has become ready, and calls
    /// a.polled() then, before those who are to be called back.
    CRIER_DECL void poll_for(after_poll& a);

    /// In a handler of the io_context of its own: tells watchers of all that has become ready by now.
    CRIER_DECL void poll_all();

    /// Does not call it back.
    void forget(after_poll& a) noexcept
    {
        for (after_poll** at = &callbacks_; *at; at = &(*at)->next_)
            if (*at == &a) {
                *at = a.next_;
                return;
            }
    }

    /// For a watcher that waits for something now and then only.
    CRIER_DECL void hold();
    CRIER_DECL void release() noexcept;

private:
    CRIER_DECL void shutdown() override;
    CRIER_DECL void await();
    CRIER_DECL bool dispatch();
    CRIER_DECL void spin();
    CRIER_DECL void run_callbacks(after_poll* first = nullptr);

    // Its pending wait is work for the io_context, so there is one only while it is held.
    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> set_;
    std::size_t holds_ = 0;
    bool waiting_ = false;
    bool telling_ = false;
    bool rest_posted_ = false;
    after_poll* callbacks_ = nullptr;
    handler_memory wait_memory_, rest_memory_;
    std::chrono::microseconds busy_{};
    std::chrono::steady_clock::time_point sleep_at_{};
};

/// Bytes that were written to a socket and that the other end has not taken yet. Nothing for a TCP
/// connection that has sent none in the last three quarters of that time, and heard of none that arrived,
/// and for sockets of other kinds.
///
/// A socket becomes writable only when a third of what it holds has been taken, which is much: who reads
/// slowly would look like who does not.
CRIER_DECL std::optional<std::uint32_t> tcp_untaken(int descriptor,
                                                    std::chrono::milliseconds time) noexcept;

} // namespace crier::detail

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/poller.ipp>
#endif

#endif
