#ifndef CRIER_FRAME_HPP
#define CRIER_FRAME_HPP

#include <crier/detail/block_cache.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <utility>

namespace crier {

/// An encoded message: immutable bytes, shared by all connections that are to receive them.
///
/// A codec's `encode` makes it once; every receiver's outbox holds a reference. An empty frame
/// (`!f`) stands for "this codec cannot carry that message".
///
/// Thread safety: none, not even of copies: the count of references is a plain number. A frame stays
/// on its thread; what several threads are to have, each of them borrows.
class frame
{
public:
    frame() noexcept = default;

    /// One frame out of the given parts, in their order. Throws std::bad_alloc.
    static frame join(std::initializer_list<std::string_view> parts)
    {
        return join_all(parts, [](std::string_view part) { return part; });
    }

    /// One frame with the bytes of all of these, or the empty frame if there are none.
    /// Throws std::bad_alloc.
    static frame join(std::span<const frame> frames)
    {
        return frames.empty() ? frame()
                              : join_all(frames, [](const frame& f) { return f.bytes(); });
    }

    /// A frame of `size` bytes that `write(char*)` fills completely. Throws std::bad_alloc, and
    /// what `write` throws.
    template <class Write>
    static frame build(std::size_t size, Write&& write)
    {
        frame result(new (detail::block_cache::allocate(sizeof(block) + size))
                         block{1, false, size, nullptr});
        std::forward<Write>(write)(result.block_->data());
        return result;
    }

    /// A frame of bytes that are kept elsewhere, and stay there as they are as long as `owner`, or a
    /// copy of it, is there. Throws std::bad_alloc.
    static frame borrow(std::string_view bytes, std::shared_ptr<const void> owner)
    {
        frame result = build(sizeof(loan), [&](char* out) {
            ::new (static_cast<void*>(out)) loan{std::move(owner), bytes.data()};
        });
        result.block_->size = bytes.size();
        result.block_->borrowed = true;
        return result;
    }

    frame(const frame& other) noexcept : block_(other.block_)
    {
        if (block_)
            ++block_->references;
    }

    frame(frame&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}

    frame& operator=(frame other) noexcept
    {
        std::swap(block_, other.block_);
        return *this;
    }

    ~frame()
    {
        if (block_ && --block_->references == 0)
            destroy(block_);
    }

    /// This frame with a key that says which other frames it may take the place of (see
    /// conflate_by). Throws std::bad_alloc.
    frame with_key(std::string_view key) &&
    {
        frame result = block_->references == 1 ? std::move(*this) : join({bytes()});
        frame bytes_of_key = join({key});
        std::swap(result.block_->key, bytes_of_key.block_);
        return result;
    }

    bool has_key() const noexcept { return block_ && block_->key; }

    /// Empty if it has none.
    std::string_view key() const noexcept
    {
        return has_key() ? block_->key->view() : std::string_view();
    }

    /// True if no copy shares its bytes on this thread.
    bool is_unique() const noexcept { return !block_ || block_->references == 1; }

    /// True if both have a key, and it is the same.
    bool same_key(const frame& other) const noexcept
    {
        return has_key() && other.has_key() &&
               (block_->key == other.block_->key ||
                block_->key->view() == other.block_->key->view());
    }

    /// False for the empty frame.
    explicit operator bool() const noexcept { return block_ != nullptr; }

    /// The encoded bytes, valid as long as any copy of this frame lives.
    std::string_view bytes() const noexcept { return block_ ? block_->view() : std::string_view(); }

    /// Number of encoded bytes.
    std::size_t size() const noexcept { return block_ ? block_->size : 0; }

    friend bool operator==(const frame& a, const frame& b) noexcept
    {
        return a.block_ == b.block_ || a.bytes() == b.bytes();
    }

private:
    struct loan
    {
        std::shared_ptr<const void> owner;
        const char* bytes;
    };

    struct block
    {
        std::uint32_t references;
        bool borrowed; // the bytes are elsewhere, and a loan is here in their place
        std::size_t size;
        block* key; // or null

        std::string_view view() const noexcept
        {
            if (borrowed) [[unlikely]]
                return {const_cast<block*>(this)->lent()->bytes, size};
            return {reinterpret_cast<const char*>(this + 1), size};
        }
        char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
        loan* lent() noexcept { return std::launder(reinterpret_cast<loan*>(data())); }
    };

    explicit frame(block* owned) noexcept : block_(owned) {}

    [[gnu::noinline]] static void destroy(block* last) noexcept
    {
        const frame key(last->key); // goes too
        std::size_t size = last->size;
        if (last->borrowed) [[unlikely]] {
            std::destroy_at(last->lent());
            size = sizeof(loan);
        }
        detail::block_cache::free(last, sizeof(block) + size);
    }

    template <class Parts, class BytesOf>
    static frame join_all(const Parts& parts, BytesOf bytes_of)
    {
        std::size_t size = 0;
        for (const auto& part : parts)
            size += bytes_of(part).size();
        return build(size, [&](char* out) {
            for (const auto& part : parts) {
                const std::string_view bytes = bytes_of(part);
                if (!bytes.empty())
                    std::memcpy(out, bytes.data(), bytes.size());
                out += bytes.size();
            }
        });
    }

    block* block_ = nullptr;
};

} // namespace crier

#endif
