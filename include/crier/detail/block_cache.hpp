#ifndef CRIER_DETAIL_BLOCK_CACHE_HPP
#define CRIER_DETAIL_BLOCK_CACHE_HPP

#include <cstddef>
#include <iterator>
#include <new>

namespace crier::detail {

/// Memory for what comes and goes with each message: blocks that were given back are kept for the
/// next ones of their size. The C library keeps seven of a size at hand and goes a long way for the
/// others, and a turn has hundreds of frames alive at once.
///
/// Each thread has its own cache, which keeps at most most_kept bytes, and none when the thread has
/// ended. Blocks come from operator new one by one: they may be given back on another thread, which
/// keeps them then. Where AddressSanitizer is on, nothing is kept, so that it sees what is used after
/// it was given back.
///
/// Thread safety: the functions are each thread's own.
class block_cache
{
public:
    static constexpr std::size_t most_kept = 1024 * 1024; ///< bytes
    static constexpr std::size_t largest = 4096;          ///< bytes; larger blocks are not kept

    /// 1 byte or more. Throws std::bad_alloc.
    static void* allocate(std::size_t size)
    {
        const std::size_t which = step_of(size);
        if (which >= std::size(own_.free_))
            return ::operator new(size);
        block* const kept = own_.free_[which];
        if (!kept)
            return ::operator new(which* step);
        own_.free_[which] = kept->next;
        own_.room_ += which * step;
        return kept;
    }

    /// `size` is what it was allocated with.
    static void free(void* memory, std::size_t size) noexcept
    {
        const std::size_t which = step_of(size);
        if (which >= std::size(own_.free_) || (own_.room_ < which * step && !own_.open()))
            return ::operator delete(memory);
        own_.room_ -= which * step;
        own_.free_[which] = ::new (memory) block{own_.free_[which]};
    }

    /// Gives all that the calling thread keeps back to the system; it keeps nothing from then on.
    [[gnu::noinline]] static void keep_nothing() noexcept
    {
        for (block*& first : own_.free_)
            while (block* const b = first) {
                first = b->next;
                ::operator delete(b);
            }
        own_.opened_ = true;
        own_.room_ = 0;
    }

private:
    struct block
    {
        block* next;
    };

    static constexpr std::size_t step = 64;

    static constexpr std::size_t step_of(std::size_t size) noexcept
    {
        return size / step + (size % step != 0); // no sum that could be too large
    }

    /// The first block that a thread gives back finds no room yet. False if there is none now.
    [[gnu::noinline]] bool open() noexcept
    {
        if (opened_ || use_is_watched)
            return false;
        opened_ = true;
        room_ = most_kept;
        struct at_end_of_thread
        {
            ~at_end_of_thread() { keep_nothing(); }
        };
        static thread_local const at_end_of_thread then;
        static_cast<void>(then);
        return true;
    }

#if defined(__SANITIZE_ADDRESS__)
    static constexpr bool use_is_watched = true;
#elif defined(__has_feature)
    static constexpr bool use_is_watched = __has_feature(address_sanitizer);
#else
    static constexpr bool use_is_watched = false;
#endif

    static constinit thread_local block_cache own_;

    block* free_[largest / step + 1]{};
    std::size_t room_ = 0; // bytes that may be kept besides
    bool opened_ = false;
};

inline constinit thread_local block_cache block_cache::own_{};

} // namespace crier::detail

#endif
