#ifndef CRIER_DETAIL_HANDLER_MEMORY_HPP
#define CRIER_DETAIL_HANDLER_MEMORY_HPP

#include <cstddef>
#include <new>

namespace crier::detail {

/// Memory for the one operation that is pending nearly always, so that waiting allocates nothing.
class handler_memory
{
public:
    static constexpr std::size_t capacity = 112; // Asio's wait operation with our handler

    handler_memory() = default;
    handler_memory(const handler_memory&) = delete;
    handler_memory& operator=(const handler_memory&) = delete;

    void* allocate(std::size_t size)
    {
        if (used_ || size > capacity)
            return ::operator new(size);
        used_ = true;
        return storage_;
    }

    void deallocate(void* pointer) noexcept
    {
        if (pointer == storage_)
            used_ = false;
        else
            ::operator delete(pointer);
    }

private:
    alignas(std::max_align_t) unsigned char storage_[capacity];
    bool used_ = false;
};

/// The allocator that Asio finds in a handler.
template <class T>
class handler_allocator
{
public:
    using value_type = T;

    explicit handler_allocator(handler_memory& memory) noexcept : memory_(&memory) {}

    template <class U>
    handler_allocator(const handler_allocator<U>& other) noexcept : memory_(other.memory_)
    {}

    T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
    void deallocate(T* pointer, std::size_t) noexcept { memory_->deallocate(pointer); }

    friend bool operator==(const handler_allocator&, const handler_allocator&) = default;

private:
    template <class U>
    friend class handler_allocator;

    handler_memory* memory_;
};

} // namespace crier::detail

#endif
