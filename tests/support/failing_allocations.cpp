#include "failing_allocations.hpp"

#include <cstdlib>

void* operator new(std::size_t size)
{
    if (support::watched && support::until_failure != 0 && --support::until_failure == 0)
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
