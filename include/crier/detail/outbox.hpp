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

    /// Takes `n` written bytes away; at most bytes().
    void consume(std::size_t n) noexcept
    {
        bytes_ -= n;
        written_ += n;
        while (first_ && written_ >= first_->content.size()) {
            written_ -= first_->content.size();
            pop();
        }
    }

    void clear() noexcept
    {
        while (first_)
            pop();
        bytes_ = written_ = 0;
    }

private:
    struct entry
    {
        frame content;
        entry* next;
        std::size_t messages;
    };

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
};

} // namespace crier::detail

#endif
