#ifndef CRIER_TESTS_SUPPORT_FAILING_ALLOCATIONS_HPP
#define CRIER_TESTS_SUPPORT_FAILING_ALLOCATIONS_HPP

#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

// The program's operator new, and aligned_alloc, fail when they are told to: failing_allocations.cpp.
namespace support {

/// Allocations of this thread count.
inline thread_local bool watched = false;

/// The one that counts as this one from now on fails, once; 0: none will.
inline std::atomic<std::size_t> until_failure = 0;

/// To be asked by each allocation: true if it is the one that fails.
inline bool fails()
{
    return watched && until_failure != 0 && --until_failure == 0;
}

/// While one lives, allocations of this thread do not count.
struct elsewhere
{
    bool before = std::exchange(watched, false);
    ~elsewhere() { watched = before; }
};

/// True if it works: a sanitizer may have an operator new of its own.
inline bool allocations_fail()
{
    watched = true;
    until_failure = 1;
    bool failed = false;
    try {
        ::operator delete(::operator new(1));
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    watched = false;
    until_failure = 0;
    return failed;
}

/// Runs an io_context to its end: what leaves its run for want of memory is none.
template <class Context>
void run_on(Context& context)
{
    for (bool again = true; again;) {
        again = false;
        try {
            context.run();
        } catch (const std::bad_alloc&) {
            again = true;
        }
    }
}

} // namespace support

#endif
