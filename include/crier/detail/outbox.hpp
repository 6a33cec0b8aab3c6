#ifndef CRIER_DETAIL_OUTBOX_HPP
#define CRIER_DETAIL_OUTBOX_HPP

#include <crier/frame.hpp>

#include <cstddef>
#include <span>
#include <utility>

#include <sys/uio.h>

namespace crier::detail {

/// What a connection still has to write: frames in their order, the first perhaps half written.
/// Empty, it owns no memory.
class outbox
{
public:
    outbox() = default;
    outbox(const outbox&) = delete;
    outbox& operator=(const outbox&) = delete;
    ~outbox() { clear(); }

    bool empty() const noexcept { return first_ == nullptr; }

    /// Messages in frames that are not written to their end yet.
    std::size_t messages() const noexcept { return messages_; }

    /// Bytes not written yet.
    std::size_t bytes() const noexcept { return bytes_; }

    /// Appends a frame that is not empty and holds this many messages: none, if it is something of
    /// the protocol's own. Throws std::bad_alloc, and is unchanged then.
    void push(frame f, std::size_t messages)
    {
        const std::size_t size = f.size();
        *last_ = new entry{std::move(f), nullptr, messages};
        last_ = &(*last_)->next;
        bytes_ += size;
        messages_ += messages;
    }

    /// Fills `out` with what is to be written next and returns how many elements it used.
    std::size_t gather(std::span<iovec> out) const noexcept
    {
        std::size_t used = 0;
        std::size_t skip = written_;
        for (const entry* e = first_; e && used < out.size(); e = e->next) {
            const std::string_view bytes = e->content.bytes().substr(skip);
            skip = 0;
            out[used++] = {const_cast<char*>(bytes.data()), bytes.size()};
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
        for (const entry* e = first_; e && result.bytes < written_ + pinned_; e = e->next) {
            result.bytes += e->content.size();
            result.messages += e->messages;
        }
        result.bytes -= result.bytes ? written_ : 0;
        return result;
    }

    /// What drop_same_key would take out.
    part same_key(const frame& f) const noexcept
    {
        std::size_t begins = 0;
        for (const entry* e = first_; e; e = e->next) {
            const bool touched = begins < written_ + pinned_;
            begins += e->content.size();
            if (!touched && e->messages != 0 && e->content.same_key(f))
                return {e->content.size(), e->messages};
        }
        return {};
    }

    /// Takes out the oldest messages that were queued together and of which nothing is written or
    /// pinned. Returns how many they were, 0 if there are none.
    std::size_t drop_oldest() noexcept
    {
        return drop_first([](const frame&) { return true; });
    }

    /// Takes out what has the same key as this frame, and is not written or pinned. Returns how many
    /// messages they were.
    std::size_t drop_same_key(const frame& f) noexcept
    {
        return drop_first([&](const frame& queued) { return queued.same_key(f); });
    }

    /// Takes `n` written bytes away; at most bytes(). Returns how many messages were completed.
    std::size_t consume(std::size_t n) noexcept
    {
        const std::size_t before = messages_;
        pinned_ -= n < pinned_ ? n : pinned_;
        bytes_ -= n;
        written_ += n;
        while (first_ && written_ >= first_->content.size()) {
            written_ -= first_->content.size();
            pop();
        }
        return before - messages_;
    }

    void clear() noexcept
    {
        while (first_)
            pop();
        bytes_ = written_ = pinned_ = 0;
    }

private:
    struct entry
    {
        frame content;
        entry* next;
        std::size_t messages;
    };

    template <class Which>
    std::size_t drop_first(Which which) noexcept
    {
        // Where an entry begins, counted from the first byte of the first one.
        std::size_t begins = 0;
        for (entry** at = &first_; *at; at = &(*at)->next) {
            entry* const e = *at;
            const bool touched = begins < written_ + pinned_;
            begins += e->content.size();
            if (touched || e->messages == 0 || !which(e->content))
                continue;
            *at = e->next;
            if (!*at)
                last_ = at;
            const std::size_t dropped = e->messages;
            messages_ -= dropped;
            bytes_ -= e->content.size();
            delete e;
            return dropped;
        }
        return 0;
    }

    void pop() noexcept
    {
        entry* gone = first_;
        first_ = gone->next;
        if (!first_)
            last_ = &first_;
        messages_ -= gone->messages;
        delete gone;
    }

    entry* first_ = nullptr;
    entry** last_ = &first_;
    std::size_t bytes_ = 0;
    std::size_t messages_ = 0;
    std::size_t written_ = 0; // of the first frame
    std::size_t pinned_ = 0;  // bytes behind these
};

} // namespace crier::detail

#endif
