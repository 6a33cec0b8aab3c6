#ifndef CRIER_TESTS_INTEGRATION_FAILING_CALLS_HPP
#define CRIER_TESTS_INTEGRATION_FAILING_CALLS_HPP

#include <array>
#include <atomic>
#include <cstddef>

// System calls of one thread fail when they are told to. The program is linked with --wrap for each of
// them (CMakeLists.txt); failing_calls.cpp has what they are replaced by.
namespace support {

enum class call {
    accept,
    recv,
    send,
    sendmsg,
    shutdown,
    epoll_add,
    epoll_mod,
    epoll_del,
    epoll_wait,
    kinds
};

inline constexpr const char* call_names[] = {"accept4",       "recv",          "send",
                                             "sendmsg",       "shutdown",      "EPOLL_CTL_ADD",
                                             "EPOLL_CTL_MOD", "EPOLL_CTL_DEL", "epoll_wait"};

/// Instead of an errno: the call moves one byte.
inline constexpr int one_byte = -1;

struct call_failure
{
    call which = call::kinds;
    std::size_t from = 0;  ///< the first that fails, counted from 0
    std::size_t count = 1; ///< how many do
    int error = 0;
};

/// Calls of this thread count, and may fail.
inline thread_local bool calls_fail_here = false;

/// What fails: to be set while no such thread runs, or by it.
inline std::array<call_failure, 2> call_failures{};

inline std::array<std::atomic<std::size_t>, static_cast<std::size_t>(call::kinds)> calls_made{};

inline std::size_t calls_of(call c)
{
    return calls_made[static_cast<std::size_t>(c)];
}

inline std::size_t all_calls()
{
    std::size_t sum = 0;
    for (const auto& n : calls_made)
        sum += n;
    return sum;
}

} // namespace support

#endif
