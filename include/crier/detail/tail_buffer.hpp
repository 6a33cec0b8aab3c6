#ifndef CRIER_DETAIL_TAIL_BUFFER_HPP
#define CRIER_DETAIL_TAIL_BUFFER_HPP

#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <utility>

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

    /// Copies the bytes to `out`, which has room for size(), or is where they are.
    void copy_to(char* out) const noexcept
    {
        if (block_ && out != content())
            std::memcpy(out, content(), block_->size);
    }

    /// Where the bytes are, with room for so many more behind them. Throws std::bad_alloc.
    char* extend(std::size_t more)
    {
        if (const std::size_t old = size(); !block_ || block_->capacity - old < more) {
            tail_buffer larger;
            larger.make_room((old + more) * 2);
            copy_to(larger.content());
            larger.block_->size = old;
            std::swap(block_, larger.block_);
        }
        return content();
    }

    /// Keeps a copy of these bytes in place of the old ones. They may be some of those that
    /// extend() has given room. Throws std::bad_alloc.
    void assign(std::span<const char> bytes)
    {
        if (bytes.empty())
            return clear();
        if (block_ && block_->capacity >= bytes.size()) {
            if (bytes.data() != content())
                std::memmove(content(), bytes.data(), bytes.size());
            block_->size = bytes.size();
            return;
        }
        tail_buffer larger;
        larger.make_room(bytes.size() * 2); // it will grow further
        std::memcpy(larger.content(), bytes.data(), bytes.size());
        larger.block_->size = bytes.size();
        std::swap(block_, larger.block_);
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

    char* content() const noexcept { return reinterpret_cast<char*>(block_ + 1); }

    void make_room(std::size_t capacity)
    {
        block_ = new (::operator new(sizeof(block) + capacity)) block{0, capacity};
    }

    block* block_ = nullptr;
};

} // namespace crier::detail

#endif
