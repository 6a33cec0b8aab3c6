#ifndef CRIER_DETAIL_SHARD_HPP
#define CRIER_DETAIL_SHARD_HPP

#include <crier/concepts/transport.hpp>
#include <crier/config.hpp>
#include <crier/counters.hpp>
#include <crier/detail/deadline_list.hpp>
#include <crier/detail/doorbell.hpp>
#include <crier/detail/drainer.hpp>
#include <crier/detail/handler_memory.hpp>
#include <crier/detail/intrusive_list.hpp>
#include <crier/detail/lobby.hpp>
#include <crier/detail/mailbox.hpp>
#include <crier/detail/poller.hpp>
#include <crier/detail/read_share.hpp>
#include <crier/detail/timer.hpp>
#include <crier/detail/topic_table.hpp>
#include <crier/detail/turn_queue.hpp>
#include <crier/detail/turn_share.hpp>
#include <crier/stop_options.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace crier::detail {

class role;
class session_base;

/// Collects messages while sessions read, to deliver them together when they have read.
class collector
{
public:
    /// `write` says that nothing more will be queued in this turn: what can be is written at once.
    virtual void deliver_collected(bool write) = 0;

protected:
    ~collector() = default;
};

/// What a shard has to do with others, if there are any.
class outside
{
public:
    /// The sessions have read in this turn: what is for other shards leaves.
    virtual void ship() noexcept = 0;
    /// The turn is over: sessions that are to go to other shards go.
    virtual void move_out() = 0;

protected:
    ~outside() = default;
};

/// What the sessions of one thread share: the turns in which they work, deadlines and the one
/// timer, the buffer that all read into, and the way in for other threads.
///
/// A turn begins with those who come or go, for a short time (see lobby). Then it has two halves. First
/// each active session reads, at most limits::max_turn_bytes, so that none starves the others; what it
/// answers leaves at once. Clients that have more to say than that again and again wait between these
/// turns, so that reading from all of them takes no more than limits::max_read_share of the time. Then
/// each session that has become active by then, receivers included, writes all that has been queued for
/// it, in one gather write.
///
/// Lifetime: held by a shared_ptr, because posted work may outlive the server.
/// Thread safety: submit() and hand_over() from any thread, all else on the thread that runs the
/// executor.
class shard final : public std::enable_shared_from_this<shard>, private after_poll
{
public:
    CRIER_DECL explicit shard(executor ex);
    CRIER_DECL ~shard();

    executor get_executor() const noexcept { return executor_; }

    /// The time, moved on by what advance() has added.
    clock::time_point now() const noexcept { return clock::now() + advanced_; }

    /// For tests: moves the time on and runs what falls due.
    CRIER_DECL void advance(clock::duration by);

    /// Makes room, and finds or makes the deadline lists, for a role's limits.
    CRIER_DECL void prepare(role& r);

    /// Sets a deadline; does nothing for a null list (no limit).
    CRIER_DECL void set_deadline(deadline_list* list, deadline_hook& hook);

    /// Takes a session over.
    CRIER_DECL void add(session_base& s);
    /// The session is over: it is deleted at the end of the turn, when nobody refers to it any
    /// more.
    CRIER_DECL void bury(session_base& s) noexcept;
    std::uint64_t next_id() noexcept { return last_id_ += id_step_; }

    /// Of several shards, each numbers its connections in its own way: `first`, `first + step`, ...
    void number(std::uint64_t first, std::uint64_t step) noexcept
    {
        last_id_ = first - step;
        id_step_ = step;
    }

    /// A session has come from another shard, or goes to one.
    CRIER_DECL void take_in(session_base& s) noexcept;
    CRIER_DECL void let_go(session_base& s);

    /// Lets a session take part in the turn, or in the next one.
    CRIER_DECL void activate(session_base& s) noexcept;

    /// Many who have come wait for their turn: more of that kind should wait outside.
    bool is_crowded(connection_kind by) const noexcept
    {
        return lobby_.is_crowded(by == connection_kind::client ? lobby::client : lobby::backend);
    }

    /// What back ends and peers may read in this turn.
    turn_share turns;

    /// Where sessions read to: room for what the codecs leave and what a turn reads. Free for other
    /// use when nobody reads.
    char* scratch() noexcept { return scratch_.data(); }
    std::size_t scratch_size() const noexcept { return scratch_.size(); }

    /// Replies of the session whose read turn it is, gathered for one write.
    std::string replies;
    session_base* replier = nullptr;

    /// Delivers what has been collected. To be called before all that must come after it for a
    /// receiver; does nothing if nothing was collected.
    void deliver_collected(bool write = false)
    {
        if (collecting)
            std::exchange(collecting, nullptr)->deliver_collected(write);
    }

    /// Who has collected something in this turn, or null.
    collector* collecting = nullptr;

    /// Null if this is the only shard.
    outside* others = nullptr;

    /// Runs a task on this shard's thread, in the order of the calls of each thread, whichever of
    /// the two it calls. The task is work that the io_context stays for. Throws nothing.
    CRIER_DECL void submit(task& t) noexcept;

    /// The same without a lock or an allocation, while the shard is attentive(); else it may take
    /// until it is again.
    void hand_over(task& t) noexcept
    {
        if (mailbox_.put(t, mailbox::by_bell))
            doorbell_.ring();
    }

    /// Whether what is handed over is heard at once; the io_context has work then.
    void attentive(bool on) { doorbell_.listen(on); }
    bool is_attentive() const noexcept { return doorbell_.listens(); }

    /// As the poller's.
    CRIER_DECL void busy_poll(std::chrono::microseconds length) noexcept;

    /// Begins to close every session (1001), as the options say. Calls `done` when the last is gone,
    /// with true if all were closed in time. Until `done` was called another drain may only make it
    /// shorter, and its `done` is not.
    CRIER_DECL void drain(const stop_options& how, std::function<void(bool)> done);

    /// Ends every session at once.
    void abort_all() { drainer_.abort_all(); }

    /// Runs the tasks that have come, or drops them. While nobody runs the io_context.
    CRIER_DECL void do_tasks();
    CRIER_DECL void drop_tasks();

    /// The server is gone: tasks that come now, or have come and not run, are dropped. A turn may be
    /// posted still.
    void abandon()
    {
        abandoned_ = true;
        others = nullptr;
        collecting = nullptr;
        attentive(false);
    }

    counters counts;
    topic_table topics;

private:
    CRIER_DECL void turn();
    CRIER_DECL void read(session_base& s);
    CRIER_DECL void read_later(session_base& s);
    CRIER_DECL void write(session_base& s);
    CRIER_DECL void turn_of_lobby();
    bool may_unpark() const noexcept { return !parked_.empty() && !share_.pauses(); }
    CRIER_DECL void unpark_some();
    CRIER_DECL void forget_parked(session_base& s) noexcept;
    CRIER_DECL void schedule_turn() noexcept;
    CRIER_DECL void schedule_deadlines() noexcept;
    CRIER_DECL void schedule_tasks() noexcept;
    void polled() override { turn(); }
    CRIER_DECL void delete_buried() noexcept;
    CRIER_DECL void run_deadlines();
    CRIER_DECL void arm_timer();
    CRIER_DECL void run_tasks();
    CRIER_DECL void end_drain();

    using deadline_lists = std::vector<std::unique_ptr<deadline_list>>;
    CRIER_DECL deadline_list* list_for(std::chrono::milliseconds after);

    executor executor_;
    poller& poller_;
    timer timer_;
    clock::time_point armed_for_ = clock::time_point::max();
    clock::duration advanced_{};
    deadline_lists deadlines_;

    list_link sessions_; // those that are not over
    list_link buried_;
    std::size_t session_count_ = 0;
    std::uint64_t last_id_ = 0;
    std::uint64_t id_step_ = 1;
    turn_queue active_;
    lobby lobby_;
    bool turn_scheduled_ = false;
    bool deadlines_scheduled_ = false;
    std::atomic<bool> tasks_scheduled_ = false;
    handler_memory turn_memory_, deadlines_memory_, tasks_memory_, drained_memory_;

    // Clients that are read from later, the first in front.
    struct parked
    {
        session_base* who;
        clock::time_point since;
    };
    std::vector<parked> parked_;
    read_share share_;

    std::vector<char> scratch_;
    mailbox mailbox_;
    doorbell doorbell_;
    drainer drainer_{sessions_};
    bool drained_untold_ = false; // it is over, and `done` is to be called
    bool abandoned_ = false;
};

} // namespace crier::detail

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/drainer.ipp>
#include <crier/impl/shard.ipp>
#endif

#endif
