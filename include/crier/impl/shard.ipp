#ifndef CRIER_IMPL_SHARD_IPP
#define CRIER_IMPL_SHARD_IPP

#include <crier/detail/poller.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace crier::detail {

CRIER_COLD CRIER_DECL shard::shard(executor ex)
    : executor_(ex),
      poller_(boost::asio::use_service<poller>(ex.context())),
      timer_(ex,
             [this] {
                 boost::asio::post(executor_,
                                   [self = shared_from_this()] { self->run_deadlines(); });
             }),
      doorbell_(ex, [this] {
          boost::asio::post(executor_, [self = shared_from_this()] { self->run_tasks(); });
      })
{}

CRIER_COLD CRIER_DECL shard::~shard()
{
    poller_.forget(*this);
    while (active_)
        std::exchange(active_, active_->next_active_)->active_ = false;
    delete_buried();
}

/// Long enough for "never", and short enough to be added to any time.
inline constexpr std::chrono::milliseconds longest{std::chrono::hours(24 * 365 * 100)};

CRIER_COLD CRIER_DECL deadline_list* shard::list_for(std::chrono::milliseconds after)
{
    if (after <= after.zero())
        return nullptr;
    after = std::min(after, longest);
    for (const auto& list : deadlines_)
        if (list->after() == after)
            return list.get();
    return deadlines_.emplace_back(std::make_unique<deadline_list>(after)).get();
}

CRIER_COLD CRIER_DECL void shard::prepare(role& r)
{
    const limits& options = r.options();
    r.handshake_deadlines = list_for(options.handshake_timeout);
    r.uid_deadlines = list_for(options.uid_timeout);
    r.message_deadlines = list_for(options.message_timeout);
    r.idle_deadlines = list_for(options.ping_interval);
    r.stall_deadlines = list_for(options.write_stall_timeout);
    r.close_deadlines = list_for(options.close_timeout);
    // Limits whose sum no memory can hold make resize throw.
    const std::size_t most = r.max_unfinished_bytes +
                             std::min(options.max_turn_bytes, SIZE_MAX - r.max_unfinished_bytes);
    if (scratch_.size() < most)
        scratch_.resize(most);
}

CRIER_DECL void shard::set_deadline(deadline_list* list, deadline_hook& hook)
{
    if (!list) {
        hook.unlink();
        return;
    }
    list->set(hook, now());
    if (hook.due < armed_for_)
        arm_timer();
}

CRIER_DECL void shard::arm_timer()
{
    clock::time_point earliest = std::min({drain_deadline_, next_told_, share_.pause_ends()});
    for (const auto& list : deadlines_)
        if (!list->empty() && list->earliest() < earliest)
            earliest = list->earliest();
    armed_for_ = earliest;
    if (earliest == clock::time_point::max())
        timer_.cancel();
    else
        timer_.set(earliest - advanced_);
}

CRIER_DECL void shard::run_deadlines()
{
    const clock::time_point at = now();
    for (const auto& list : deadlines_)
        while (deadline_hook* due = list->take_due(at)) {
            auto* const s = static_cast<session_base*>(due);
            s->guarded([s] { s->on_deadline(); });
        }
    if (share_.pause_ends() <= at) {
        share_.end_pause();
        try {
            schedule_turn();
        } catch (const std::bad_alloc&) {
            share_.pause_until(at + share_.least_pause);
        }
    }
    if (next_told_ <= at)
        go_on_spreading(at);
    if (drain_deadline_ <= at)
        abort_all();
    arm_timer();
}

CRIER_COLD CRIER_DECL void shard::advance(clock::duration by)
{
    advanced_ += by;
    run_deadlines();
}

CRIER_DECL void shard::add(session_base& s)
{
    static_cast<session_link&>(s).link_last(sessions_);
    ++session_count_;
    ++counts.accepted;
    ++counts.connections;
}

CRIER_DECL void shard::bury(session_base& s) noexcept
{
    static_cast<session_link&>(s).link_last(buried_);
    if (s.parked_)
        forget_parked(s);
    schedule_turn();
    --session_count_;
    --counts.connections;
    if (session_count_ != 0)
        return;
    end_drain();
    arm_timer(); // no deadline is left: it would keep the io_context running for nothing
}

CRIER_DECL void shard::delete_buried() noexcept
{
    for (list_link* l = buried_.next; l != &buried_;) {
        auto* const s = static_cast<session_base*>(static_cast<session_link*>(l));
        l = l->next;
        if (!s->active_) // else it stands in the list for the next turn
            delete s;
    }
}

CRIER_DECL void shard::schedule_turn()
{
    if (turn_scheduled_)
        return;
    if (!poller_.call_back(*this))
        boost::asio::post(executor_, [self = shared_from_this()] { self->turn(); });
    turn_scheduled_ = true;
}

CRIER_DECL void shard::activate(session_base& s)
{
    if (s.active_)
        return;
    s.active_ = true;
    s.next_active_ = nullptr;
    *active_end_ = &s;
    active_end_ = &s.next_active_;
    schedule_turn();
}

CRIER_DECL void shard::turn()
{
    // What gets active while it lasts is for its second half or, at the end, for the next one: that is
    // scheduled only then.
    struct next_turn
    {
        shard& self;
        ~next_turn()
        {
            self.turn_scheduled_ = false;
            try {
                if (self.active_ || self.buried_.linked() || self.may_unpark())
                    self.schedule_turn();
            } catch (const std::bad_alloc&) { // whoever gets active next tries again
                if (self.may_unpark()) {
                    self.share_.pause_until(self.now() + self.share_.least_pause);
                    self.arm_timer();
                }
            }
        }
    } const guard{*this};
    ++turns_;
    if (may_unpark())
        unpark_some(); // behind those who have just become ready

    // Reading may make others active, receivers mostly: they stand behind those of the first half
    // and take part in the second only.
    session_base** const readers_end = active_end_;
    for (session_base** at = &active_; at != readers_end; at = &(*at)->next_active_)
        if ((*at)->readable_ && !(*at)->parked_ && (*at)->wants_to_read())
            read(**at);
    deliver_collected(true); // may throw: what is still to be done in this turn is for the next one
    if (others)
        others->ship();

    // What gets active from here on is for the next turn.
    session_base* s = std::exchange(active_, nullptr);
    active_end_ = &active_;
    while (s) {
        session_base* const following = s->next_active_;
        if (following) { // with thousands of receivers it is in no cache any more
            const char* const soon = reinterpret_cast<const char*>(&following->shard_);
            __builtin_prefetch(soon);
            __builtin_prefetch(soon + 64);
            __builtin_prefetch(soon + 128);
        }
        s->active_ = false;
        if (s->phase_ >= phase::closing)
            s->depart();
        s->guarded([s] { s->write_turn(); });
        if (s->readable_ && !s->parked_ && s->wants_to_read())
            read_later(*s);
        s = following;
    }
    if (others)
        others->move_out();
    delete_buried();
}

CRIER_DECL void shard::read(session_base& s)
{
    if (!s.greedy_)
        return s.guarded([&s] { s.read_turn(); });
    s.greedy_ = false;
    const clock::time_point begin = now();
    s.guarded([&s] { s.read_turn(); });
    share_.spent(begin, now(), s.role_->options().max_read_share);
    if (s.late_)
        s.guarded([&s] { s.on_deadline(); });
}

CRIER_DECL void shard::read_later(session_base& s)
{
    if (!s.paced_)
        return activate(s);
    s.greedy_ = true;
    try {
        parked_.push_back({&s, now()});
        s.parked_ = true;
    } catch (const std::bad_alloc&) {
        activate(s);
    }
}

CRIER_DECL void shard::unpark_some()
{
    const clock::time_point at = now();
    const std::size_t most = share_.take(at, parked_.front().who->role_->options().max_read_share);
    if (most == 0) {
        ++counts.read_pauses;
        return arm_timer();
    }
    const auto end = parked_.begin() + static_cast<std::ptrdiff_t>(std::min(most, parked_.size()));
    for (auto each = parked_.begin(); each != end; ++each) {
        each->who->parked_ = false;
        each->who->has_waited(at - each->since);
        activate(*each->who);
    }
    parked_.erase(parked_.begin(), end);
    if (parked_.empty())
        share_.end_pause();
}

CRIER_COLD CRIER_DECL void shard::forget_parked(session_base& s) noexcept
{
    parked_.erase(std::find_if(parked_.begin(), parked_.end(),
                               [&s](const parked& each) { return each.who == &s; }));
    s.parked_ = false;
    if (parked_.empty())
        share_.end_pause();
}

CRIER_COLD CRIER_DECL void shard::take_in(session_base& s) noexcept
{
    static_cast<session_link&>(s).link_last(sessions_);
    ++session_count_;
    ++counts.connections;
}

CRIER_COLD CRIER_DECL void shard::let_go(session_base& s)
{
    static_cast<session_link&>(s).unlink();
    if (s.parked_)
        forget_parked(s);
    s.greedy_ = false;
    --session_count_;
    --counts.connections;
    if (session_count_ == 0)
        arm_timer(); // as in bury()
}

CRIER_DECL void shard::submit(task& t) noexcept
{
    if (mailbox_.put(t, mailbox::by_post))
        boost::asio::post(executor_, [self = shared_from_this()] { self->run_tasks(); });
}

CRIER_DECL void shard::run_tasks()
{
    // Comes back for what may be left: a task may throw, as any handler of the io_context, or there
    // is too much for once.
    struct next_time
    {
        shard& self;
        bool needed = true;
        ~next_time()
        {
            if (needed)
                boost::asio::post(self.executor_,
                                  [s = self.shared_from_this()] { s->run_tasks(); });
        }
    } guard{*this};

    // Bounded, so that threads that submit without a pause starve no connection.
    constexpr int most_at_once = 256;
    constexpr std::uint64_t most_messages = 4096;
    const std::uint64_t queued_before = counts.messages_queued;
    mailbox_.awake();
    for (int i = 0; i < most_at_once && counts.messages_queued - queued_before < most_messages; ++i)
    {
        const std::unique_ptr<task> owned(mailbox_.take());
        if (!owned) {
            // A thread that is just about to put one may wake us in a way that goes unheard.
            guard.needed = !mailbox_.empty();
            return;
        }
        if (!abandoned_)
            owned->run();
    }
}

CRIER_COLD CRIER_DECL void shard::busy_poll(std::chrono::microseconds length) noexcept
{
    poller_.busy_poll(length);
}

CRIER_COLD CRIER_DECL void shard::do_tasks()
{
    while (const std::unique_ptr<task> owned{mailbox_.take()})
        owned->run();
}

CRIER_COLD CRIER_DECL void shard::drop_tasks()
{
    while (const std::unique_ptr<task> dropped{mailbox_.take()}) {
    }
}

CRIER_COLD CRIER_DECL void shard::drain(const stop_options& how, std::function<void(bool)> done)
{
    const clock::time_point at = now();
    const auto timeout = std::min(how.timeout, longest);
    const auto spread = std::min(how.spread, timeout);
    if (!drained_)
        drained_ = std::move(done);
    else if (at + timeout >= drain_deadline_ && (spread > spread.zero() || !untold_.linked()))
        return; // not shorter
    drain_deadline_ = std::min(drain_deadline_, at + timeout);
    if (spread <= spread.zero()) {
        next_told_ = clock::time_point::max();
        tell_all(untold_);
        tell_all(sessions_);
    } else if (!untold_.linked()) {
        begin_spread(at, spread);
    }
    if (session_count_ == 0)
        end_drain();
    arm_timer();
}

CRIER_COLD CRIER_DECL void shard::begin_spread(clock::time_point at, clock::duration spread)
{
    std::int64_t clients = 0;
    for (list_link* l = sessions_.next; l != &sessions_;) {
        auto* const link = static_cast<session_link*>(l);
        l = l->next;
        auto* const s = static_cast<session_base*>(link);
        if (s->kind() != connection_kind::client)
            continue;
        if (s->stage() < phase::open) {
            s->end(error::server_stopping, close_code::going_away, "server is stopping");
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

CRIER_COLD CRIER_DECL void shard::go_on_spreading(clock::time_point at)
{
    while (untold_.linked() && spread_began_ + told_ * spread_step_ <= at) {
        auto* const link = static_cast<session_link*>(untold_.next);
        link->link_last(sessions_);
        ++told_;
        static_cast<session_base*>(link)->end(error::server_stopping, close_code::going_away,
                                              "server is stopping");
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
CRIER_COLD CRIER_DECL void shard::tell_all(list_link& sessions)
{
    for (list_link* l = sessions.next; l != &sessions;) {
        auto* const s = static_cast<session_base*>(static_cast<session_link*>(l));
        l = l->next; // it may be over at once
        s->end(error::server_stopping, close_code::going_away, "server is stopping");
    }
}

CRIER_COLD CRIER_DECL void shard::end_drain()
{
    if (!drained_)
        return;
    const bool in_time = now() < std::exchange(drain_deadline_, clock::time_point::max());
    next_told_ = clock::time_point::max();
    boost::asio::post(
        executor_, [self = shared_from_this(), done = std::exchange(drained_, nullptr), in_time] {
            if (!self->abandoned_)
                done(in_time);
        });
}

CRIER_COLD CRIER_DECL void shard::abort_all()
{
    next_told_ = clock::time_point::max();
    for (list_link* sessions : {&untold_, &sessions_})
        while (sessions->linked())
            static_cast<session_base*>(static_cast<session_link*>(sessions->next))
                ->finish(error::server_stopping);
}

} // namespace crier::detail

#endif
