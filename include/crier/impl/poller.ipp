#ifndef CRIER_IMPL_POLLER_IPP
#define CRIER_IMPL_POLLER_IPP

#include <crier/detail/poller.hpp>
#include <crier/error.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <cerrno>
#include <linux/sockios.h>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace crier::detail {

CRIER_COLD CRIER_DECL poller::poller(boost::asio::execution_context& context)
    : service(context), set_(static_cast<boost::asio::io_context&>(context).get_executor())
{
    const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
    if (descriptor == -1)
        throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
    set_.assign(descriptor);
}

CRIER_DECL poller::~poller() = default;

CRIER_COLD CRIER_DECL void poller::shutdown()
{
    error_code ignored;
    (void)set_.close(ignored);
}

CRIER_DECL void poller::add(int descriptor, watcher& w, bool held)
{
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &w;
    if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, descriptor, &event) == -1)
        throw boost::system::system_error(errno, boost::system::system_category(), "epoll_ctl");
    if (held)
        hold();
}

CRIER_DECL void poller::remove(int descriptor, bool held) noexcept
{
    if (!set_.is_open())
        return;
    epoll_event unused{};
    ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, descriptor, &unused);
    if (held)
        release();
}

CRIER_DECL void poller::hold()
{
    ++holds_;
    await();
}

CRIER_DECL void poller::release() noexcept
{
    if (--holds_ != 0 || !set_.is_open())
        return;
    error_code ignored;
    (void)set_.cancel(ignored);
}

CRIER_DECL void poller::await()
{
    if (waiting_ || holds_ == 0 || !set_.is_open())
        return;
    waiting_ = true;
    if (busy_ > busy_.zero() && std::chrono::steady_clock::now() < sleep_at_)
        return boost::asio::post(set_.get_executor(),
                                 kept_handler(wait_memory_, [this] { spin(); }));
    set_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                    kept_handler(wait_memory_, [this](error_code ec) {
                        waiting_ = false;
                        if (!ec)
                            dispatch();
                        await();
                        run_callbacks();
                    }));
}

CRIER_DECL void poller::spin()
{
    waiting_ = false;
    if (set_.is_open())
        dispatch();
    await();
    run_callbacks();
}

CRIER_DECL void poller::poll_for(after_poll& a)
{
    if (set_.is_open())
        dispatch();
    run_callbacks(&a);
}

CRIER_DECL void poller::poll_all()
{
    constexpr int most = 64; // who says little again and again keeps nobody here for ever
    for (int i = 0; i < most && set_.is_open() && dispatch(); ++i) {
    }
    run_callbacks();
}

CRIER_DECL void poller::run_callbacks(after_poll* first)
{
    // One may throw, as any handler of the io_context: the others are called all the same.
    struct others
    {
        poller& self;
        ~others()
        {
            if (self.callbacks_ && !std::exchange(self.rest_posted_, true))
                boost::asio::post(self.set_.get_executor(),
                                  kept_handler(self.rest_memory_, [p = &self] {
                                      p->rest_posted_ = false;
                                      p->run_callbacks();
                                  }));
        }
    } const guard{*this};

    if (first)
        first->polled();
    while (after_poll* const next = callbacks_) {
        callbacks_ = next->next_;
        next->polled();
    }
}

/// True if there may be more.
CRIER_DECL bool poller::dispatch()
{
    // A watcher only takes a note, so that no stream is closed before the batch is through.
    std::array<epoll_event, 512> events;
    const int count =
        ::epoll_wait(set_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    telling_ = true;
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
        const bool hangup = broken || (event.events & EPOLLRDHUP) != 0;
        static_cast<watcher*>(event.data.ptr)
            ->ready({.readable = hangup || (event.events & EPOLLIN) != 0,
                     .writable = broken || (event.events & EPOLLOUT) != 0,
                     .hangup = hangup});
    }
    telling_ = false;
    if (count > 0 && busy_ > busy_.zero())
        sleep_at_ = std::chrono::steady_clock::now() + busy_;
    return count == static_cast<int>(events.size());
}

CRIER_COLD CRIER_DECL std::optional<std::uint32_t>
tcp_untaken(int descriptor, std::chrono::milliseconds time) noexcept
{
    tcp_info told{};
    socklen_t size = sizeof(told);
    int untaken = 0;
    if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &told, &size) == -1 ||
        ::ioctl(descriptor, SIOCOUTQ, &untaken) == -1)
        return std::nullopt;
    // To one that is gone all is sent again and again, and one that takes nothing says so when asked.
    const auto lately = time * 3 / 4;
    if (std::chrono::milliseconds(told.tcpi_last_data_sent) >= lately ||
        std::chrono::milliseconds(told.tcpi_last_ack_recv) >= lately)
        return std::nullopt;
    return static_cast<std::uint32_t>(untaken);
}

} // namespace crier::detail

#endif
