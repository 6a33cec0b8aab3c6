#ifndef CRIER_DETAIL_SESSION_BASE_HPP
#define CRIER_DETAIL_SESSION_BASE_HPP

#include <crier/config.hpp>
#include <crier/connection.hpp>
#include <crier/detail/deadline_list.hpp>
#include <crier/detail/intrusive_list.hpp>
#include <crier/detail/outbox.hpp>
#include <crier/detail/role.hpp>
#include <crier/error.hpp>
#include <crier/frame.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace crier::detail {

class shard;

/// The stages of a connection's life, in their order.
enum class phase : unsigned char {
    shaking,   ///< the transport's handshake (TLS)
    opening,   ///< the codec's opening handshake
    open,      ///< messages come and go
    closing,   ///< takes no more messages; writes what is queued, then perhaps awaits the goodbye
    lingering, ///< wrote all and said so (FIN); reads on until the peer does the same
    closed,    ///< over
};

// A session is in several lists, by a base of its own for each.
struct shard_link : list_link
{};
struct phase_deadline : deadline_hook
{};
struct stall_deadline : deadline_hook
{};

/// One connection without its transport and codec: its phase, what it has to write, its place in the
/// shard's lists. The derived session<> does the reading and writing.
class session_base : public connection,
                     public shard_link,
                     public phase_deadline,
                     public stall_deadline
{
public:
    CRIER_DECL session_base(shard& home, role& r);

    std::size_t queued_bytes() const noexcept override { return outbox_.bytes(); }
    CRIER_DECL bool send(message_view message) override;
    CRIER_DECL void close(close_code code, std::string_view reason) override;

    const encoder& codec() const noexcept { return role_.codec(); }
    shard& home() const noexcept { return shard_; }

    /// Queues a message that came from elsewhere. False if this session cannot take it; a session
    /// whose outbox is full begins to close.
    CRIER_DECL bool deliver(const frame& message);

    /// Sends bytes back to the peer, in the order of the calls. Within a read turn they are gathered
    /// for one write at its end.
    CRIER_DECL void reply(std::string_view bytes);

    /// Begins the close in order. Does nothing if it has begun.
    CRIER_DECL void end(error_code why, close_code code, std::string_view reason);

    /// The client said who it is: bound in the registry until role::leaving.
    void bound_as(std::string_view uid) { set_uid(uid); }
    void set_bound(bool bound) noexcept { bound_ = bound; }
    bool is_bound() const noexcept { return bound_; }

    /// Over at once. `why` is told unless another reason was given before.
    CRIER_DECL void finish(error_code why);

    /// What is to be done at the end of a turn: writes what is queued.
    virtual void settle() = 0;

    CRIER_DECL void on_phase_deadline();
    void on_stall_deadline() { finish(error::write_stalled); }

    /// Starts the clock for the phase that began, or moves it because the peer was heard.
    CRIER_DECL void wait_for_uid();
    CRIER_DECL void wait_for_silence();

    void retain() noexcept { ++references_; }
    void release() noexcept
    {
        if (--references_ == 0)
            delete this;
    }

protected:
    friend class shard; // keeps its dirty list in the sessions

    virtual ~session_base() = default;
    virtual void close_stream() noexcept = 0;

    CRIER_DECL void become_open();
    CRIER_DECL void heard();
    CRIER_DECL void peer_failed(error_code why, std::string_view answer);
    CRIER_DECL void peer_said_goodbye(std::string_view answer);
    CRIER_DECL void enqueue(frame f, bool is_message);
    CRIER_DECL void spill_replies();
    CRIER_DECL void leave() noexcept;
    CRIER_DECL void begin_closing(error_code why);

    /// True if there is reason to read now.
    bool wants_to_read() const noexcept
    {
        if (phase_ == phase::closed || (phase_ == phase::closing && !awaits_goodbye_))
            return false;
        return outbox_.empty() || !(role_.waits_for_writes() || replies_queued_) ||
               phase_ == phase::lingering;
    }


    shard& shard_;
    role& role_;
    outbox outbox_;
    error_code ended_{};               // why the close began
    session_base* next_dirty_ = nullptr;
    std::uint32_t references_ = 0;
    phase phase_ = phase::shaking;
    bool dirty_ : 1 = false;
    bool reading_ : 1 = false;         // a wait for readability is pending
    bool writing_ : 1 = false;         // a wait for writability is pending
    bool opened_ : 1 = false;          // role::opened was called
    bool bound_ : 1 = false;           // in the registry
    bool awaits_goodbye_ : 1 = false;  // our close was sent, the peer's has not come
    bool peer_ended_ : 1 = false;      // the peer's end of stream was read
    bool ping_pending_ : 1 = false;    // a ping was sent and nothing heard since
    bool replies_queued_ : 1 = false;  // the outbox holds answers to what was read
    bool waits_for_uid_ : 1 = false;
    bool ended_set_ : 1 = false;
};

/// Keeps a session alive.
class session_ptr
{
public:
    explicit session_ptr(session_base& s) noexcept : session_(&s) { session_->retain(); }
    session_ptr(session_ptr&& other) noexcept : session_(other.session_) { other.session_ = nullptr; }
    session_ptr& operator=(session_ptr&&) = delete;
    ~session_ptr()
    {
        if (session_)
            session_->release();
    }

    session_base* get() const noexcept { return session_; }

private:
    session_base* session_;
};

} // namespace crier::detail

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/session_base.ipp>
#endif

#endif
