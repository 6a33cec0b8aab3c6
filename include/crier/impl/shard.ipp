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
      timer_(ex, [this] { schedule_deadlines(); }),
      doorbell_(ex, [this] { schedule_tasks(); })
{}

CRIER_COLD CRIER_DECL shard::~shard()
{
    poller_.forget(*this);
    while (!active_.empty())
        static_cast<session_base&>(active_.pop()).active_ = false;
    while (!lobby_.empty())
        static_cast<session_base&>(lobby_.pop()).active_ = false;
    delete_buried();
}

CRIER_COLD CRIER_DECL deadline_list* shard::list_for(std::chrono::milliseconds after)
{
    if (after <= after.zero())
        return nullptr;
    after = std::min(after, deadline_list::longest);
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
    clock::time_point earliest = std::min(drainer_.due(), share_.pause_ends());
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
    struct next_time // whatever is thrown
    {
        shard& self;
        ~next_time() { self.arm_timer(); }
    } const guard{*this};
    const clock::time_point at = now();
    for (const auto& list : deadlines_)
        while (deadline_hook* due = list->take_due(at)) {
            auto* const s = static_cast<session_base*>(due);
            s->guarded([s] { s->on_deadline(); });
        }
    if (share_.pause_ends() <= at) {
        share_.end_pause();
        schedule_turn();
    }
    drainer_.run(at);
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
    if (drainer_.waits_for_nobody())
        arm_timer();
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

CRIER_DECL void shard::schedule_turn() noexcept
{
    if (std::exchange(turn_scheduled_, true) || poller_.call_back(*this))
        return;
    boost::asio::post(executor_, kept_handler(turn_memory_, [self = shared_from_this()] {
                          if (self->lobby_.empty())
                              self->turn();
                          else // who has become ready since has not to wait for all of them
                              self->poller_.poll_for(*self);
                      }));
}

CRIER_DECL void shard::schedule_deadlines() noexcept
{
    if (std::exchange(deadlines_scheduled_, true))
        return;
    boost::asio::post(executor_, kept_handler(deadlines_memory_, [self = shared_from_this()] {
                          self->deadlines_scheduled_ = false;
                          try {
                              self->poller_.poll_all(); // who has spoken in time is not late
                          } catch (...) {
                              self->schedule_deadlines();
                              throw;
                          }
                          self->run_deadlines();
                      }));
}

CRIER_DECL void shard::schedule_tasks() noexcept
{
    if (tasks_scheduled_.exchange(true, std::memory_order_acq_rel))
        return;
    boost::asio::post(executor_, kept_handler(tasks_memory_, [self = shared_from_this()] {
                          self->tasks_scheduled_.store(false, std::memory_order_release);
                          self->run_tasks();
                      }));
}

CRIER_DECL void shard::activate(session_base& s) noexcept
{
    if (s.active_)
        return;
    s.active_ = true;
    if (s.newcomer_)
        lobby_.push(s, s.hangup_                             ? lobby::leaving
                       : s.kind() == connection_kind::client ? lobby::client
                                                             : lobby::backend);
    else
        active_.push(s);
    schedule_turn();
}

CRIER_DECL void shard::write(session_base& s)
{
    s.active_ = false;
    if (s.phase_ >= phase::closing)
        s.depart();
    s.guarded([&s] { s.write_turn(); });
    if (s.may_read())
        read_later(s);
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
            if (!self.active_.empty() || self.buried_.linked() || self.may_unpark() ||
                !self.lobby_.empty())
                self.schedule_turn();
        }
    } const guard{*this};
    turns.next_turn();
    if (!lobby_.empty())
        turn_of_lobby();
    if (may_unpark())
        unpark_some(); // behind those who have just become ready

    // Reading may make others active, receivers mostly: they stand behind those of the first half
    // and take part in the second only.
    turn_link** const readers_end = active_.end();
    for (turn_link** at = active_.begin(); at != readers_end; at = &(*at)->next_in_turn) {
        session_base& s = static_cast<session_base&>(**at);
        if (s.may_read())
            read(s);
    }
    deliver_collected(true); // may throw: what is still to be done in this turn is for the next one
    if (others)
        others->ship();

    // What gets active from here on is for the next turn.
    turn_link* next = active_.take_all();
    while (next) {
        session_base& s = static_cast<session_base&>(*next);
        next = next->next_in_turn;
        if (next) { // with thousands of receivers it is in no cache any more
            const char* const soon =
                reinterpret_cast<const char*>(&static_cast<session_base&>(*next).shard_);
            __builtin_prefetch(soon);
            __builtin_prefetch(soon + 64);
            __builtin_prefetch(soon + 128);
        }
        write(s);
    }
    if (others)
        others->move_out();
    delete_buried();
}

CRIER_DECL void shard::read(session_base& s)
{
    if (!s.greedy_ && !s.late_)
        return s.guarded([&s] { s.read_turn(); });
    const bool greedy = s.greedy_;
    s.greedy_ = false;
    const clock::time_point begin = now();
    s.guarded([&s] { s.read_turn(); });
    if (greedy)
        share_.spent(begin, now(), s.role_->options().max_read_share);
    if (s.late_)
        s.guarded([&s] { s.heard_late(); });
}

CRIER_DECL void shard::turn_of_lobby()
{
    // Who is alone there is read from without a look at the clock; who comes meanwhile has to wait.
    std::size_t left = lobby_.size();
    const auto until = left > 1 ? lobby_.open(now()) : clock::time_point::max();
    do {
        session_base& s = static_cast<session_base&>(lobby_.pop());
        if (s.may_read())
            read(s);
        write(s);
    } while (--left != 0 && now() < until);
    if (!lobby_.empty())
        lobby_.close(now());
}

CRIER_DECL void shard::read_later(session_base& s)
{
    if (!s.timed_ || s.role_->options().max_read_share >= 100)
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
        schedule_tasks();
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
                self.schedule_tasks();
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
    if (drained_untold_)
        return;
    drainer_.begin(now(), how, std::move(done));
    if (session_count_ == 0)
        end_drain();
    arm_timer();
}

CRIER_COLD CRIER_DECL void shard::end_drain()
{
    if (!drainer_.goes_on())
        return;
    drained_untold_ = true;
    boost::asio::post(executor_, kept_handler(drained_memory_, [self = shared_from_this(),
                                                                end = drainer_.end(now())] {
                          self->drained_untold_ = false;
                          if (!self->abandoned_)
                              end.first(end.second);
                      }));
}

} // namespace crier::detail

#endif
