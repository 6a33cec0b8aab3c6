#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>

// clang's sanitizers have operators of their own, which cannot be replaced, or not all of them; they call
// hooks instead.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CRIER_TESTS_ALLOCATION_HOOKS
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> largest{0};
std::atomic<std::ptrdiff_t> live{0};

void taken(std::size_t asked, std::size_t got) noexcept
{
    count.fetch_add(1, std::memory_order_relaxed);
    live.fetch_add(static_cast<std::ptrdiff_t>(got), std::memory_order_relaxed);
    for (std::size_t seen = largest.load(std::memory_order_relaxed);
         seen < asked && !largest.compare_exchange_weak(seen, asked, std::memory_order_relaxed);)
    {}
}

void given_back(std::size_t size) noexcept
{
    live.fetch_sub(static_cast<std::ptrdiff_t>(size), std::memory_order_relaxed);
}

} // namespace

#if defined(CRIER_TESTS_ALLOCATION_HOOKS)

extern "C" void __sanitizer_malloc_hook(const volatile void*, std::size_t size)
{
    taken(size, size);
}

extern "C" void __sanitizer_free_hook(const volatile void* block)
{
    given_back(__sanitizer_get_allocated_size(block));
}

#else

void* operator new(std::size_t size)
{
    void* const block = std::malloc(size ? size : 1);
    if (!block)
        throw std::bad_alloc();
    taken(size, malloc_usable_size(block));
    return block;
}

void operator delete(void* block) noexcept
{
    if (!block)
        return;
    given_back(malloc_usable_size(block));
    std::free(block);
}

void operator delete(void* block, std::size_t) noexcept
{
    operator delete(block);
}

#endif

namespace support {

allocation_watch::allocation_watch() noexcept : count_before_(::count), live_before_(::live)
{
    ::largest = 0;
}

std::size_t allocation_watch::count() const noexcept
{
    return ::count - count_before_;
}

std::size_t allocation_watch::largest() const noexcept
{
    return ::largest;
}

std::ptrdiff_t allocation_watch::live_bytes() const noexcept
{
    return ::live - live_before_;
}

} // namespace support
