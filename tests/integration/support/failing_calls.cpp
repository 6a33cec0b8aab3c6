#include "failing_calls.hpp"

#include <cerrno>
#include <map>
#include <mutex>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>

extern "C" {

int __real_accept4(int, sockaddr*, socklen_t*, int);
ssize_t __real_recv(int, void*, std::size_t, int);
ssize_t __real_send(int, const void*, std::size_t, int);
ssize_t __real_sendmsg(int, const msghdr*, int);
int __real_shutdown(int, int);
int __real_epoll_ctl(int, int, int, epoll_event*);
int __real_epoll_wait(int, epoll_event*, int, int);
}

namespace {

using support::call;

/// Who waits for what: the set and the event of a descriptor.
std::map<int, std::pair<int, epoll_event>> awaited;
std::mutex awaited_mutex;

/// The error of this call, one_byte, or 0.
int failure_of(call which)
{
    if (!support::calls_fail_here)
        return 0;
    const std::size_t n = support::calls_made[static_cast<std::size_t>(which)]++;
    for (const support::call_failure& f : support::call_failures)
        if (f.which == which && n >= f.from && n - f.from < f.count)
            return f.error;
    return 0;
}

/// Sets errno. Where the kernel says that a call would block, it says later that it would not; so
/// does this.
int fail(int error, int descriptor = -1)
{
    const std::lock_guard lock(awaited_mutex);
    const auto found = awaited.find(descriptor);
    if (error == EAGAIN && found != awaited.end())
        __real_epoll_ctl(found->second.first, EPOLL_CTL_MOD, descriptor, &found->second.second);
    errno = error;
    return -1;
}

} // namespace

extern "C" {

int __wrap_accept4(int descriptor, sockaddr* address, socklen_t* size, int flags)
{
    if (const int error = failure_of(call::accept))
        return fail(error, descriptor);
    return __real_accept4(descriptor, address, size, flags);
}

ssize_t __wrap_recv(int descriptor, void* into, std::size_t size, int flags)
{
    const int error = failure_of(call::recv);
    if (error == support::one_byte)
        fail(EAGAIN, descriptor); // and the rest is told of
    else if (error)
        return fail(error, descriptor);
    return __real_recv(descriptor, into, error ? 1 : size, flags);
}

ssize_t __wrap_send(int descriptor, const void* from, std::size_t size, int flags)
{
    const int error = failure_of(call::send);
    if (error && error != support::one_byte)
        return fail(error, descriptor);
    return __real_send(descriptor, from, error ? 1 : size, flags);
}

ssize_t __wrap_sendmsg(int descriptor, const msghdr* message, int flags)
{
    const int error = failure_of(call::sendmsg);
    if (error == support::one_byte)
        return __real_send(descriptor, message->msg_iov[0].iov_base, 1, flags);
    if (error)
        return fail(error, descriptor);
    return __real_sendmsg(descriptor, message, flags);
}

int __wrap_shutdown(int descriptor, int how)
{
    if (const int error = failure_of(call::shutdown))
        return fail(error);
    return __real_shutdown(descriptor, how);
}

int __wrap_epoll_ctl(int set, int operation, int descriptor, epoll_event* event)
{
    const call which = operation == EPOLL_CTL_ADD   ? call::epoll_add
                       : operation == EPOLL_CTL_DEL ? call::epoll_del
                                                    : call::epoll_mod;
    if (const int error = failure_of(which))
        return fail(error);
    const std::lock_guard lock(awaited_mutex);
    if (operation == EPOLL_CTL_DEL)
        awaited.erase(descriptor);
    else if (event)
        awaited[descriptor] = {set, *event};
    return __real_epoll_ctl(set, operation, descriptor, event);
}

int __wrap_epoll_wait(int set, epoll_event* events, int size, int timeout)
{
    if (const int error = failure_of(call::epoll_wait))
        return fail(error);
    return __real_epoll_wait(set, events, size, timeout);
}
}
