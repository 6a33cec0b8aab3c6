#ifndef CRIER_IMPL_DRAINER_IPP
#define CRIER_IMPL_DRAINER_IPP

#include <crier/detail/drainer.hpp>
#include <crier/detail/session_base.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace crier::detail {

CRIER_COLD CRIER_DECL void drainer::begin(clock::time_point now, const stop_options& how,
                                          std::function<void(bool)> done)
{
    const bool is_first = !done_;
    if (is_first) {
        done_ = std::move(done);
        deadline_ = told_by_ = next_told_ = clock::time_point::max();
    }
    constexpr std::chrono::milliseconds none{0};
    const auto timeout = std::clamp(how.timeout, none, deadline_list::longest);
    const auto spread = std::clamp(how.spread, none, timeout);
    deadline_ = std::min(deadline_, now + timeout);
    const auto told_by = std::min(now + spread, deadline_);
    if (told_by >= told_by_)
        return; // not sooner
    told_by_ = told_by;
    if (is_first && told_by > now)
        gather_clients();
    if (!done_)
        return; // they were all, and have gone
    // Those who are untold have the time that is left.
    std::int64_t untold = 0;
    for (const list_link* l = untold_.next; l != &untold_; l = l->next)
        ++untold;
    told_ = 0;
    spread_began_ = now;
    spread_step_ = (told_by_ - now) / std::max<std::int64_t>(untold, 1);
    tell_those_due(now);
}

CRIER_COLD CRIER_DECL void drainer::run(clock::time_point now)
{
    if (next_told_ <= now || waits_for_nobody())
        tell_those_due(now);
    if (deadline_ <= now)
        abort_all();
}

/// Who is not open yet has nothing to lose, and is told at once.
CRIER_COLD CRIER_DECL void drainer::gather_clients()
{
    list_link unready;
    for (list_link* l = sessions_.next; l != &sessions_;) {
        auto* const link = static_cast<session_link*>(l);
        l = l->next;
        const auto& s = *static_cast<session_base*>(link);
        if (s.kind() == connection_kind::client)
            link->link_last(s.stage() < phase::open ? unready : untold_);
    }
    while (unready.linked())
        tell_first_of(unready);
}

CRIER_COLD CRIER_DECL void drainer::tell_those_due(clock::time_point at)
{
    while (untold_.linked() && spread_began_ + told_ * spread_step_ <= at) {
        ++told_;
        tell_first_of(untold_);
    }
    if (!done_)
        return; // the last one has gone at once
    if (untold_.linked()) {
        // Not more often than this: each time costs a wake-up.
        constexpr std::chrono::milliseconds pace{10};
        next_told_ = std::max(spread_began_ + told_ * spread_step_, at + pace);
        return;
    }
    next_told_ = clock::time_point::max();
    told_by_ = clock::time_point::min();
    // Back ends, and whoever else is there; those that have been told already do not mind.
    while (sessions_.linked())
        static_cast<session_link*>(sessions_.next)->link_last(untold_);
    while (untold_.linked())
        tell_first_of(untold_);
}

/// It leaves the list before: what it sets off may end any other of them.
CRIER_COLD CRIER_DECL void drainer::tell_first_of(list_link& waiting) noexcept
{
    auto* const link = static_cast<session_link*>(waiting.next);
    link->link_last(sessions_);
    auto& s = *static_cast<session_base*>(link);
    try {
        s.end(error::server_stopping, close_code::going_away, "server is stopping");
    } catch (...) { // there is no memory to say so, and the others are to be told
        s.finish(error::server_stopping);
    }
}

CRIER_COLD CRIER_DECL void drainer::abort_all()
{
    next_told_ = clock::time_point::max();
    for (list_link* sessions : {&untold_, &sessions_})
        while (sessions->linked())
            static_cast<session_base*>(static_cast<session_link*>(sessions->next))
                ->finish(error::server_stopping);
}

} // namespace crier::detail

#endif
