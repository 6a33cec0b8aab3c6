// The generator's one epoll set: a number for each descriptor, and the time in which nothing came.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "net.hpp"

namespace bench {

class poll_set
{
public:
    explicit poll_set(bool spin) : spin_(spin), epoll_(epoll_create1(EPOLL_CLOEXEC)), events_(1024)
    {
        if (!epoll_)
            throw_errno("epoll_create1");
    }

    // Edge-triggered, until the descriptor is closed.
    void watch(const descriptor& fd, std::uint64_t number)
    {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        event.data.u64 = number;
        if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0)
            throw_errno("epoll_ctl");
    }

    // Calls f(number, events) for what has happened, or waits for it until then. False for nothing.
    template <class Function>
    bool wait(std::uint64_t until_ns, std::uint64_t now, Function&& f)
    {
        const std::uint64_t wait = spin_ || until_ns <= now ? 0 : until_ns - now;
        const timespec timeout{static_cast<time_t>(wait / 1'000'000'000),
                               static_cast<long>(wait % 1'000'000'000)};
        const int count = epoll_pwait2(epoll_.get(), events_.data(),
                                       static_cast<int>(events_.size()), &timeout, nullptr);
        if (count < 0 && errno != EINTR)
            throw_errno("epoll_pwait2");
        const std::uint64_t after = now_ns();
        if (count <= 0) {
            empty_ns_ += after - now;
            return false;
        }
        last_arrival_ns_ = after;
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            f(events_[i].data.u64, events_[i].events);
        return true;
    }

    std::uint64_t last_arrival_ns() const { return last_arrival_ns_; }
    void arrived_now() { last_arrival_ns_ = now_ns(); }

    // Spent in waits that brought nothing.
    std::uint64_t empty_ns() const { return empty_ns_; }

private:
    bool spin_;
    descriptor epoll_;
    std::vector<epoll_event> events_;
    std::uint64_t last_arrival_ns_ = 0;
    std::uint64_t empty_ns_ = 0;
};

inline bool means_input(std::uint32_t events)
{
    return (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

inline bool means_the_end(std::uint32_t events)
{
    return (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

inline int connect_error(const descriptor& fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

} // namespace bench
