#include "failing_allocations.hpp"

#include <cerrno>
#include <cstdlib>

using support::fails;

void* operator new(std::size_t size)
{
    if (fails())
        throw std::bad_alloc();
    if (void* const memory = std::malloc(size ? size : 1))
        return memory;
    throw std::bad_alloc();
}

void operator delete(void* memory) noexcept
{
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}

/// What Asio takes memory for handlers from.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept
{
    void* memory = nullptr;
    const int failed = fails() ? ENOMEM : ::posix_memalign(&memory, alignment, size);
    errno = failed ? failed : errno;
    return failed ? nullptr : memory;
}
