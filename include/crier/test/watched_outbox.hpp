#ifndef CRIER_TEST_WATCHED_OUTBOX_HPP
#define CRIER_TEST_WATCHED_OUTBOX_HPP

#include <crier/backlog.hpp>
#include <crier/detail/outbox.hpp>
#include <crier/frame.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/uio.h>

namespace crier::test::detail {

/// An outbox, and beside it a list of what must be in it.
class watched_outbox
{
public:
    struct entry
    {
        frame content;
        std::size_t messages;
    };

    watched_outbox(std::size_t max_bytes, std::size_t max_messages)
        : max_bytes_(max_bytes), max_messages_(max_messages)
    {}

    std::size_t max_bytes() const noexcept { return max_bytes_; }
    std::size_t bytes() const noexcept { return outbox_.bytes(); }

    std::size_t messages() const noexcept
    {
        std::size_t sum = 0;
        for (const entry& e : expected_)
            sum += e.messages;
        return sum;
    }

    /// For several messages in one piece; backlog::has_room says it of one.
    bool has_room_for(std::size_t bytes, std::size_t messages) const
    {
        return this->bytes() + bytes <= max_bytes_ &&
               (max_messages_ == 0 || this->messages() + messages <= max_messages_);
    }

    void push(frame f, std::size_t messages)
    {
        outbox_.push(f, messages);
        expected_.push_back({std::move(f), messages});
    }

    /// The stream takes this much. Returns how many messages that completes.
    std::size_t write(std::size_t n)
    {
        std::size_t completed = 0;
        pinned_ -= std::min(n, pinned_);
        for (written_ += n; !expected_.empty() && written_ >= expected_.front().content.size();
             expected_.pop_front())
        {
            written_ -= expected_.front().content.size();
            completed += expected_.front().messages;
        }
        counts_agree_ = outbox_.consume(n) == completed && counts_agree_;
        return completed;
    }

    void pin(std::size_t n)
    {
        pinned_ = n;
        outbox_.pin(n);
    }

    /// What has the key of this frame goes. Returns how many messages that were.
    std::size_t make_place_for(const frame& f)
    {
        const auto at = std::find_if(expected_.begin(), expected_.end(), [&](const entry& e) {
            return may_go(e) && e.content.same_key(f);
        });
        const std::size_t n = at == expected_.end() ? 0 : at->messages;
        if (n != 0)
            expected_.erase(at);
        counts_agree_ = outbox_.drop_same_key(f) == n && counts_agree_;
        return n;
    }

    /// Lives as long as this, so that a policy that keeps it does no worse than to be noticed.
    backlog& ask(std::size_t incoming_bytes)
    {
        return asked_.emplace_back(outbox_, incoming_bytes, max_bytes_, max_messages_);
    }

    /// The oldest messages that may go have gone: so many. Returns the last of them.
    entry forget(std::size_t dropped)
    {
        entry last{{}, 0};
        while (dropped != 0) {
            const auto oldest = oldest_that_may_go();
            if (oldest == expected_.end() || oldest->messages > dropped)
                break;
            last = *oldest;
            dropped -= last.messages;
            expected_.erase(oldest);
        }
        return last;
    }

    bool may_drop_more() { return oldest_that_may_go() != expected_.end(); }

    /// True if all that must be in the outbox is there, in its order, and nothing else.
    bool is_as_expected() const
    {
        std::vector<iovec> found(expected_.size() + 1);
        if (outbox_.gather(found) != expected_.size() || outbox_.messages() != messages())
            return false;
        std::size_t skip = written_, sum = 0;
        for (std::size_t i = 0; i < expected_.size(); ++i) {
            const std::string_view rest = expected_[i].content.bytes().substr(skip);
            if (found[i].iov_base != rest.data() || found[i].iov_len != rest.size())
                return false;
            skip = 0;
            sum += rest.size();
        }
        return sum == outbox_.bytes() && counts_agree_;
    }

    /// All that policies have dropped from it.
    std::size_t dropped() const
    {
        std::size_t sum = 0;
        for (const backlog& b : asked_)
            sum += b.dropped();
        return sum;
    }

private:
    /// Nothing of it is written or pinned, and it is no ping.
    bool may_go(const entry& wanted) const
    {
        std::size_t begins = 0;
        for (const entry& e : expected_) {
            if (&e == &wanted)
                return e.messages != 0 && begins >= written_ + pinned_;
            begins += e.content.size();
        }
        return false;
    }

    std::deque<entry>::iterator oldest_that_may_go()
    {
        return std::find_if(expected_.begin(), expected_.end(),
                            [&](const entry& e) { return may_go(e); });
    }

    crier::detail::outbox outbox_;
    std::size_t max_bytes_;
    std::size_t max_messages_;
    std::deque<entry> expected_;
    std::size_t written_ = 0;
    std::size_t pinned_ = 0;
    bool counts_agree_ = true;
    std::deque<backlog> asked_;
};

} // namespace crier::test::detail

#endif
