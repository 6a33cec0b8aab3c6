#ifndef CRIER_DETAIL_TAIL_BUFFER_HPP
#define CRIER_DETAIL_TAIL_BUFFER_HPP

#include <cstddef>
#include <cstring>
#include <new>
#include <span>

namespace crier::detail {

/// The bytes that a decoder left for its next turn. Most connections have none nearly always, so it
/// is one pointer, and empty it owns nothing.
class tail_buffer
{
public:
    tail_buffer() = default;
    tail_buffer(const tail_buffer&) = delete;
    tail_buffer& operator=(const tail_buffer&) = delete;
    ~tail_buffer() { clear(); }

    std::size_t size() const noexcept { return block_ ? block_->size : 0; }

    /// Copies the bytes to `out`, which has room for size().
    void copy_to(char* out) const noexcept
    {
        if (block_)
            std::memcpy(out, block_ + 1, block_->size);
    }

    /// Keeps a copy of these bytes in place of the old ones. Throws std::bad_alloc.
    void assign(std::span<const char> bytes)
    {
        if (!block_ || block_->capacity < bytes.size()) {
            clear();
            if (bytes.empty())
                return;
            const std::size_t capacity = bytes.size() * 2; // it will grow further
            block_ = new (::operator new(sizeof(block) + capacity)) block{0, capacity};
        } else if (bytes.empty()) {
            return clear();
        }
        std::memcpy(block_ + 1, bytes.data(), bytes.size());
        block_->size = bytes.size();
    }

    void clear() noexcept
    {
        ::operator delete(block_);
        block_ = nullptr;
    }

private:
    struct block
    {
        std::size_t size;
        std::size_t capacity;
    };

    block* block_ = nullptr;
};

} // namespace crier::detail

#endif
