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
    const auto timeout = std::min(how.timeout, deadline_list::longest);
    const auto spread = std::min(how.spread, timeout);
    if (!done_)
        done_ = std::move(done);
    else if (now + timeout >= deadline_ && (spread > spread.zero() || !untold_.linked()))
        return; // not shorter
    deadline_ = std::min(deadline_, now + timeout);
    if (spread <= spread.zero()) {
        next_told_ = clock::time_point::max();
        tell_all(untold_);
        tell_all(sessions_);
    } else if (!untold_.linked()) {
        begin_spread(now, spread);
    }
}

CRIER_COLD CRIER_DECL void drainer::run(clock::time_point now)
{
    if (next_told_ <= now)
        go_on_spreading(now);
    if (deadline_ <= now)
        abort_all();
}

CRIER_COLD CRIER_DECL void drainer::begin_spread(clock::time_point at, clock::duration spread)
{
    std::int64_t clients = 0;
    for (list_link* l = sessions_.next; l != &sessions_;) {
        auto* const link = static_cast<session_link*>(l);
        l = l->next;
        auto* const s = static_cast<session_base*>(link);
        if (s->kind() != connection_kind::client)
            continue;
        if (s->stage() < phase::open) {
            tell(*s);
        } else {
            link->link_last(untold_);
            ++clients;
        }
    }
    told_ = 0;
    spread_began_ = at;
    spread_step_ = clients ? spread / clients : spread;
    go_on_spreading(at);
}

CRIER_COLD CRIER_DECL void drainer::go_on_spreading(clock::time_point at)
{
    while (untold_.linked() && spread_began_ + told_ * spread_step_ <= at) {
        auto* const link = static_cast<session_link*>(untold_.next);
        link->link_last(sessions_);
        ++told_;
        tell(*static_cast<session_base*>(link));
    }
    if (untold_.linked()) {
        // Not more often than this: each time costs a wake-up.
        constexpr std::chrono::milliseconds pace{10};
        next_told_ = std::max(spread_began_ + told_ * spread_step_, at + pace);
    } else {
        next_told_ = clock::time_point::max();
        tell_all(sessions_); // back ends, and whoever else is there
    }
}

/// Those that have been told already do not mind.
CRIER_COLD CRIER_DECL void drainer::tell_all(list_link& sessions)
{
    for (list_link* l = sessions.next; l != &sessions;) {
        auto* const s = static_cast<session_base*>(static_cast<session_link*>(l));
        l = l->next; // it may be over at once
        tell(*s);
    }
}

CRIER_COLD CRIER_DECL void drainer::tell(session_base& s) noexcept
{
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
