#ifndef CRIER_IMPL_SHARD_IPP
#define CRIER_IMPL_SHARD_IPP

#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>

#include <utility>

#include <boost/asio/post.hpp>

namespace crier::detail {

CRIER_DECL shard::shard(executor ex) : executor_(ex), timer_(ex) {}

CRIER_DECL shard::~shard() = default;

inline deadline_list* shard::list_for(deadline_lists& lists, std::chrono::milliseconds after)
{
    if (after <= after.zero())
        return nullptr;
    for (const auto& list : lists)
        if (list->after() == after)
            return list.get();
    return lists.emplace_back(std::make_unique<deadline_list>(after)).get();
}

CRIER_DECL void shard::prepare(role& r)
{
    const limits& options = r.options();
    r.handshake_deadlines = list_for(phase_deadlines_, options.handshake_timeout);
    r.uid_deadlines = list_for(phase_deadlines_, options.uid_timeout);
    r.idle_deadlines = list_for(phase_deadlines_, options.ping_interval);
    r.close_deadlines = list_for(phase_deadlines_, options.close_timeout);
    r.stall_deadlines = list_for(stall_deadlines_, options.write_stall_timeout);
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
    clock::time_point earliest = clock::time_point::max();
    for (const deadline_lists* lists : {&phase_deadlines_, &stall_deadlines_})
        for (const auto& list : *lists)
            if (!list->empty() && list->earliest() < earliest)
                earliest = list->earliest();
    armed_for_ = earliest;
    if (earliest == clock::time_point::max()) {
        timer_.cancel();
        return;
    }
    timer_.expires_at(earliest - advanced_);
    timer_.async_wait([self = shared_from_this()](error_code ec) {
        if (!ec)
            self->run_deadlines();
    });
}

CRIER_DECL void shard::run_deadlines()
{
    const clock::time_point at = now();
    for (std::size_t i = 0; i < phase_deadlines_.size(); ++i)
        while (deadline_hook* due = phase_deadlines_[i]->take_due(at))
            static_cast<session_base*>(static_cast<phase_deadline*>(due))->on_phase_deadline();
    for (std::size_t i = 0; i < stall_deadlines_.size(); ++i)
        while (deadline_hook* due = stall_deadlines_[i]->take_due(at))
            static_cast<session_base*>(static_cast<stall_deadline*>(due))->on_stall_deadline();
    arm_timer();
}

CRIER_DECL void shard::advance(clock::duration by)
{
    advanced_ += by;
    run_deadlines();
}

CRIER_DECL void shard::add(session_base& s)
{
    s.retain();
    static_cast<shard_link&>(s).link_last(sessions_);
    ++session_count_;
    ++counts.accepted;
    ++counts.connections;
}

CRIER_DECL void shard::remove(session_base& s) noexcept
{
    static_cast<shard_link&>(s).unlink();
    --session_count_;
    --counts.connections;
    if (session_count_ == 0) {
        // No deadline is left. A pending timer would keep the io_context running for nothing.
        armed_for_ = clock::time_point::max();
        timer_.cancel();
        if (drained_)
            boost::asio::post(executor_, std::exchange(drained_, nullptr));
    }
    s.release();
}

CRIER_DECL void shard::mark_dirty(session_base& s)
{
    if (s.dirty_)
        return;
    if (!dirty_)
        boost::asio::post(executor_, [self = shared_from_this()] { self->flush(); });
    s.dirty_ = true;
    s.next_dirty_ = nullptr;
    s.retain();
    *dirty_end_ = &s;
    dirty_end_ = &s.next_dirty_;
}

CRIER_DECL void shard::flush()
{
    // What gets dirty meanwhile is for the next turn.
    session_base* s = std::exchange(dirty_, nullptr);
    dirty_end_ = &dirty_;
    while (s) {
        session_base* const following = s->next_dirty_;
        s->dirty_ = false;
        s->settle();
        s->release();
        s = following;
    }
}

CRIER_DECL std::span<char> shard::scratch(std::size_t tail, std::size_t more)
{
    if (scratch_.size() < tail + more)
        scratch_.resize(tail + more);
    return {scratch_.data(), tail + more};
}

CRIER_DECL void shard::submit(task& t) noexcept
{
    if (mailbox_.put(t))
        boost::asio::post(executor_, [self = shared_from_this()] { self->run_tasks(); });
}

CRIER_DECL void shard::run_tasks()
{
    for (task* t = mailbox_.take_all(); t;) {
        const std::unique_ptr<task> owned(t);
        t = mailbox::following(t);
        if (!abandoned_)
            owned->run();
    }
}

CRIER_DECL void shard::drain(std::function<void()> done)
{
    drained_ = std::move(done);
    for (list_link* l = sessions_.next; l != &sessions_; l = l->next)
        static_cast<session_base*>(static_cast<shard_link*>(l))
            ->end(error::server_stopping, close_code::going_away, "server is stopping");
    if (session_count_ == 0 && drained_)
        boost::asio::post(executor_, std::exchange(drained_, nullptr));
}

CRIER_DECL void shard::abort_all()
{
    while (sessions_.linked())
        static_cast<session_base*>(static_cast<shard_link*>(sessions_.next))
            ->finish(error::server_stopping);
}

} // namespace crier::detail

#endif
