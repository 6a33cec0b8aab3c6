#ifndef CRIER_DETAIL_OUTBOX_HPP
#define CRIER_DETAIL_OUTBOX_HPP

#include <crier/detail/block_cache.hpp>
#include <crier/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <sys/uio.h>

namespace crier::detail {

/// What a connection still has to write: frames in their order, the first perhaps half written. A
/// ring of entries, of which the first few have their place in the object: most connections have none
/// or one. More have an array that goes when it is empty; so, empty, it owns no memory.
class outbox
{
public:
    outbox() noexcept {} // leaves the places of entries as they are
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;
    ~outbox() { clear(); }

    bool empty() const noexcept { return count_ == 0; }

    /// Messages in frames that are not written to their end yet.
    std::size_t messages() const noexcept { return messages_; }

    /// Bytes not written yet.
    std::size_t bytes() const noexcept { return bytes_; }

    /// Appends a frame that is not empty and holds this many messages: none, if it is something of
    /// the protocol's own. Throws std::bad_alloc, and is unchanged then.
    void push(const frame& f, std::size_t messages)
    {
        if (count_ == capacity_)
            grow();
        const std::size_t size = f.size();
        ::new (static_cast<void*>(at(count_))) entry{f, messages};
        ++count_;
        bytes_ += size;
        messages_ += messages;
    }

    /// Fills `out` with what is to be written next and returns how many elements it used.
    std::size_t gather(std::span<iovec> out) const noexcept
    {
        const std::size_t used = std::min<std::size_t>(count_, out.size());
        for (std::uint32_t i = 0; i < used; ++i) {
            const std::string_view bytes = at(i)->content.bytes();
            out[i] = {const_cast<char*>(bytes.data()), bytes.size()};
        }
        if (used != 0) {
            out[0].iov_base = static_cast<char*>(out[0].iov_base) + written_;
            out[0].iov_len -= written_;
        }
        return used;
    }

    /// What is next must be offered to the stream again as it is, so many bytes at least: a TLS
    /// stream has encrypted them already.
    void pin(std::size_t n) noexcept { pinned_ = n; }

    /// A part of what is queued.
    struct part
    {
        std::size_t bytes = 0; // not written yet
        std::size_t messages = 0;
    };

    /// What is in front and cannot be taken out: it is written in part, or pinned.
    part begun() const noexcept
    {
        part result;
        for (std::uint32_t i = 0; i < count_ && result.bytes < written_ + pinned_; ++i) {
            result.bytes += at(i)->content.size();
            result.messages += at(i)->messages;
        }
        result.bytes -= result.bytes ? written_ : 0;
        return result;
    }

    /// What drop_same_key would take out.
    part same_key(const frame& f) const noexcept
    {
        const std::uint32_t i = find([&](const frame& queued) { return queued.same_key(f); });
        return i == count_ ? part() : part{at(i)->content.size(), at(i)->messages};
    }

    /// Takes out the oldest messages that were queued together and of which nothing is written or
    /// pinned. Returns how many they were, 0 if there are none.
    std::size_t drop_oldest() noexcept
    {
        return drop(find([](const frame&) { return true; }));
    }

    /// Takes out what has the same key as this frame, and is not written or pinned. Returns how many
    /// messages they were.
    std::size_t drop_same_key(const frame& f) noexcept
    {
        return drop(find([&](const frame& queued) { return queued.same_key(f); }));
    }

    /// Sees to it that no frame shares its count of references with others, so that the outbox can
    /// go to another thread. Throws std::bad_alloc; what is done by then stays done.
    void unshare()
    {
        for (std::uint32_t i = 0; i < count_; ++i) {
            frame& f = at(i)->content;
            if (!f.is_unique())
                f = f.has_key() ? frame::join({f.bytes()}).with_key(f.key())
                                : frame::join({f.bytes()});
        }
    }

    /// Takes `n` written bytes away; at most bytes(). Returns how many messages were completed.
    std::size_t consume(std::size_t n) noexcept
    {
        const std::size_t before = messages_;
        pinned_ -= n < pinned_ ? n : pinned_;
        bytes_ -= n;
        written_ += n;
        while (count_ != 0 && written_ >= at(0)->content.size()) {
            written_ -= at(0)->content.size();
            pop();
        }
        if (count_ == 0)
            let_go();
        return before - messages_;
    }

    void clear() noexcept
    {
        while (count_ != 0)
            pop();
        let_go();
        bytes_ = written_ = pinned_ = 0;
    }

private:
    struct entry
    {
        frame content;
        std::size_t messages;
    };

    static constexpr std::uint32_t own = 2;

    entry* at(std::uint32_t i) noexcept { return places() + ((first_ + i) & (capacity_ - 1)); }
    const entry* at(std::uint32_t i) const noexcept { return const_cast<outbox*>(this)->at(i); }

    entry* places() noexcept { return more_ ? more_ : reinterpret_cast<entry*>(own_); }

    void grow()
    {
        const std::uint32_t wider = capacity_ == own ? 16 : capacity_ * 2;
        auto* const to = static_cast<entry*>(block_cache::allocate(wider * sizeof(entry)));
        for (std::uint32_t i = 0; i < count_; ++i) {
            ::new (static_cast<void*>(to + i)) entry{std::move(*at(i))};
            std::destroy_at(at(i));
        }
        let_go();
        more_ = to;
        capacity_ = wider;
        first_ = 0;
    }

    void let_go() noexcept
    {
        if (more_)
            block_cache::free(more_, capacity_ * sizeof(entry));
        more_ = nullptr;
        capacity_ = own;
        first_ = 0;
    }

    void pop() noexcept
    {
        messages_ -= at(0)->messages;
        std::destroy_at(at(0));
        first_ = (first_ + 1) & (capacity_ - 1);
        --count_;
    }

    /// The first entry of messages that is not written or pinned, and is wanted; or count_.
    template <class Wanted>
    std::uint32_t find(Wanted wanted) const noexcept
    {
        std::size_t begins = 0; // counted from the first byte of the first entry
        std::uint32_t i = 0;
        for (; i < count_; ++i) {
            const bool touched = begins < written_ + pinned_;
            begins += at(i)->content.size();
            if (!touched && at(i)->messages != 0 && wanted(at(i)->content))
                break;
        }
        return i;
    }

    std::size_t drop(std::uint32_t which) noexcept
    {
        if (which == count_)
            return 0;
        const std::size_t dropped = at(which)->messages;
        messages_ -= dropped;
        bytes_ -= at(which)->content.size();
        if (which < count_ / 2) { // the shorter way
            for (std::uint32_t i = which; i != 0; --i)
                std::swap(*at(i), *at(i - 1));
            std::destroy_at(at(0));
            first_ = (first_ + 1) & (capacity_ - 1);
        } else {
            for (std::uint32_t i = which; i + 1 != count_; ++i)
                std::swap(*at(i), *at(i + 1));
            std::destroy_at(at(count_ - 1));
        }
        if (--count_ == 0)
            let_go();
        return dropped;
    }

    alignas(entry) unsigned char own_[own * sizeof(entry)];
    entry* more_ = nullptr; // in place of these, if not null
    std::uint32_t capacity_ = own;
    std::uint32_t first_ = 0;
    std::uint32_t count_ = 0;
    std::size_t bytes_ = 0;
    std::size_t messages_ = 0;
    std::size_t written_ = 0; // of the first frame
    std::size_t pinned_ = 0;  // bytes behind these
};

} // namespace crier::detail

#endif
