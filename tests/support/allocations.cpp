#include "allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <malloc.h>
#include <new>

namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> largest{0};
std::atomic<std::ptrdiff_t> live{0};

} // namespace

void* operator new(std::size_t size)
{
    void* const block = std::malloc(size ? size : 1);
    if (!block)
        throw std::bad_alloc();
    count.fetch_add(1, std::memory_order_relaxed);
    live.fetch_add(static_cast<std::ptrdiff_t>(malloc_usable_size(block)),
                   std::memory_order_relaxed);
    for (std::size_t seen = largest.load(std::memory_order_relaxed);
         seen < size && !largest.compare_exchange_weak(seen, size, std::memory_order_relaxed);)
    {}
    return block;
}

void operator delete(void* block) noexcept
{
    if (!block)
        return;
    live.fetch_sub(static_cast<std::ptrdiff_t>(malloc_usable_size(block)),
                   std::memory_order_relaxed);
    std::free(block);
}

void operator delete(void* block, std::size_t) noexcept
{
    operator delete(block);
}

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
