#ifndef CRIER_DETAIL_SESSION_BASE_HPP
#define CRIER_DETAIL_SESSION_BASE_HPP

#include <crier/concepts/transport.hpp>
#include <crier/config.hpp>
#include <crier/connection.hpp>
#include <crier/decoded.hpp>
#include <crier/detail/deadline_list.hpp>
#include <crier/detail/first_bytes.hpp>
#include <crier/detail/gate.hpp>
#include <crier/detail/intrusive_list.hpp>
#include <crier/detail/outbox.hpp>
#include <crier/detail/role.hpp>
#include <crier/detail/topic_table.hpp>
#include <crier/detail/turn_queue.hpp>
#include <crier/error.hpp>
#include <crier/frame.hpp>
#include <crier/watcher.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace crier::detail {

class shard;

/// The stages of a connection's life, in their order.
enum class phase : unsigned char {
    shaking,   ///< the transport's handshake (TLS)
    opening,   ///< the codec's opening handshake
    open,      ///< messages come and go
    closing,   ///< takes no more messages; writes what is queued, then perhaps awaits the goodbye
    lingering, ///< wrote all and said so (FIN); reads on until the peer does the same
    closed,    ///< over; deleted at the end of the turn
};

/// A session's place in its shard's list of sessions.
struct session_link : list_link
{};

/// One connection without its transport and codec: its phase, what it has to write, its place in
/// the shard's lists. The derived session<> does the reading and writing.
class session_base : public connection,
                     public watcher,
                     public session_link,
                     public deadline_hook,
                     public turn_link
{
public:
    CRIER_DECL session_base(shard& home, role& r);

    // connection
    std::size_t queued_bytes() const noexcept override { return outbox_.bytes(); }
    CRIER_DECL bool send(message_view message) override;
    CRIER_DECL void close(close_code code, std::string_view reason, error_code why) override;
    CRIER_DECL bool join(std::string_view topic) override;
    CRIER_DECL bool leave(std::string_view topic) override;

    // watcher
    CRIER_DECL void ready(readiness what) noexcept override;

    const encoder& codec() const noexcept { return role_->codec(variant_); }
    shard& home() const noexcept { return *shard_; }
    phase stage() const noexcept { return phase_; }

    /// Queues a frame that holds one or more messages from elsewhere. False if this session cannot
    /// take it; a session whose outbox is full begins to close.
    CRIER_DECL bool deliver(const frame& f, std::size_t messages = 1);

    /// Writes a frame that holds one or more messages without queueing it. False, and nothing done,
    /// if that is not possible now.
    bool write_at_once(const frame& f, std::size_t messages)
    {
        if (phase_ != phase::open || blocked_ || !outbox_.empty() || !f)
            return false;
        write_first(f, messages);
        return true;
    }

    /// True if what is queued leaves room for more, when a part of it has gone. Where nothing is,
    /// there is room for one message.
    bool has_room_for(std::size_t bytes, std::size_t messages = 1,
                      outbox::part gone = {}) const noexcept
    {
        messages += outbox_.messages() - gone.messages;
        if (role_->waits_for_writes() || messages == 1)
            return true; // where writing holds up reading, what is queued is bounded by that
        const limits& most = role_->options();
        return outbox_.bytes() - gone.bytes + bytes <= most.max_outbox_bytes &&
               (most.max_outbox_messages == 0 || messages <= most.max_outbox_messages);
    }

    /// Sends bytes back to the peer, in the order of the calls. Within a read turn they are
    /// gathered for one write at its end.
    CRIER_DECL void reply(std::string_view bytes);

    /// Begins the close in order. Does nothing if it has begun.
    CRIER_DECL void end(error_code why, close_code code, std::string_view reason);

    /// The client said who it is: bound in the registry until role::leaving.
    void bound_as(std::string_view uid) { set_uid(uid); }
    void set_bound(bool bound) noexcept { bound_ = bound; }
    bool is_bound() const noexcept { return bound_; }

    /// The authenticator has accepted it, under this name.
    void vouch(std::string_view name)
    {
        vouched_ = true;
        set_uid(name);
    }
    bool is_vouched() const noexcept { return vouched_; }

    /// A back end has said a secret, or something that no other protocol says.
    void trust() noexcept { trusted_ = true; }
    bool is_trusted() const noexcept { return trusted_; }

    /// What it had to say in its time it has said: what comes of that is not its to do.
    void has_spoken() noexcept { late_ = partly_heard_ = false; }

    /// The verdict that it has waited for.
    void decided(verdict v) { role_->decided(*this, std::move(v)); }

    /// Its place among the connections of its listener, given back at the end.
    void take(gate::place& p) noexcept { crowd_ = p.take(); }

    /// It stands in its shard's list for this turn, or the next one.
    bool is_active() const noexcept { return active_; }

    /// Leaves its shard and role for others, and what watches it; arrive() is called there. Throws
    /// std::bad_alloc, and has left nothing then.
    CRIER_DECL void depart_for(shard& there, role& as);
    CRIER_DECL void arrive();

    /// There are answers to come, to lines that were read: until then it does not end in order.
    CRIER_DECL void owe(bool answers);

    /// Around answers to what was read in an earlier turn: they leave in one write.
    CRIER_DECL void begin_late_answers() noexcept;
    CRIER_DECL void end_late_answers();

    /// Reads nothing, and decodes nothing, until resume().
    void pause() noexcept { paused_ = true; }
    CRIER_DECL void resume();

    /// The opening handshake's refusal will have this reason.
    void refused_with(error_code why) noexcept { note_end(why); }

    /// The transport's handshake is done, and the authenticator has nothing against it.
    virtual void admitted() = 0;
    /// The opening request that waits for its answer, and the answer.
    virtual const opening_request& pending_request() const = 0;
    virtual void answer_opening(const opening_answer& how) = 0;

    /// Calls what may call the program's own functions: an exception closes this connection and no
    /// other.
    template <class F>
    void guarded(F&& f)
    {
        try {
            f();
        } catch (...) {
            failed_inside();
        }
    }

    /// Over at once. `why` is told unless another reason was given before.
    CRIER_DECL void finish(error_code why);

    /// Its time has ended. If it has said something that nobody has read, that is read first, all of it;
    /// but who says more and more has only as much time again.
    CRIER_DECL void on_deadline();
    CRIER_DECL void heard_late();

    /// Starts the clock for what the open connection waits for.
    CRIER_DECL void wait_for_uid();
    CRIER_DECL void wait_for_silence();

protected:
    friend class shard; // keeps its list of active sessions in them, and calls their turns

    virtual ~session_base() = default;

    /// The first half of a turn: reads, decodes, and tells the role. Called if active.
    virtual void read_turn() = 0;
    /// The second half: writes what is queued.
    virtual void write_turn() = 0;
    /// Writes a frame where nothing is queued, and queues what is left of it.
    virtual void write_first(const frame& f, std::size_t messages) = 0;
    virtual void close_stream() noexcept = 0;
    /// Where the stream's transport allows that: is watched by nobody, then by that executor's.
    virtual void move_stream(const executor& to) = 0;
    virtual void watch_stream() = 0;

    CRIER_DECL void begin(phase next);
    CRIER_DECL void become_open();
    void become_known() noexcept { newcomer_ = hangup_ && timed_; }
    CRIER_DECL void heard();
    void look_at_first_bytes() noexcept { first_ = first_bytes::none; }
    bool may_be_browser() const noexcept { return detail::may_be_browser(first_); }
    /// Looks at the first bytes, piece by piece. True if they are a browser's: none is decoded then.
    CRIER_DECL bool is_browser(std::string_view piece);
    /// After a turn's input was decoded: whether a message has begun and not ended, and whether one has
    /// ended.
    CRIER_DECL void left_unfinished(bool unfinished, bool ended_one);
    CRIER_DECL void charge(const frame_counts& frames);
    CRIER_DECL void run_out_of_time();
    /// The clock for what an open connection that has said who it is waits for, but to write.
    CRIER_DECL void wait_anew();
    CRIER_DECL void wait_for_rest();
    CRIER_DECL void wait_to_write();
    /// For what it waits for from now on; null if there is no time for that.
    CRIER_DECL void start_clock(deadline_list* of);
    /// The time that runs, if it is one for something that the peer has to say; else null.
    CRIER_DECL deadline_list* time_to_speak() const noexcept;
    /// It was parked meanwhile: that is no time of the peer's.
    void has_waited(clock::duration time) noexcept
    {
        waited_ += std::chrono::duration<float>(time).count();
    }
    /// Its time, which is `all`, has ended. True if it was parked for an eighth of that or more: then it
    /// has as much left. It gets all of it again, and owes the rest.
    CRIER_DECL bool takes_back(clock::duration all) noexcept;
    /// As tcp_untaken, of its stream.
    virtual std::optional<std::uint32_t> untaken(std::chrono::milliseconds time) const noexcept = 0;
    /// Nothing could be written for all the time for that: true if the peer has taken some meanwhile.
    CRIER_DECL bool takes_some();

    /// True if the time for writing is to run when some was written: something waits to be, and no
    /// message is read meanwhile, whose time would run. While it is read the time of a message does not
    /// begin anew because writing blocks or goes on, or who does a little of both would stay for ever.
    bool waits_to_write() const noexcept { return stalled_ && !(unfinished_ && wants_to_read()); }
    /// What was read is decoded in further turns, before more is read.
    CRIER_DECL void go_on_later();
    /// Writing would block, after some was written or at once.
    CRIER_DECL void blocked(bool wrote);
    CRIER_DECL void unblocked();
    /// What is timed now.
    CRIER_DECL bool ends_later_than_a_stall() const;
    CRIER_DECL void peer_failed(error_code why, std::string_view answer);
    CRIER_DECL void enqueue(const frame& f, std::size_t messages);
    CRIER_DECL void spill_replies();
    CRIER_DECL void depart() noexcept;
    CRIER_DECL bool make_room(const frame& f, std::size_t messages);
    CRIER_DECL bool take_place_of_older(const frame& f, std::size_t messages);
    CRIER_DECL void tell_of_exception() noexcept;
    CRIER_DECL void failed_inside();
    CRIER_DECL void begin_closing(error_code why);
    CRIER_DECL void count_end(error_code why) noexcept;

    /// The first reason counts.
    void note_end(error_code why) noexcept
    {
        if (ended_category_)
            return;
        ended_category_ = &why.category();
        ended_value_ = why.value();
    }

    /// True if input is of use now.
    bool wants_to_read() const noexcept
    {
        if (paused_)
            return false;
        if (phase_ == phase::open)
            return outbox_.empty() || !(role_->waits_for_writes() || replies_queued_);
        return phase_ < phase::open || phase_ == phase::lingering || awaits_goodbye_;
    }

    bool may_read() const noexcept { return readable_ && !parked_ && wants_to_read(); }

    /// It has something to say, and waits for its turn, or is parked: that is no fault of its.
    bool is_unheard() const noexcept { return parked_ || (active_ && may_read()); }

    shard* shard_;
    role* role_;
    outbox outbox_;
    gate::crowd crowd_ = nullptr;
    const boost::system::error_category* ended_category_ = nullptr; // why the close began
    topic_memberships topics_;
    int ended_value_ = 0;
    std::uint32_t spent_ = 0;   // of what it may send in that second, in small frames
    std::uint32_t untaken_ = 0; // when writing began to block, or its time last ran out
    float waited_ = 0;          // s, since the clock was started; less what it has had for that

    phase phase_ = phase::shaking;
    std::uint8_t variant_ = 0;  // of the codec
    std::uint16_t second_ = 0;  // the last in which it did
    bool active_ : 1 = false;   // in the shard's list for this turn
    bool readable_ : 1 = false; // reading is worth a try
    bool hangup_ : 1 = false;   // the end of the stream is near: read until it is there
    bool blocked_ : 1 = false;  // writing is not worth a try before we are told
    bool stalled_ : 1 = false;  // what is queued has waited for writability
    bool opened_ : 1 = false;   // role::opened was called
    bool bound_ : 1 = false;    // in the registry
    bool waits_for_uid_ : 1 = false;
    bool awaits_goodbye_ : 1 = false; // our close was sent, the peer's has not come
    bool peer_ended_ : 1 = false;     // the peer's end of stream was read
    bool unfinished_ : 1 = false;     // a message has begun and not ended
    bool times_message_ : 1 = false;  // the time that runs is its
    bool ping_pending_ : 1 = false;   // a ping was sent and nothing heard since
    bool replies_queued_ : 1 = false; // the outbox holds answers to what was read
    bool vouched_ : 1 = false;        // the authenticator has accepted it
    bool paused_ : 1 = false;         // it has yet to
    bool resumed_ : 1 = false;        // what was left undecoded then is to be decoded now
    bool read_blocked_ : 1 = false;   // reading has to wait for writability
    bool hangs_up_ : 1 = false;       // after its goodbye it hears no more: it has said too much
    bool owes_ : 1 = false;           // answers that are still to come
    bool timed_ : 1 = false;          // has a descriptor: what it costs in time is bounded
    bool newcomer_ : 1 = false;       // has yet to say who it is, or has ended its side
    bool greedy_ : 1 = false;         // it had more to say than its turn's bytes
    bool parked_ : 1 = false;         // it is read from when others have had theirs
    bool late_ : 1 = false;           // its time to speak has ended while it was unheard
    bool partly_heard_ : 1 = false;   // since then, in part
    bool trusted_ : 1 = false;        // a back end has said JSON
    bool times_write_ : 1 = false;    // the time that runs is for writing
    first_bytes first_ : 4 = first_bytes::other; // decides whether a back end may be a browser
};

} // namespace crier::detail

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/session_base.ipp>
#endif

#endif
