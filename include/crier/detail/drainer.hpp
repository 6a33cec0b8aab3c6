#ifndef CRIER_DETAIL_DRAINER_HPP
#define CRIER_DETAIL_DRAINER_HPP

#include <crier/config.hpp>
#include <crier/detail/deadline_list.hpp>
#include <crier/detail/intrusive_list.hpp>
#include <crier/stop_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace crier::detail {

class session_base;

/// Closes all sessions of a shard (1001): at once, or the clients one after the other over a time, and
/// back ends last. What is not over by then is cut off. It is a part of its shard, and what it does to
/// sessions needs both: shard.hpp brings the definitions (impl/drainer.ipp).
class drainer
{
public:
    /// Clients that are still to be told stand in a list of its own meanwhile.
    explicit drainer(list_link& sessions) noexcept : sessions_(sessions) {}

    /// While a drain goes on, another may only make it shorter, and its `done` is not called.
    CRIER_DECL void begin(clock::time_point now, const stop_options& how,
                          std::function<void(bool)> done);

    /// When run() has something to do; time_point::max() for never.
    clock::time_point due() const noexcept
    {
        return waits_for_nobody() ? clock::time_point{} : std::min(deadline_, next_told_);
    }
    CRIER_DECL void run(clock::time_point now);

    /// Those who were still to be told have gone by themselves: it is the others' time.
    bool waits_for_nobody() const noexcept
    {
        return next_told_ != clock::time_point::max() && !untold_.linked();
    }

    /// Ends every session at once.
    CRIER_DECL void abort_all();

    bool goes_on() const noexcept { return done_ != nullptr; }

    /// The last session is gone. Returns what is to be told of that, and whether it was in time.
    std::pair<std::function<void(bool)>, bool> end(clock::time_point now)
    {
        next_told_ = clock::time_point::max();
        const bool in_time = now < std::exchange(deadline_, clock::time_point::max());
        return {std::exchange(done_, nullptr), in_time};
    }

private:
    CRIER_DECL void gather_clients();
    CRIER_DECL void tell_those_due(clock::time_point at);
    CRIER_DECL void tell_first_of(list_link& waiting) noexcept;

    list_link& sessions_;
    std::function<void(bool)> done_; // not null while it goes on
    clock::time_point deadline_ = clock::time_point::max();
    clock::time_point told_by_ = clock::time_point::max(); // all; min() if they have been

    // A drain that is spread: the clients that are not told yet, how many have been, since when, and
    // when it is the next one's time.
    list_link untold_;
    std::int64_t told_ = 0;
    clock::time_point spread_began_{};
    clock::duration spread_step_{};
    clock::time_point next_told_ = clock::time_point::max();
};

} // namespace crier::detail

#endif
