#ifndef CRIER_DETAIL_DEADLINE_LIST_HPP
#define CRIER_DETAIL_DEADLINE_LIST_HPP

#include <crier/detail/intrusive_list.hpp>

#include <chrono>

namespace crier::detail {

using clock = std::chrono::steady_clock;

/// A place in a deadline list. Its owner is told which one it is by the hook's address.
struct deadline_hook : list_link
{
    clock::time_point due{};
};

/// Deadlines that all lie the same duration after they were set. So the list is in order without
/// any sorting: setting, moving and clearing one costs the same few writes whatever the length. It
/// knows no clock: time comes in as an argument.
class deadline_list
{
public:
    /// Long enough for "never", and short enough to be added to any time.
    static constexpr std::chrono::milliseconds longest{std::chrono::hours(24 * 365 * 100)};

    explicit deadline_list(clock::duration after) noexcept : after_(after) {}

    clock::duration after() const noexcept { return after_; }
    bool empty() const noexcept { return !head_.linked(); }

    /// Sets or moves a deadline to `now + after()`.
    void set(deadline_hook& hook, clock::time_point now) noexcept
    {
        hook.due = now + after_;
        hook.link_last(head_);
    }

    /// The earliest deadline; only if not empty.
    clock::time_point earliest() const noexcept
    {
        return static_cast<const deadline_hook*>(head_.next)->due;
    }

    /// Takes out the earliest deadline that is due, or returns null.
    deadline_hook* take_due(clock::time_point now) noexcept
    {
        if (empty() || earliest() > now)
            return nullptr;
        auto* hook = static_cast<deadline_hook*>(head_.next);
        hook->unlink();
        return hook;
    }

private:
    clock::duration after_;
    list_link head_;
};

} // namespace crier::detail

#endif
