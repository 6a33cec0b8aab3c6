// The load itself: one thread, one epoll set, clients that listen and back ends that speak.
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "faults.hpp"
#include "ledger.hpp"
#include "line.hpp"
#include "net.hpp"
#include "options.hpp"
#include "websocket.hpp"

namespace bench {

// How busy the generator itself has been.
struct own_figures
{
    std::uint64_t at_ns = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t waited_ns = 0;
    std::uint64_t empty_ns = 0; // spent in polls that brought nothing
};

class generator
{
public:
    generator(const options& o, faults& found)
        : o_(o),
          found_(found),
          deadline_(now_ns() + seconds(o.timeout_seconds)),
          epoll_(epoll_create1(EPOLL_CLOEXEC)),
          streams_(o.back_ends + (o.flood ? 1 : 0)),
          clients_(o.connections),
          buffer_(256 * 1024),
          events_(1024),
          ledger_(o.connections, o.uids + 1, streams_, found)
    {
        if (!epoll_)
            throw_errno("epoll_create1");
        prefixes_.reserve(o.uids + 1);
        for (std::uint32_t u = 0; u < o.uids; ++u)
            prefixes_.push_back("{\"uid\":\"u" + std::to_string(u) + '"');
        prefixes_.push_back("{\"broadcast\":true");
        for (std::uint32_t c = 0; c < o.connections; ++c) {
            clients_[c].uid = c % o.uids;
            ledger_.join(clients_[c].uid);
            ledger_.join(everyone());
        }
        speakers_.resize(streams_ + 1);
        for (std::uint32_t b = 0; b < streams_; ++b) {
            speaker& s = speakers_[b];
            s.flood = b >= o.back_ends;
            s.window = s.flood                                        ? o.flood
                       : o.mode == load_mode::latency                 ? 0
                       : o.mode == load_mode::new_connection_per_push ? 1
                                                                      : o.in_flight;
            s.payload_bytes = s.flood ? o.flood_payload_bytes : o.payload_bytes;
            s.random = 0x9e3779b97f4a7c15 * (b + 1); // each server is asked for the same
            if (!s.flood)
                ledger_.reserve(b, (std::uint64_t{o.pushes} + o.warm_up) / o.back_ends + 1);
        }
        prober().payload_bytes = o.payload_bytes;
    }

    // Connects all clients; each says its uid as soon as it may. False when time is up.
    bool open_clients()
    {
        const auto more = [&] {
            while (opening_ < o_.connecting && opened_ < o_.connections)
                start_client(opened_++);
        };
        more();
        return run([&] {
            more();
            return listening_ + gone_ == o_.connections;
        });
    }

    bool open_back_ends()
    {
        start_speaker(streams_);
        if (o_.mode != load_mode::new_connection_per_push)
            for (std::uint32_t b = 0; b < streams_; ++b)
                start_speaker(b);
        return run([&] {
            return std::all_of(speakers_.begin(), speakers_.end(),
                               [](const speaker& s) { return !s.fd || s.connected; });
        });
    }

    // A server does not say when a client's uid is registered. So a back end of its own pushes to
    // each uid, again until each connection has heard it. Answers the rounds that took, 0 for
    // failure.
    int confirm_registrations()
    {
        const std::uint64_t give_up = std::min(deadline_, now_ns() + seconds(o_.patience_seconds));
        for (int round = 1;; ++round) {
            std::vector<bool> deaf(o_.uids, false);
            for (const client& c : clients_)
                if (!c.probed && c.state != client_state::closed)
                    deaf[c.uid] = true;
            std::vector<std::uint32_t> asked;
            for (std::uint32_t u = 0; u < o_.uids; ++u)
                if (deaf[u])
                    asked.push_back(u);
            if (asked.empty())
                return round - 1;
            if (now_ns() > give_up || found_.hopeless())
                break;
            if (round > 1)
                pause(0.02);
            std::size_t next = 0;
            const bool answered = run([&] {
                speaker& s = prober();
                while (next < asked.size() && s.sent - s.answered < 256)
                    format_.append(s.out, prefixes_[asked[next++]], ++s.sent, streams_,
                                   s.payload_bytes);
                flush(streams_);
                return next == asked.size() && s.sent == s.answered;
            });
            if (!answered)
                break;
            run([&] { return unprobed() == 0; }, now_ns() + seconds(0.02));
        }
        for (std::uint32_t i = 0; i < clients_.size(); ++i)
            if (!clients_[i].probed && clients_[i].state != client_state::closed)
                found_.add(fault::unregistered, "connection " + std::to_string(i));
        return 0;
    }

    // Sends so many lines and waits until all is answered and delivered. False when something is
    // missing that time, or patience, did not bring.
    bool push(std::uint32_t lines, bool measured)
    {
        measured_ = measured;
        samples_.clear();
        for (std::uint32_t b = 0; b < o_.back_ends; ++b) {
            speaker& s = speakers_[b];
            s.phase_start = s.sent;
            s.quota = s.sent + lines / o_.back_ends + (b < lines % o_.back_ends ? 1 : 0);
        }
        phase_lines_ = lines;
        paced_ = 0;
        phase_start_ns_ = now_ns();
        const std::uint64_t stop_ns =
            o_.seconds > 0 ? phase_start_ns_ + seconds(o_.seconds) : ~std::uint64_t{0};
        for (std::uint32_t b = 0; b < streams_; ++b)
            refill(b);
        const bool complete = run([&] {
            if (now_ns() >= stop_ns)
                for (speaker& s : speakers_)
                    s.quota = s.sent;
            if (o_.mode == load_mode::latency)
                pace();
            return finished();
        });
        phase_end_ns_ = last_arrival_ns_;
        return complete;
    }

    // Listens on for what should not come.
    void pause(double for_seconds)
    {
        run([] { return false; }, now_ns() + seconds(for_seconds));
    }

    // Back ends whose replies are missing; deliveries that are missing.
    void report_missing()
    {
        for (std::uint32_t b = 0; b < speakers_.size(); ++b)
            if (const speaker& s = speakers_[b]; s.sent != s.answered)
                found_.add(fault::reply,
                           "back end " + std::to_string(b) + " has no reply to line " +
                               std::to_string(s.answered + 1) + " of " + std::to_string(s.sent),
                           s.sent - s.answered);
        std::vector<std::uint32_t> audience_of;
        for (const client& c : clients_)
            audience_of.push_back(audience(c));
        ledger_.report_lost(audience_of);
        if (listening_ + gone_ != o_.connections)
            found_.add(fault::handshake,
                       std::to_string(o_.connections - listening_ - gone_) +
                           " clients did not get through it in time",
                       o_.connections - listening_ - gone_);
    }

    own_figures own() const
    {
        own_figures figures{now_ns(), nanoseconds_of(CLOCK_PROCESS_CPUTIME_ID), 0, empty_ns_};
        std::ifstream file("/proc/self/schedstat");
        std::uint64_t ran = 0;
        file >> ran >> figures.waited_ns;
        return figures;
    }

    std::uint64_t lines_sent() const
    {
        std::uint64_t sum = 0;
        for (std::uint32_t b = 0; b < streams_; ++b)
            sum += speakers_[b].sent;
        return sum;
    }
    std::uint64_t deliveries_expected() const { return ledger_.expected(); }
    std::uint64_t deliveries() const { return ledger_.delivered(); }
    std::uint64_t phase_ns() const { return phase_end_ns_ - phase_start_ns_; }
    bool in_time() const { return now_ns() < deadline_; }
    std::vector<std::uint64_t>& samples() { return samples_; }
    std::uint64_t now_listening() const { return listening_; }

private:
    enum class client_state : std::uint8_t { connecting, upgrading, listening, closed };

    struct client
    {
        descriptor fd;
        client_state state = client_state::connecting;
        std::uint32_t uid = 0;
        std::uint32_t probed = 0; // the last probe that it heard
        std::string tail;         // an unfinished header or frame
    };

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

    static constexpr std::uint64_t speaker_mark = std::uint64_t{1} << 32;

    static std::uint64_t seconds(double value) { return static_cast<std::uint64_t>(value * 1e9); }

    std::uint32_t everyone() const { return o_.uids; }
    std::uint32_t audience(const client& c) const
    {
        return o_.mode == load_mode::broadcast ? everyone() : c.uid;
    }
    speaker& prober() { return speakers_[streams_]; }
    std::size_t unprobed() const
    {
        return static_cast<std::size_t>(
            std::count_if(clients_.begin(), clients_.end(), [](const client& c) {
                return !c.probed && c.state != client_state::closed;
            }));
    }

    bool finished() const
    {
        if (ledger_.delivered() < ledger_.expected())
            return false;
        for (std::uint32_t b = 0; b < streams_; ++b) {
            const speaker& s = speakers_[b];
            if (s.sent != s.answered || (!s.flood && s.sent < s.quota))
                return false;
        }
        return true;
    }

    // Turns until done says so. False when the time is up, when nothing arrives any more that is
    // waited for, or when there are so many faults that going on tells nothing.
    template <class Done>
    bool run(Done&& done, std::uint64_t until = ~std::uint64_t{0})
    {
        last_arrival_ns_ = now_ns();
        const std::uint64_t patience = seconds(o_.patience_seconds);
        for (;;) {
            if (done())
                return true;
            const std::uint64_t now = now_ns();
            if (now >= until || now >= deadline_ || found_.hopeless())
                return false;
            if (until == ~std::uint64_t{0} && now > last_arrival_ns_ + patience &&
                !waits_for_clock())
                return false;
            turn(std::min({until, deadline_, now + 100'000'000, next_due_ns()}), now);
        }
    }

    bool waits_for_clock() const { return o_.mode == load_mode::latency && paced_ < phase_lines_; }

    std::uint64_t next_due_ns() const
    {
        return waits_for_clock() ? due_ns(paced_) : ~std::uint64_t{0};
    }

    std::uint64_t due_ns(std::uint64_t line) const
    {
        return phase_start_ns_ + line * 1'000'000'000 / o_.rate;
    }

    void turn(std::uint64_t wake_ns, std::uint64_t now)
    {
        const std::uint64_t wait = o_.spin || wake_ns <= now ? 0 : wake_ns - now;
        const timespec timeout{static_cast<time_t>(wait / 1'000'000'000),
                               static_cast<long>(wait % 1'000'000'000)};
        const int count = epoll_pwait2(epoll_.get(), events_.data(),
                                       static_cast<int>(events_.size()), &timeout, nullptr);
        if (count < 0 && errno != EINTR)
            throw_errno("epoll_pwait2");
        const std::uint64_t after = now_ns();
        if (count <= 0) {
            empty_ns_ += after - now;
            return;
        }
        last_arrival_ns_ = after;
        for (int i = 0; i < count; ++i) {
            const std::uint64_t data = events_[i].data.u64;
            const auto index = static_cast<std::uint32_t>(data);
            if (data & speaker_mark)
                on_speaker(index, events_[i].events);
            else
                on_client(index, events_[i].events);
        }
    }

    void watch(int fd, std::uint64_t data)
    {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        event.data.u64 = data;
        if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
            throw_errno("epoll_ctl");
    }

    static int connect_error(int fd)
    {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        return error;
    }

    // Clients.

    void start_client(std::uint32_t i)
    {
        clients_[i].fd = connect_to(o_.clients, serial_++);
        ++opening_;
        watch(clients_[i].fd.get(), i);
    }

    void on_client(std::uint32_t i, std::uint32_t events)
    {
        client& c = clients_[i];
        if (c.state == client_state::connecting) {
            if (const int error = connect_error(c.fd.get()))
                return end_client(i, fault::handshake, std::strerror(error));
            if (!(events & EPOLLOUT))
                return;
            c.state = client_state::upgrading;
            send_whole(i, upgrade_request(o_.clients.text));
        }
        if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            read_client(i, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    }

    // What a client says is so short that a kernel which does not take it whole is at fault.
    void send_whole(std::uint32_t i, std::string_view bytes)
    {
        if (send(clients_[i].fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size()))
            end_client(i, fault::closed, "cannot write to it");
    }

    void end_client(std::uint32_t i, fault kind, const std::string& why)
    {
        client& c = clients_[i];
        if (c.state == client_state::closed)
            return;
        found_.add(kind, "connection " + std::to_string(i) + ": " + why);
        if (c.state == client_state::listening)
            --listening_;
        else
            --opening_;
        c.state = client_state::closed;
        c.fd.reset();
        ++gone_;
    }

    void read_client(std::uint32_t i, bool hung_up)
    {
        client& c = clients_[i];
        while (c.state != client_state::closed) {
            const std::size_t have = c.tail.size();
            std::memcpy(buffer_.data(), c.tail.data(), have);
            const ssize_t got = recv(c.fd.get(), buffer_.data() + have, buffer_.size() - have, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR))
                return;
            if (got < 0)
                return end_client(i, fault::closed, std::strerror(errno));
            if (got == 0)
                return end_client(i, fault::closed, "the server ended it");
            if (o_.mode == load_mode::latency)
                arrival_ns_ = now_ns();
            const std::string_view bytes{buffer_.data(), have + static_cast<std::size_t>(got)};
            const std::size_t used = on_bytes(i, bytes);
            c.tail.assign(bytes.substr(used));
            if (bytes.size() < buffer_.size() && !hung_up)
                return; // the socket is empty, and an edge will say when it is not
        }
    }

    std::size_t on_bytes(std::uint32_t i, std::string_view bytes)
    {
        client& c = clients_[i];
        std::size_t used = 0;
        if (c.state == client_state::upgrading) {
            const std::size_t end = bytes.find("\r\n\r\n");
            if (end == bytes.npos) {
                if (bytes.size() > 16 * 1024)
                    end_client(i, fault::handshake, "the answer has no end");
                return 0;
            }
            used = end + 4;
            if (const std::string wrong = judge_upgrade(bytes.substr(0, end + 2)); !wrong.empty()) {
                end_client(i, fault::handshake, wrong);
                return used;
            }
            c.state = client_state::listening;
            --opening_;
            ++listening_;
            send_whole(i, client_frame(1, 'u' + std::to_string(c.uid)));
        }
        while (c.state == client_state::listening) {
            const server_frame frame = read_server_frame(bytes.substr(used));
            if (frame.result == server_frame::verdict::need_more)
                break;
            if (frame.result == server_frame::verdict::bad) {
                end_client(i, fault::framing, frame.reason);
                break;
            }
            used += frame.size;
            if (frame.opcode == 1)
                on_message(i, frame.payload);
            else if (frame.opcode == 9)
                send_whole(i, client_frame(10, frame.payload));
            else if (frame.opcode == 8)
                end_client(i, fault::closed, "the server sent close " + close_words(frame.payload));
        }
        return used;
    }

    static std::string close_words(std::string_view payload)
    {
        if (payload.size() < 2)
            return "without a code";
        const int code =
            static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
        return std::to_string(code) + ' ' + std::string{payload.substr(2)};
    }

    void on_message(std::uint32_t i, std::string_view message)
    {
        client& c = clients_[i];
        const bool to_everyone = message.starts_with(prefixes_.back());
        const std::string& prefix = prefixes_[to_everyone ? everyone() : c.uid];
        const parsed_line line = format_.parse(message, prefix);
        if (!line.valid) [[unlikely]] {
            const bool strayed =
                message.starts_with("{\"uid\":\"u") && !message.starts_with(prefix);
            found_.add(strayed ? fault::misrouted : fault::altered,
                       "connection " + std::to_string(i) + " heard " +
                           std::string{message.substr(0, 60)});
            return;
        }
        if (line.b == streams_ && !to_everyone)
            return on_probe(i, line.n, message.size());
        if (line.b >= streams_ || message.size() != speakers_[line.b].payload_bytes ||
            to_everyone != (o_.mode == load_mode::broadcast))
        {
            found_.add(fault::altered, "connection " + std::to_string(i) + " heard " +
                                           std::string{message.substr(0, 60)});
            return;
        }
        ledger_.heard(i, audience(c), line.b, line.n);
        if (o_.mode == load_mode::latency && measured_ && !speakers_[line.b].flood) {
            const std::uint64_t index =
                std::uint64_t{line.n - 1 - speakers_[line.b].phase_start} * o_.back_ends + line.b;
            samples_.push_back(arrival_ns_ - std::min(arrival_ns_, due_ns(index)));
        }
    }

    void on_probe(std::uint32_t i, std::uint32_t n, std::size_t size)
    {
        client& c = clients_[i];
        if (n > prober().sent || size != prober().payload_bytes)
            found_.add(fault::altered, "probe " + std::to_string(n));
        else if (n <= c.probed)
            found_.add(n == c.probed ? fault::duplicated : fault::reordered,
                       "probe " + std::to_string(n) + " at connection " + std::to_string(i));
        else
            c.probed = n;
    }

    // Back ends.

    void start_speaker(std::uint32_t b)
    {
        speaker& s = speakers_[b];
        s.fd = connect_to(o_.backend, serial_++);
        s.connected = false;
        watch(s.fd.get(), speaker_mark | b);
    }

    void on_speaker(std::uint32_t b, std::uint32_t events)
    {
        speaker& s = speakers_[b];
        if (!s.fd)
            return;
        if (!s.connected) {
            if (const int error = connect_error(s.fd.get()))
                return end_speaker(b, std::strerror(error));
            if (!(events & EPOLLOUT))
                return;
            s.connected = true;
        }
        if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
            read_replies(b, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
        if (s.fd && b < streams_)
            refill(b);
        else if (s.fd)
            flush(b);
    }

    void end_speaker(std::uint32_t b, const std::string& why)
    {
        found_.add(fault::closed, "back end " + std::to_string(b) + ": " + why);
        speakers_[b].fd.reset();
        speakers_[b].quota = speakers_[b].sent;
    }

    void read_replies(std::uint32_t b, bool hung_up)
    {
        speaker& s = speakers_[b];
        for (;;) {
            const std::size_t have = s.tail.size();
            std::memcpy(buffer_.data(), s.tail.data(), have);
            const ssize_t got = recv(s.fd.get(), buffer_.data() + have, buffer_.size() - have, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR))
                return;
            if (got <= 0)
                return end_speaker(b, got < 0 ? std::strerror(errno) : "the server ended it");
            std::string_view bytes{buffer_.data(), have + static_cast<std::size_t>(got)};
            const bool full = bytes.size() == buffer_.size();
            while (on_reply(b, bytes)) {
            }
            s.tail.assign(bytes);
            if (s.tail.size() > 4)
                return end_speaker(b, "it says " + s.tail.substr(0, 40));
            if (o_.mode == load_mode::new_connection_per_push && b < streams_ &&
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
        static constexpr std::string_view ok = "ok\n";
        static constexpr std::string_view fail = "fail\n";
        speaker& s = speakers_[b];
        const bool said_ok = bytes.starts_with(ok);
        if (!said_ok && !bytes.starts_with(fail))
            return false;
        bytes.remove_prefix(said_ok ? ok.size() : fail.size());
        if (s.answered == s.sent) {
            found_.add(fault::reply, "back end " + std::to_string(b) + " has one reply too many");
            return true;
        }
        const std::uint32_t n = ++s.answered;
        // A probe may come too early and fail: then it is asked again.
        if (b < streams_ && said_ok == for_nobody(n))
            found_.add(fault::reply, "back end " + std::to_string(b) + " line " +
                                         std::to_string(n) + ": " + (said_ok ? "ok" : "fail"));
        return true;
    }

    bool for_nobody(std::uint32_t n) const { return o_.fail_every && n % o_.fail_every == 0; }

    void append_line(std::uint32_t b)
    {
        speaker& s = speakers_[b];
        const std::uint32_t n = ++s.sent;
        if (for_nobody(n)) {
            ledger_.sent_to_nobody(b);
            format_.append(s.out, "{\"uid\":\"-\"", n, b, s.payload_bytes);
            return;
        }
        std::uint32_t to = everyone();
        if (o_.mode != load_mode::broadcast) {
            s.random ^= s.random << 13;
            s.random ^= s.random >> 7;
            s.random ^= s.random << 17;
            to = static_cast<std::uint32_t>((s.random >> 32) * o_.uids >> 32);
        }
        ledger_.sent(b, to);
        format_.append(s.out, prefixes_[to], n, b, s.payload_bytes);
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
        if (speakers_[b].sent < speakers_[b].quota)
            start_speaker(b);
    }

    // Open loop: what is due is sent, whatever has been answered.
    void pace()
    {
        const std::uint64_t now = now_ns();
        const std::uint64_t first = paced_;
        while (paced_ < phase_lines_ && due_ns(paced_) <= now) {
            speaker& s = speakers_[paced_ % o_.back_ends];
            if (s.sent == s.quota) { // the time is up
                paced_ = phase_lines_;
                break;
            }
            append_line(static_cast<std::uint32_t>(paced_ % o_.back_ends));
            ++paced_;
        }
        if (paced_ == first)
            return;
        for (std::uint32_t b = 0; b < o_.back_ends; ++b)
            flush(b);
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
                end_speaker(b, std::strerror(errno));
            return;
        }
        s.written += static_cast<std::size_t>(sent);
        if (s.written == s.out.size() || s.written > (1u << 20)) {
            s.out.erase(0, s.written);
            s.written = 0;
        }
    }

    const options& o_;
    faults& found_;
    std::uint64_t deadline_;
    descriptor epoll_;
    std::uint32_t streams_; // back ends that count; one more probes
    line_format format_;
    std::vector<std::string> prefixes_; // by audience
    std::vector<client> clients_;
    std::vector<speaker> speakers_;
    std::vector<char> buffer_;
    std::vector<epoll_event> events_;
    ledger ledger_;

    std::uint64_t serial_ = 0;
    std::uint32_t opening_ = 0;
    std::uint32_t opened_ = 0;
    std::uint32_t listening_ = 0;
    std::uint32_t gone_ = 0;

    bool measured_ = false;
    std::uint64_t phase_start_ns_ = 0;
    std::uint64_t phase_end_ns_ = 0;
    std::uint64_t phase_lines_ = 0;
    std::uint64_t paced_ = 0;
    std::uint64_t last_arrival_ns_ = 0;
    std::uint64_t arrival_ns_ = 0;
    std::uint64_t empty_ns_ = 0;
    std::vector<std::uint64_t> samples_;
};

} // namespace bench
