// The back ends: they send lines and judge the replies. One more than the run asks for probes who is
// registered, and one more may flood.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "conversation.hpp"
#include "poll_set.hpp"

namespace bench {

class back_ends
{
public:
    static constexpr std::uint64_t mark = std::uint64_t{1}
                                          << 32; // of their numbers in the poll set

    back_ends(conversation& about, poll_set& polled)
        : about_(about), o_(about.o), polled_(polled), speakers_(about.streams + 1)
    {
        for (std::uint32_t b = 0; b < about_.streams; ++b) {
            speaker& s = speakers_[b];
            s.flood = b >= o_.back_ends;
            s.window = s.flood                                         ? o_.flood
                       : o_.mode == load_mode::latency                 ? 0
                       : o_.mode == load_mode::new_connection_per_push ? 1
                                                                       : o_.in_flight;
            s.payload_bytes = s.flood ? o_.flood_payload_bytes : o_.payload_bytes;
            s.random = 0x9e3779b97f4a7c15 * (b + 1); // each server is asked for the same
            if (!s.flood)
                about_.heard.reserve(b, (std::uint64_t{o_.pushes} + o_.warm_up) / o_.back_ends + 1);
        }
        prober().payload_bytes = o_.payload_bytes;
    }

    void start()
    {
        start_one(about_.streams);
        if (o_.mode != load_mode::new_connection_per_push)
            for (std::uint32_t b = 0; b < about_.streams; ++b)
                start_one(b);
    }

    bool started() const
    {
        return std::all_of(speakers_.begin(), speakers_.end(),
                           [](const speaker& s) { return !s.fd || s.connected; });
    }

    void on_event(std::uint32_t b, std::uint32_t events)
    {
        speaker& s = speakers_[b];
        if (!s.fd)
            return;
        if (!s.connected) {
            if (const int error = connect_error(s.fd))
                return end(b, std::strerror(error));
            if (!(events & EPOLLOUT))
                return;
            s.connected = true;
        }
        if (means_input(events))
            read_replies(b, means_the_end(events));
        if (s.fd && b < about_.streams)
            refill(b);
        else if (s.fd)
            flush(b);
    }

    // Asks for this audience from the probing back end, if not too much is unanswered.
    bool probe(std::uint32_t audience)
    {
        speaker& s = prober();
        if (s.sent - s.answered >= 256)
            return false;
        about_.append(s.out, audience, ++s.sent, about_.streams, s.payload_bytes);
        return true;
    }
    void flush_probes() { flush(about_.streams); }
    bool probes_answered() const { return speakers_.back().sent == speakers_.back().answered; }

    // Begins to send so many lines.
    void start_phase(std::uint32_t lines)
    {
        for (std::uint32_t b = 0; b < o_.back_ends; ++b) {
            speaker& s = speakers_[b];
            s.phase_start = s.sent;
            s.quota = s.sent + lines / o_.back_ends + (b < lines % o_.back_ends ? 1 : 0);
        }
        phase_lines_ = lines;
        paced_ = 0;
        phase_start_ns_ = now_ns();
        for (std::uint32_t b = 0; b < about_.streams; ++b)
            refill(b);
    }
    std::uint64_t phase_start_ns() const { return phase_start_ns_; }

    void send_no_more()
    {
        for (speaker& s : speakers_)
            s.quota = s.sent;
    }

    // True if each line of the phase is sent and answered.
    bool finished() const
    {
        for (std::uint32_t b = 0; b < about_.streams; ++b) {
            const speaker& s = speakers_[b];
            if (s.sent != s.answered || (!s.flood && s.sent < s.quota))
                return false;
        }
        return true;
    }

    // Open loop: what is due is sent, whatever has been answered.
    void pace()
    {
        if (o_.pace)
            return start_due();
        const std::uint64_t now = now_ns();
        const std::uint64_t first = paced_;
        while (paced_ < phase_lines_ && due_ns(paced_) <= now) {
            const auto b = static_cast<std::uint32_t>(paced_ % o_.back_ends);
            if (speakers_[b].sent == speakers_[b].quota) { // the time is up
                paced_ = phase_lines_;
                break;
            }
            append_line(b);
            ++paced_;
        }
        if (paced_ == first)
            return;
        for (std::uint32_t b = 0; b < o_.back_ends; ++b)
            flush(b);
    }

    bool waits_for_clock() const
    {
        if (o_.pace)
            return std::any_of(speakers_.begin(), speakers_.end() - 1,
                               [](const speaker& s) { return !s.fd && s.sent < s.quota; });
        return o_.mode == load_mode::latency && paced_ < phase_lines_;
    }
    std::uint64_t next_due_ns() const
    {
        if (!waits_for_clock())
            return ~std::uint64_t{0};
        if (!o_.pace)
            return due_ns(paced_);
        std::uint64_t first = ~std::uint64_t{0};
        for (std::uint32_t b = 0; b < about_.streams; ++b)
            if (const speaker& s = speakers_[b]; !s.fd && s.sent < s.quota)
                first = std::min(first, due_ns(b, s.sent + 1));
        return first;
    }

    // When line n of back end b was due in this phase.
    std::uint64_t due_ns(std::uint32_t b, std::uint32_t n) const
    {
        return due_ns(std::uint64_t{n - 1 - speakers_[b].phase_start} * o_.back_ends + b);
    }

    std::uint32_t payload_bytes(std::uint32_t b) const { return speakers_[b].payload_bytes; }
    std::uint32_t sent(std::uint32_t b) const { return speakers_[b].sent; }
    bool floods(std::uint32_t b) const { return speakers_[b].flood; }

    std::uint64_t lines_sent() const
    {
        std::uint64_t sum = 0;
        for (std::uint32_t b = 0; b < about_.streams; ++b)
            sum += speakers_[b].sent;
        return sum;
    }

    void report_missing()
    {
        for (std::uint32_t b = 0; b < speakers_.size(); ++b)
            if (const speaker& s = speakers_[b]; s.sent != s.answered)
                about_.found.add(fault::reply,
                                 name(b) + " has no reply to line " +
                                     std::to_string(s.answered + 1) + " of " +
                                     std::to_string(s.sent),
                                 s.sent - s.answered);
    }

private:
    struct speaker
    {
        descriptor fd;
        bool connected = false;
        bool flood = false;
        std::uint32_t window = 0; // 0: a clock says when, not the replies
        std::uint32_t payload_bytes = 0;
        std::uint32_t sent = 0;
        std::uint32_t answered = 0;
        std::uint32_t quota = 0;
        std::uint32_t phase_start = 0;
        std::uint64_t random = 0;
        std::string out; // lines that are not written yet
        std::size_t written = 0;
        std::string tail; // half a reply
    };

    static std::string name(std::uint32_t b) { return "back end " + std::to_string(b); }

    speaker& prober() { return speakers_.back(); }

    std::uint64_t due_ns(std::uint64_t line) const
    {
        return phase_start_ns_ + line * 1'000'000'000 / o_.rate;
    }

    void start_one(std::uint32_t b)
    {
        speaker& s = speakers_[b];
        s.fd = connect_to(o_.backend, about_.serial++);
        s.connected = false;
        polled_.watch(s.fd, mark | b);
    }

    void end(std::uint32_t b, const std::string& why)
    {
        about_.found.add(fault::closed, name(b) + ": " + why);
        speakers_[b].fd.reset();
        speakers_[b].quota = speakers_[b].sent;
    }

    void read_replies(std::uint32_t b, bool hung_up)
    {
        speaker& s = speakers_[b];
        std::vector<char>& buffer = about_.buffer;
        for (;;) {
            const std::size_t have = s.tail.size();
            std::memcpy(buffer.data(), s.tail.data(), have);
            const ssize_t got = recv(s.fd.get(), buffer.data() + have, buffer.size() - have, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR))
                return;
            if (got <= 0)
                return end(b, got < 0 ? std::strerror(errno) : "the server ended it");
            std::string_view bytes{buffer.data(), have + static_cast<std::size_t>(got)};
            const bool full = bytes.size() == buffer.size();
            while (on_reply(b, bytes)) {
            }
            s.tail.assign(bytes);
            if (s.tail.size() > longest_half_reply(o_.speaks))
                return end(b, "it says " + s.tail.substr(0, 40));
            if (o_.mode == load_mode::new_connection_per_push && b < about_.streams &&
                s.answered == s.sent && s.tail.empty())
            {
                s.fd.reset();
                start_next(b);
                return;
            }
            if (!full && !hung_up)
                return;
        }
    }

    bool on_reply(std::uint32_t b, std::string_view& bytes)
    {
        speaker& s = speakers_[b];
        const reply heard = take_reply(o_.speaks, bytes);
        if (heard == reply::none)
            return false;
        if (heard == reply::wrong) {
            about_.found.add(fault::reply,
                             name(b) + " hears " + std::string{bytes.substr(0, bytes.find('\r'))});
            bytes = {};
            return false;
        }
        const bool said_ok = heard == reply::ok;
        if (s.answered == s.sent) {
            about_.found.add(fault::reply, name(b) + " has one reply too many");
            return true;
        }
        const std::uint32_t n = ++s.answered;
        // A probe may come too early and fail: then it is asked again.
        if (b < about_.streams && said_ok == for_nobody(n))
            about_.found.add(fault::reply, name(b) + " line " + std::to_string(n) + ": " +
                                               (said_ok ? "ok" : "fail"));
        return true;
    }

    bool for_nobody(std::uint32_t n) const { return o_.fail_every && n % o_.fail_every == 0; }

    void append_line(std::uint32_t b)
    {
        speaker& s = speakers_[b];
        const std::uint32_t n = ++s.sent;
        if (for_nobody(n)) {
            about_.heard.sent_to_nobody(b);
            about_.append_for_nobody(s.out, n, b, s.payload_bytes);
            return;
        }
        std::uint32_t to = about_.everyone();
        if (o_.mode != load_mode::broadcast) {
            s.random ^= s.random << 13;
            s.random ^= s.random >> 7;
            s.random ^= s.random << 17;
            to = static_cast<std::uint32_t>((s.random >> 32) * o_.uids >> 32);
        }
        about_.heard.sent(b, to);
        about_.append(s.out, to, n, b, s.payload_bytes);
    }

    void refill(std::uint32_t b)
    {
        speaker& s = speakers_[b];
        if (o_.mode == load_mode::new_connection_per_push) {
            if (!s.fd)
                return start_next(b);
            if (s.connected && s.sent == s.answered && s.sent < s.quota)
                append_line(b);
        } else if (s.flood) {
            // Until the measured lines are out.
            while (waits_for_clock() && s.sent - s.answered < s.window)
                append_line(b);
        } else {
            while (s.sent - s.answered < s.window && s.sent < s.quota)
                append_line(b);
        }
        flush(b);
    }

    void start_next(std::uint32_t b)
    {
        if (speakers_[b].sent < speakers_[b].quota &&
            (!o_.pace || due_ns(b, speakers_[b].sent + 1) <= now_ns()))
            start_one(b);
    }

    // Of back ends that wait for the clock to connect again.
    void start_due()
    {
        for (std::uint32_t b = 0; b < about_.streams; ++b)
            if (!speakers_[b].fd)
                start_next(b);
    }

    void flush(std::uint32_t b)
    {
        speaker& s = speakers_[b];
        if (!s.connected || !s.fd || s.written == s.out.size())
            return;
        const ssize_t sent =
            send(s.fd.get(), s.out.data() + s.written, s.out.size() - s.written, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR)
                end(b, std::strerror(errno));
            return;
        }
        s.written += static_cast<std::size_t>(sent);
        if (s.written == s.out.size() || s.written > (1u << 20)) {
            s.out.erase(0, s.written);
            s.written = 0;
        }
    }

    conversation& about_;
    const options& o_;
    poll_set& polled_;
    std::vector<speaker> speakers_;
    std::uint64_t phase_start_ns_ = 0;
    std::uint64_t phase_lines_ = 0;
    std::uint64_t paced_ = 0;
};

} // namespace bench
