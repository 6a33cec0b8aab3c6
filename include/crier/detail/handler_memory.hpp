#ifndef CRIER_DETAIL_HANDLER_MEMORY_HPP
#define CRIER_DETAIL_HANDLER_MEMORY_HPP

#include <cstddef>
#include <new>
#include <utility>

namespace crier::detail {

/// Room for one handler that an io_context is to call, so that nobody who has only taken a note, and
/// means to come back for it, fails for want of memory. One that does not fit, or comes while there is
/// another, has memory of its own.
///
/// Thread safety: none; from the post to the call it is the io_context's.
class handler_memory
{
public:
    /// What Asio makes of a handler of ours is 72 to 136 bytes.
    static constexpr std::size_t size = 192;

    handler_memory() = default;
    handler_memory(const handler_memory&) = delete;
    handler_memory& operator=(const handler_memory&) = delete;

    void* take(std::size_t bytes)
    {
        if (taken_ || bytes > size)
            return ::operator new(bytes);
        taken_ = true;
        return room_;
    }

    void give_back(void* memory) noexcept
    {
        if (memory != room_)
            return ::operator delete(memory);
        taken_ = false;
    }

private:
    alignas(std::max_align_t) std::byte room_[size];
    bool taken_ = false;
};

/// The allocator that Asio asks a handler for.
template <class T>
class handler_allocator
{
public:
    using value_type = T;

    explicit handler_allocator(handler_memory& m) noexcept : memory_(&m) {}
    template <class U>
    handler_allocator(const handler_allocator<U>& other) noexcept : memory_(other.memory_)
    {}

    T* allocate(std::size_t n) { return static_cast<T*>(memory_->take(n * sizeof(T))); }
    void deallocate(T* memory, std::size_t) noexcept { memory_->give_back(memory); }

    template <class U>
    bool operator==(const handler_allocator<U>& other) const noexcept
    {
        return memory_ == other.memory_;
    }

private:
    template <class U>
    friend class handler_allocator;

    handler_memory* memory_;
};

/// A handler that stands there. The memory lives as long as the handler does.
template <class Handler>
class kept_handler
{
public:
    using allocator_type = handler_allocator<void>;

    kept_handler(handler_memory& m, Handler h) noexcept : memory_(&m), handler_(std::move(h)) {}

    allocator_type get_allocator() const noexcept { return allocator_type(*memory_); }

    template <class... Args>
    void operator()(Args&&... args)
    {
        handler_(std::forward<Args>(args)...);
    }

private:
    handler_memory* memory_;
    Handler handler_;
};

} // namespace crier::detail

#endif
