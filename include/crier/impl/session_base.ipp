#ifndef CRIER_IMPL_SESSION_BASE_IPP
#define CRIER_IMPL_SESSION_BASE_IPP

#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>

#include <utility>

namespace crier::detail {

CRIER_DECL session_base::session_base(shard& home, role& r)
    : connection(home.next_id(), r.kind()), shard_(home), role_(r)
{}

CRIER_DECL bool session_base::send(message_view message)
{
    if (phase_ != phase::open)
        return false;
    return deliver(codec().encode(message));
}

CRIER_DECL void session_base::close(close_code code, std::string_view reason)
{
    end(error::closed_here, code, reason);
}

CRIER_DECL bool session_base::deliver(const frame& message)
{
    if (phase_ != phase::open || !message)
        return false;
    // Where writing holds up reading, what is queued is bounded by that.
    if (!role_.waits_for_writes() && !outbox_.empty() &&
        outbox_.bytes() + message.size() > role_.options().max_outbox_bytes) {
        end(error::slow_consumer, close_code::try_again_later, "slow consumer");
        return false;
    }
    enqueue(message, true);
    ++shard_.counts.messages_queued;
    return true;
}

CRIER_DECL void session_base::enqueue(frame f, bool is_message)
{
    spill_replies();
    outbox_.push(std::move(f), is_message);
    shard_.mark_dirty(*this);
}

CRIER_DECL void session_base::reply(std::string_view bytes)
{
    if (bytes.empty())
        return;
    if (outbox_.empty() && shard_.replier == this) {
        shard_.replies.append(bytes);
        return;
    }
    outbox_.push(frame::join({bytes}), false);
    replies_queued_ = true;
    shard_.mark_dirty(*this);
}

CRIER_DECL void session_base::spill_replies()
{
    if (shard_.replier != this || shard_.replies.empty())
        return;
    outbox_.push(frame::join({shard_.replies}), false);
    replies_queued_ = true;
    shard_.replies.clear();
    shard_.mark_dirty(*this);
}

CRIER_DECL void session_base::begin_closing(error_code why)
{
    ended_ = why;
    ended_set_ = true;
    phase_ = phase::closing;
    shard_.set_deadline(role_.close_deadlines, static_cast<phase_deadline&>(*this));
    shard_.mark_dirty(*this);
}

CRIER_DECL void session_base::end(error_code why, close_code code, std::string_view reason)
{
    if (phase_ >= phase::closing)
        return;
    if (phase_ == phase::open && codec().encode_close) {
        enqueue(codec().encode_close(code, reason), false);
        awaits_goodbye_ = true;
    }
    begin_closing(why);
}

CRIER_DECL void session_base::peer_failed(error_code why, std::string_view answer)
{
    awaits_goodbye_ = false;
    if (phase_ < phase::closing) {
        reply(answer);
        begin_closing(why);
    }
    shard_.mark_dirty(*this);
}

CRIER_DECL void session_base::peer_said_goodbye(std::string_view answer)
{
    peer_failed(error::peer_closed, answer);
}

CRIER_DECL void session_base::become_open()
{
    phase_ = phase::open;
    phase_deadline::unlink();
    opened_ = true;
    role_.opened(*this);
}

CRIER_DECL void session_base::wait_for_uid()
{
    waits_for_uid_ = true;
    shard_.set_deadline(role_.uid_deadlines, static_cast<phase_deadline&>(*this));
}

CRIER_DECL void session_base::wait_for_silence()
{
    waits_for_uid_ = false;
    phase_deadline::unlink();
    if (codec().encode_ping)
        shard_.set_deadline(role_.idle_deadlines, static_cast<phase_deadline&>(*this));
}

CRIER_DECL void session_base::heard()
{
    ping_pending_ = false;
    if (phase_ == phase::open && !waits_for_uid_ && phase_deadline::linked())
        shard_.set_deadline(role_.idle_deadlines, static_cast<phase_deadline&>(*this));
}

CRIER_DECL void session_base::on_phase_deadline()
{
    switch (phase_) {
    case phase::shaking:
    case phase::opening: finish(error::handshake_timeout); break;
    case phase::open:
        if (waits_for_uid_) {
            end(error::uid_timeout, close_code::policy_violation, "no uid in time");
        } else if (ping_pending_) {
            finish(error::idle_timeout);
        } else {
            ping_pending_ = true;
            enqueue(codec().encode_ping(), false);
            shard_.set_deadline(role_.idle_deadlines, static_cast<phase_deadline&>(*this));
        }
        break;
    case phase::closing:
    case phase::lingering: finish(error::close_timeout); break;
    case phase::closed: break;
    }
}

CRIER_DECL void session_base::leave() noexcept
{
    if (bound_) {
        bound_ = false;
        role_.leaving(*this);
    }
}

CRIER_DECL void session_base::finish(error_code why)
{
    if (phase_ == phase::closed)
        return;
    const session_ptr keep(*this);
    if (ended_set_)
        why = ended_;
    leave();
    phase_ = phase::closed;
    phase_deadline::unlink();
    stall_deadline::unlink();
    counters& counts = shard_.counts;
    counts.messages_dropped += outbox_.messages();
    outbox_.clear();
    close_stream();

    if (why == condition::handshake_failed)
        counts.handshakes_failed += why != error::request_answered;
    else if (why == condition::protocol_violation)
        ++counts.protocol_violations;
    else if (why == condition::limit_exceeded)
        ++counts.limits_exceeded;
    else if (why == condition::timed_out)
        ++counts.timed_out;
    else if (why == condition::rejected)
        ++counts.rejected;
    else if (why == condition::closed && why != error::peer_vanished)
        ++counts.closed;
    else
        ++counts.lost;

    if (opened_) {
        try {
            role_.closed(*this, why);
        } catch (...) {
            // Nothing is left that could be closed for it.
        }
    }
    shard_.remove(*this);
}

} // namespace crier::detail

#endif
