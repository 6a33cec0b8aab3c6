#ifndef CRIER_DETAIL_TURN_QUEUE_HPP
#define CRIER_DETAIL_TURN_QUEUE_HPP

namespace crier::detail {

/// A place among those who wait for their turn, at most one queue's at a time.
struct turn_link
{
    turn_link* next_in_turn = nullptr;
};

/// Those who wait for their turn, in the order in which they came.
class turn_queue
{
public:
    turn_queue() = default;
    turn_queue(const turn_queue&) = delete;
    turn_queue& operator=(const turn_queue&) = delete;

    bool empty() const noexcept { return first_ == nullptr; }

    void push(turn_link& l) noexcept
    {
        l.next_in_turn = nullptr;
        *end_ = &l;
        end_ = &l.next_in_turn;
    }

    /// The first, which leaves; there is one.
    turn_link& pop() noexcept
    {
        turn_link& l = *first_;
        first_ = l.next_in_turn;
        if (!first_)
            end_ = &first_;
        return l;
    }

    /// All, linked with each other; or null.
    turn_link* take_all() noexcept
    {
        turn_link* const l = first_;
        first_ = nullptr;
        end_ = &first_;
        return l;
    }

    /// Where the link to the first stands, and where that to the next one that comes will stand: from
    /// here to there are those who are there now.
    turn_link** begin() noexcept { return &first_; }
    turn_link** end() noexcept { return end_; }

private:
    turn_link* first_ = nullptr;
    turn_link** end_ = &first_;
};

} // namespace crier::detail

#endif
