#ifndef CRIER_IMPL_SESSION_BASE_IPP
#define CRIER_IMPL_SESSION_BASE_IPP

#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

namespace crier::detail {

CRIER_DECL session_base::session_base(shard& home, role& r)
    : connection(home.next_id(), r.kind()), shard_(&home), role_(&r)
{}

CRIER_DECL void session_base::ready(readiness what) noexcept
{
    if (what.readable)
        readable_ = true;
    else if (!what.hangup && !blocked_ && !read_blocked_ && outbox_.empty())
        return; // it does not wait for writability: it is new, mostly
    if (what.hangup) {
        hangup_ = true;
        newcomer_ = newcomer_ || timed_;
    }
    if (what.writable) {
        blocked_ = false;
        if (read_blocked_) {
            readable_ = true;
            read_blocked_ = false;
        }
    }
    shard_->activate(*this);
}

CRIER_DECL bool session_base::send(message_view message)
{
    if (phase_ != phase::open)
        return false;
    shard_->deliver_collected();
    return deliver(codec().encode(message));
}

CRIER_COLD CRIER_DECL void session_base::close(close_code code, std::string_view reason,
                                               error_code why)
{
    end(why, code, reason);
}

CRIER_COLD CRIER_DECL bool session_base::join(std::string_view topic)
{
    const limits& most = role_->options();
    return phase_ == phase::open && bound_ && !topic.empty() &&
           topic.size() <= most.max_uid_bytes &&
           shard_->topics.join(*this, topics_, topic, most.max_topics);
}

CRIER_COLD CRIER_DECL bool session_base::leave(std::string_view topic)
{
    return shard_->topics.leave(topics_, topic);
}

CRIER_DECL bool session_base::deliver(const frame& f, std::size_t messages)
{
    if (phase_ != phase::open || !f) {
        shard_->counts.messages_refused += messages;
        return false;
    }
    if (f.has_key()) {
        if (!take_place_of_older(f, messages))
            return false;
    } else if (!has_room_for(f.size(), messages) && !make_room(f, messages)) {
        return false;
    }
    try {
        enqueue(f, messages);
    } catch (const std::bad_alloc&) {
        // It would miss this message and go on with the next.
        begin_closing(make_error_code(boost::system::errc::not_enough_memory));
        return false;
    }
    shard_->counts.messages_queued += messages;
    return true;
}

/// The older message with the same key goes only if the newer one can be queued.
CRIER_DECL bool session_base::take_place_of_older(const frame& f, std::size_t messages)
{
    if (!has_room_for(f.size(), messages, outbox_.same_key(f)) && !make_room(f, messages))
        return false;
    if (const std::size_t replaced = outbox_.drop_same_key(f)) {
        shard_->counts.messages_evicted += replaced;
        role_->dropped(*this, replaced);
    }
    return true;
}

CRIER_COLD CRIER_DECL bool session_base::make_room(const frame& f, std::size_t messages)
{
    const limits& most = role_->options();
    backlog b(outbox_, f.size(), most.max_outbox_bytes, most.max_outbox_messages);
    const overflow_action action = role_->overflowed(*this, b);
    const bool fits = action.kind == overflow_action::kind_queue && b.has_room();
    shard_->counts.messages_evicted += b.dropped();
    shard_->counts.messages_refused += fits ? 0 : messages;
    if (action.kind == overflow_action::kind_close)
        end(error::slow_consumer, action.code, action.reason);
    if (const std::size_t dropped = b.dropped() + (fits ? 0 : messages))
        role_->dropped(*this, dropped);
    return fits;
}

CRIER_DECL void session_base::enqueue(const frame& f, std::size_t messages)
{
    spill_replies();
    outbox_.push(f, messages);
    shard_->activate(*this);
}

CRIER_DECL void session_base::reply(std::string_view bytes)
{
    if (bytes.empty())
        return;
    if (shard_->replier == this) {
        shard_->replies.append(bytes);
        return;
    }
    outbox_.push(frame::join({bytes}), 0);
    replies_queued_ = true;
    shard_->activate(*this);
}

CRIER_DECL void session_base::spill_replies()
{
    if (shard_->replier != this || shard_->replies.empty())
        return;
    outbox_.push(frame::join({shard_->replies}), 0);
    replies_queued_ = true;
    shard_->replies.clear();
    shard_->activate(*this);
}

CRIER_COLD CRIER_DECL void session_base::begin(phase next)
{
    phase_ = next;
    if (next <= phase::opening) {
        if (!deadline_hook::linked()) // one time for both handshakes
            start_clock(role_->handshake_deadlines);
    } else if (next >= phase::closing) {
        start_clock(role_->close_deadlines);
    }
}

CRIER_COLD CRIER_DECL void session_base::become_open()
{
    deadline_hook::unlink();
    late_ = partly_heard_ = false;
    begin(phase::open);
    opened_ = true;
    if (!vouched_)
        first_ = first_bytes::other; // what it says first must be a secret, or it is nobody
    role_->opened(*this);
    if (!waits_for_uid_)
        become_known();
}

CRIER_DECL void session_base::wait_for_uid()
{
    waits_for_uid_ = true;
    start_clock(role_->uid_deadlines);
}

CRIER_DECL void session_base::wait_for_silence()
{
    if (waits_for_uid_) {
        waits_for_uid_ = false;
        become_known();
    }
    if (stalled_)
        return wait_to_write();
    start_clock(codec().encode_ping ? role_->idle_deadlines : nullptr);
}

CRIER_DECL void session_base::heard()
{
    const bool answers = ping_pending_;
    ping_pending_ = false;
    if (phase_ != phase::open || waits_for_uid_)
        return;
    if (!stalled_ && !unfinished_)
        wait_for_silence();
    else if (answers && waits_to_write())
        wait_to_write(); // which the ping's time was kept from
}

CRIER_COLD CRIER_DECL bool session_base::is_browser(std::string_view piece)
{
    first_ = with_next(first_, piece);
    if (first_ != first_bytes::browser)
        return false;
    role_->heard_browser(*this);
    return true;
}

CRIER_DECL void session_base::left_unfinished(bool unfinished, bool ended_one)
{
    if (phase_ != phase::open || waits_for_uid_ || !role_->message_deadlines)
        return;
    if (unfinished && unfinished_ && !ended_one)
        return; // its time runs already
    const bool was = unfinished_;
    unfinished_ = unfinished;
    if (stalled_) { // for which there is a time of its own
        if (was && times_message_)
            wait_to_write();
    } else if (unfinished || was) {
        wait_anew();
    }
}

CRIER_COLD CRIER_DECL void session_base::charge(const frame_counts& frames)
{
    const auto second = static_cast<std::uint16_t>(
        std::chrono::duration_cast<std::chrono::seconds>(shard_->now().time_since_epoch()).count());
    if (std::exchange(second_, second) != second)
        spent_ = 0;
    const std::uint64_t spent = spent_ + role_->cost(frames);
    spent_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(spent, UINT32_MAX));
    if (spent <= role::frame_budget || phase_ >= phase::closing)
        return;
    end(error::too_many_frames, close_code::policy_violation, "too many frames");
    awaits_goodbye_ = false; // to read on would be what it wants
    hangs_up_ = true;
}

CRIER_DECL void session_base::blocked(bool wrote)
{
    const bool was_stalled = stalled_;
    blocked_ = stalled_ = true;
    if (!was_stalled || wrote)
        untaken_ = UINT32_MAX; // more than it can be
    if (!was_stalled && role_->waits_for_writes())
        ++shard_->counts.read_pauses;
    if ((was_stalled && !wrote) || phase_ != phase::open || waits_for_uid_)
        return;
    if (!waits_to_write()) {
        if (!times_message_)
            wait_for_rest();
    } else if (was_stalled || !ping_pending_ || ends_later_than_a_stall()) {
        wait_to_write();
    } // else who does not answer the ping is found as soon as if there were nothing to write
}

CRIER_COLD CRIER_DECL bool session_base::ends_later_than_a_stall() const
{
    return role_->stall_deadlines && due > shard_->now() + role_->stall_deadlines->after();
}

CRIER_DECL void session_base::unblocked()
{
    replies_queued_ = false;
    if (!stalled_)
        return;
    stalled_ = false;
    if (phase_ == phase::open && !waits_for_uid_)
        wait_anew();
}

CRIER_DECL void session_base::wait_anew()
{
    if (unfinished_)
        wait_for_rest();
    else
        wait_for_silence();
}

CRIER_DECL void session_base::wait_for_rest()
{
    start_clock(role_->message_deadlines);
    times_message_ = true;
}

CRIER_DECL void session_base::wait_to_write()
{
    start_clock(role_->stall_deadlines);
    times_write_ = true;
}

CRIER_DECL void session_base::start_clock(deadline_list* of)
{
    times_message_ = times_write_ = late_ = partly_heard_ = false;
    waited_ = 0;
    shard_->set_deadline(of, *this);
}

CRIER_COLD CRIER_DECL deadline_list* session_base::time_to_speak() const noexcept
{
    if (phase_ <= phase::opening)
        return role_->handshake_deadlines;
    if (phase_ != phase::open || times_write_)
        return nullptr;
    if (waits_for_uid_)
        return role_->uid_deadlines;
    return times_message_ ? role_->message_deadlines : role_->idle_deadlines;
}

CRIER_COLD CRIER_DECL bool session_base::takes_back(clock::duration all) noexcept
{
    const float time = std::chrono::duration<float>(all).count();
    if (waited_ < time / 8)
        return false;
    waited_ -= time;
    return true;
}

CRIER_COLD CRIER_DECL bool session_base::takes_some()
{
    const auto now = untaken(role_->options().write_stall_timeout);
    return now && *now < std::exchange(untaken_, *now);
}

CRIER_COLD CRIER_DECL void session_base::on_deadline()
{
    deadline_list* const time = time_to_speak();
    if (!time || !is_unheard() || partly_heard_)
        return run_out_of_time();
    late_ = true; // what it has said is read before that is judged
    waited_ -= std::chrono::duration<float>(time->after()).count();
    shard_->set_deadline(time, *this);
}

CRIER_COLD CRIER_DECL void session_base::heard_late()
{
    if (may_read()) {
        partly_heard_ = true; // the rest of it is read in further turns
    } else {
        waited_ +=
            std::chrono::duration<float>(due - shard_->now()).count(); // what it has not used
        run_out_of_time();
    }
}

CRIER_COLD CRIER_DECL void session_base::run_out_of_time()
{
    late_ = partly_heard_ = false;
    if (deadline_list* const time = time_to_speak(); time && takes_back(time->after()))
        return shard_->set_deadline(time, *this);
    switch (phase_) {
    case phase::shaking:
    case phase::opening:
        return finish(error::handshake_timeout);
    case phase::open:
        break;
    case phase::closing:
    case phase::lingering:
        return finish(error::close_timeout);
    case phase::closed:
        return;
    }
    if (waits_for_uid_)
        return end(error::uid_timeout, close_code::policy_violation, "no uid in time");
    if (stalled_ && !times_message_) {
        if (takes_some())
            return wait_to_write();
        return finish(times_write_ ? error::write_stalled : error::idle_timeout);
    }
    if (waits_to_write())
        return wait_to_write(); // what was timed is no longer read
    if (unfinished_)
        return end(error::message_timeout, close_code::policy_violation,
                   "message not complete in time");
    if (ping_pending_)
        return finish(error::idle_timeout);
    ping_pending_ = true;
    enqueue(codec().encode_ping(), 0);
    wait_for_silence();
}

CRIER_COLD CRIER_DECL void session_base::resume()
{
    paused_ = false;
    go_on_later();
}

CRIER_COLD CRIER_DECL void session_base::go_on_later()
{
    resumed_ = readable_ = true;
    shard_->activate(*this);
}

CRIER_COLD CRIER_DECL void session_base::depart_for(shard& there, role& as)
{
    outbox_.unshare();
    move_stream(there.get_executor());
    start_clock(nullptr);
    shard_ = &there;
    role_ = &as;
}

CRIER_COLD CRIER_DECL void session_base::arrive()
{
    try {
        watch_stream();
    } catch (const boost::system::system_error& e) {
        return finish(e.code());
    }
    blocked_ = false; // we are told anew what it is ready for
    guarded([this] { role_->moved_in(*this); });
    if (paused_)
        resume();
}

CRIER_COLD CRIER_DECL void session_base::owe(bool answers)
{
    owes_ = answers;
    if (!answers && phase_ >= phase::closing)
        shard_->activate(*this);
}

CRIER_DECL void session_base::begin_late_answers() noexcept
{
    shard_->replier = this;
}

CRIER_DECL void session_base::end_late_answers()
{
    guarded([this] { spill_replies(); });
    shard_->replies.clear();
    shard_->replier = nullptr;
}

/// The one that is being handled.
CRIER_COLD CRIER_DECL void session_base::tell_of_exception() noexcept
{
    try {
        role_->threw(*this, std::current_exception());
    } catch (...) { // the observer itself: there is nobody left to tell
    }
}

CRIER_COLD CRIER_DECL void session_base::failed_inside()
{
    tell_of_exception();
    try {
        end(error::hook_failed, close_code::internal_error, "internal error");
    } catch (...) {
        finish(error::hook_failed); // no memory for a goodbye
    }
}

CRIER_COLD CRIER_DECL void session_base::begin_closing(error_code why)
{
    note_end(why);
    if (paused_) { // what the peer says to the goodbye must be heard
        role_->forget(*this);
        resume();
    }
    begin(phase::closing);
    shard_->activate(*this);
}

CRIER_COLD CRIER_DECL void session_base::end(error_code why, close_code code,
                                             std::string_view reason)
{
    if (phase_ >= phase::closing)
        return;
    if (phase_ <= phase::opening && outbox_.empty())
        return finish(why);      // it has heard nothing yet that closing at once could take away
    shard_->deliver_collected(); // it has been promised
    if (phase_ >= phase::closing)
        return;
    if (phase_ == phase::open && codec().encode_close) {
        const frame goodbye = codec().encode_close(code, reason);
        if (!owes_ || !role_->keeps_goodbye(*this, goodbye.bytes()))
            enqueue(goodbye, 0);
        awaits_goodbye_ = true;
    }
    begin_closing(why);
}

CRIER_COLD CRIER_DECL void session_base::peer_failed(error_code why, std::string_view answer)
{
    awaits_goodbye_ = false;
    shard_->activate(*this);
    if (phase_ >= phase::closing)
        return;
    if (!owes_ || !role_->keeps_goodbye(*this, answer))
        reply(answer);
    begin_closing(why);
}

CRIER_COLD CRIER_DECL void session_base::depart() noexcept
{
    shard_->topics.leave_all(topics_);
    if (bound_) {
        bound_ = false;
        role_->leaving(*this);
    }
}

CRIER_COLD CRIER_DECL void session_base::finish(error_code why)
{
    if (phase_ == phase::closed)
        return;
    if (ended_category_)
        why = error_code(ended_value_, *ended_category_);
    if (paused_)
        role_->forget(*this);
    paused_ = false;
    role_->entrance->leave(crowd_);
    depart();
    const bool unready = phase_ == phase::shaking;
    phase_ = phase::closed;
    awaits_goodbye_ = false;
    deadline_hook::unlink();
    shard_->counts.messages_dropped += outbox_.messages();
    outbox_.clear();
    if (unready && (why == error::peer_vanished || why.category() != error_category()))
        ++shard_->counts.handshakes_failed; // the transport's own
    else
        count_end(why);
    try {
        role_->closed(*this, why, opened_);
    } catch (...) {
        tell_of_exception();
    }
    close_stream(); // only now: who it was could still be asked
    shard_->bury(*this);
}

CRIER_COLD CRIER_DECL void session_base::count_end(error_code why) noexcept
{
    counters& counts = shard_->counts;
    if (why.category() == error_category())
        counts.note_end(static_cast<error>(why.value()));
    if (!why || why == error::request_answered || why == condition::closed ||
        why == condition::program_failed)
        ++counts.closed;
    else if (why == condition::handshake_failed)
        ++counts.handshakes_failed;
    else if (why == condition::protocol_violation)
        ++counts.protocol_violations;
    else if (why == condition::limit_exceeded)
        ++counts.limits_exceeded;
    else if (why == condition::timed_out)
        ++counts.timed_out;
    else if (why == condition::rejected)
        ++counts.rejected;
    else
        ++counts.lost;
}

} // namespace crier::detail

#endif
