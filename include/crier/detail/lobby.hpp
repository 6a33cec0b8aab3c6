#ifndef CRIER_DETAIL_LOBBY_HPP
#define CRIER_DETAIL_LOBBY_HPP

#include <crier/detail/deadline_list.hpp>
#include <crier/detail/time_share.hpp>
#include <crier/detail/turn_queue.hpp>

#include <array>
#include <cstddef>

namespace crier::detail {

/// Those who come or go: who has yet to say who it is, and who has ended its side. Of them there may
/// be any number at once, and who is known and stays does not wait for all of them: each turn begins
/// with a time share for them. While they are few they have it in the order in which they came: who says
/// who it is and is then pushed to is there.
class lobby
{
public:
    static constexpr std::size_t few = 32;

    enum kind : unsigned char { backend, client, leaving };

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    /// So many wait that no more of that kind should be let in before.
    bool is_crowded(kind by) const noexcept { return !crowds_[by].empty(); }

    /// Many of one kind do not wait for those of another.
    void push(turn_link& l, kind k) noexcept
    {
        const bool joins_few = size_ < few && size_ == few_count_;
        few_count_ += joins_few;
        (joins_few ? few_ : crowds_[k]).push(l);
        ++size_;
    }

    /// The next one, which leaves; there is one.
    turn_link& pop() noexcept
    {
        if (--size_ == 0)
            share_.done();
        if (few_count_ != 0) {
            --few_count_;
            return few_.pop();
        }
        do
            last_ = last_ == leaving ? backend : static_cast<kind>(last_ + 1);
        while (crowds_[last_].empty());
        return crowds_[last_].pop();
    }

    /// Until when they may be read from in the turn that has come to them now.
    clock::time_point open(clock::time_point now) const noexcept { return share_.until(now); }

    /// Some are left, and wait for the next turn, which comes at once.
    void close(clock::time_point now) noexcept { share_.cut_off(now); }

private:
    turn_queue few_;
    std::array<turn_queue, 3> crowds_; // those behind them
    std::size_t size_ = 0;
    std::size_t few_count_ = 0;
    time_share share_;
    kind last_ = leaving; // who came from a crowd
};

} // namespace crier::detail

#endif
