#ifndef CRIER_TESTS_IN_MEMORY_MODEL_HPP
#define CRIER_TESTS_IN_MEMORY_MODEL_HPP

#include <crier/counters.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What include/crier/delivery.md promises, as plain code. The world is told what happens to a
/// server's connections, byte by byte (this much was read, this much was written), and says what must
/// come of it: what is written next, what each line is answered, what is counted. Nothing here knows
/// the server's code.
namespace model {

using std::chrono::minutes;

enum class framing { websocket, line, prefixed };
enum class policy { close_slow, drop_oldest, drop_newest, conflate_close, conflate_drop_oldest };
enum class who { all, capped, latest, first };

struct listener
{
    bool pages;
    framing codec;
    policy overflow = policy::close_slow;

    bool conflates() const
    {
        return overflow == policy::conflate_close || overflow == policy::conflate_drop_oldest;
    }
    bool says_goodbye() const { return codec == framing::websocket; }
};

struct rules
{
    std::vector<listener> listeners;
    who registry = who::all;
    std::size_t most_of_a_uid = 2; ///< if capped
    std::size_t max_uid_bytes = 12;
    std::size_t max_outbox_bytes = 700;
    std::size_t max_outbox_messages = 9;
    std::size_t max_topics = 2;
    minutes handshake{90}, uid{90}, silence{150}, message{90}, stall{210}, close{90}, stop{270};
};

/// What a line, or a call of the program, asks for.
struct order
{
    enum kind_type { invalid, too_long, one, several, all, topic, join, leave };
    kind_type kind = invalid;
    std::string name{}; ///< the uid or topic; of an invalid one, what is wrong with it
    std::vector<std::string> uids{};
    std::set<std::string> except{};
    std::string text{};
    std::string key{};
};

/// Something that a peer says, `end` bytes from the beginning of all that it says.
struct said
{
    enum kind_type { request, text, binary, ping, close, line };
    kind_type kind;
    std::string bytes; ///< the message's, or what the answer to it is
    order asked{};
    std::size_t end = 0;
};

struct result
{
    std::size_t queued = 0, dropped = 0;
    friend bool operator==(const result&, const result&) = default;
};

enum class stage { waiting, shaking, opening, open, closing, lingering, closed };

/// A page that says so is closed by a hook.
inline constexpr std::string_view close_me = "close me";

inline std::string frame(framing codec, char first, std::string_view text)
{
    std::string bytes;
    const auto size = text.size();
    const auto byte = [&](std::size_t at) { bytes += static_cast<char>(size >> (8 * at)); };
    if (codec == framing::line)
        return std::string(text) + '\n';
    if (codec == framing::prefixed) {
        for (std::size_t at = 4; at-- != 0;)
            byte(at);
    } else {
        bytes += first;
        if (size > 125) {
            bytes += '\x7E';
            byte(1);
        }
        byte(0);
    }
    return bytes.append(text);
}

inline std::string goodbye(unsigned code, std::string_view text)
{
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
    return frame(framing::websocket, '\x88', payload.append(text));
}

class world
{
public:
    /// Which counter a connection's end is added to.
    using reason = std::uint64_t crier::counters::*;

    struct queued
    {
        std::string bytes;
        std::size_t messages;
        std::string key{};
    };

    struct connection
    {
        const listener* at = nullptr;
        stage is = stage::waiting;
        std::string uid{};
        std::deque<said> script{};                ///< said, and not read to its end
        std::size_t read_bytes = 0, ended_at = 0; ///< and where the last message of these ended
        std::deque<queued> outbox{};
        std::size_t written = 0; ///< of the first
        std::string answers{};   ///< to what is being read
        std::string wire{};      ///< written, and not received
        std::set<std::string> topics{};
        std::optional<minutes> due{};
        reason why = nullptr;
        bool bound = false, waits_for_uid = false, awaits_goodbye = false, peer_ended = false;
        bool ended_by_peer = false; ///< eof was read
        bool stalled = false, pinged = false;
        bool wrote = false;         ///< since it last would have blocked
        bool answers_wait = false;  ///< in the outbox
        bool unfinished = false;    ///< a message was read in part
        bool times_message = false; ///< due is when the rest of it is
        bool stuck = false;         ///< reads and writes would block, whatever comes

        std::size_t messages() const
        {
            std::size_t n = 0;
            for (const queued& q : outbox)
                n += q.messages;
            return n;
        }
        std::size_t bytes() const
        {
            std::size_t n = 0;
            for (const queued& q : outbox)
                n += q.bytes.size();
            return n - written;
        }
        bool wants_to_read() const
        {
            if (is == stage::open)
                return outbox.empty() || (at->pages && !answers_wait);
            return is < stage::open || is == stage::lingering || awaits_goodbye;
        }
        bool waits_to_write() const { return stalled && !(unfinished && wants_to_read()); }
    };

    explicit world(rules r) : rule(std::move(r)) {}

    rules rule;
    crier::counters counts;
    std::map<int, connection> connections;
    std::vector<int> table; ///< those that receive, as they came
    std::string wrong;      ///< the first thing that was not as it must be
    minutes now{0};
    std::optional<minutes> drain_due;

    connection& operator[](int c) { return connections.at(c); }

    template <class... Words>
    void check(bool holds, const Words&... words)
    {
        if (holds || !wrong.empty())
            return;
        std::ostringstream text;
        (text << ... << words);
        wrong = text.str();
    }

    // What happens to a connection.

    void accepted(int id, int which)
    {
        connection& c = connections[id];
        c.at = &rule.listeners.at(static_cast<std::size_t>(which));
        c.is = stage::shaking;
        c.due = now + rule.handshake;
        ++counts.accepted;
        ++counts.connections;
    }

    void shook(int id, bool failed)
    {
        connection& c = (*this)[id];
        if (failed)
            return finish(id, &crier::counters::lost);
        c.is = stage::opening;
        if (c.at->codec != framing::websocket)
            open(c);
    }

    void read(int id, std::size_t n)
    {
        settle_answers();
        connection& c = (*this)[id];
        check(c.is != stage::closed, "reads from a connection that is over");
        c.read_bytes += n;
        if (c.is == stage::lingering)
            return;
        const bool answers = std::exchange(c.pinged, false);
        if (c.is == stage::open && !c.waits_for_uid) {
            if (!c.stalled && !c.unfinished)
                await_silence(c);
            else if (answers && c.waits_to_write())
                await_room(c);
        }
        const std::size_t ended_before = c.ended_at;
        while (!c.script.empty() && c.script.front().end <= c.read_bytes) {
            const said s = std::move(c.script.front());
            c.script.pop_front();
            c.ended_at = s.end;
            if (c.is <= stage::open || c.awaits_goodbye)
                hear(id, c, s);
        }
        if (c.is == stage::open && !c.waits_for_uid)
            time_message(c, c.ended_at != ended_before);
        if (!c.answers.empty())
            answering_ = id;
    }

    void read_end(int id)
    {
        settle_answers();
        connection& c = (*this)[id];
        c.ended_by_peer = c.peer_ended = true;
        c.awaits_goodbye = false;
        const bool in_order = !c.at->says_goodbye() && c.is == stage::open;
        const reason why = in_order ? &crier::counters::closed : &crier::counters::lost;
        if (!in_order || c.outbox.empty())
            return finish(id, why);
        begin_closing(id, why);
    }

    void failed(int id)
    {
        if (answering_ == id)
            answering_ = 0;
        settle_answers();
        finish(id, &crier::counters::lost);
    }

    /// Offered `bytes`, and `n` of them were taken; none if it would have blocked.
    void wrote(int id, std::string_view bytes, std::size_t n)
    {
        connection& c = (*this)[id];
        check(c.is != stage::closed, "writes to a connection that is over");
        c.wire.append(bytes.substr(0, n));
        if (answering_ == id) {
            check(bytes == c.answers, "answered ", bytes, " and not ", c.answers);
            answering_ = 0;
            c.answers.erase(0, n);
            return queue_answers(c);
        }
        settle_answers();
        compare(c, bytes);
        if (!wrong.empty())
            return;
        if (n == 0) {
            counts.read_pauses += !c.stalled && !c.at->pages;
            const bool was_stalled = std::exchange(c.stalled, true);
            const bool goes_on = was_stalled && !c.wrote;
            c.wrote = false;
            if (!goes_on && c.is == stage::open && !c.waits_for_uid) {
                if (!c.waits_to_write()) {
                    if (!c.times_message)
                        await_more(c);
                } else if (was_stalled || !c.pinged || *c.due > now + rule.stall) {
                    await_room(c);
                }
            }
            return;
        }
        c.wrote = true;
        c.written += n;
        while (!c.outbox.empty() && c.written >= c.outbox.front().bytes.size()) {
            c.written -= c.outbox.front().bytes.size();
            counts.messages_sent += c.outbox.front().messages;
            c.outbox.pop_front();
        }
        if (!c.outbox.empty())
            return;
        c.answers_wait = false;
        if (!c.stalled)
            return;
        c.stalled = false;
        if (c.is == stage::open && !c.waits_for_uid)
            await_more(c);
    }

    void shut_down(int id, bool failed)
    {
        connection& c = (*this)[id];
        if (c.is == stage::closed && c.ended_by_peer)
            return; // a last word that need not arrive
        settle_answers();
        check(c.is == stage::closing && c.outbox.empty() && !c.awaits_goodbye,
              "ends its side before all is written");
        if (c.peer_ended || failed)
            return finish(id, &crier::counters::lost);
        c.is = stage::lingering;
        c.due = now + rule.close;
    }

    void was_closed(int id)
    {
        settle_answers();
        check((*this)[id].is == stage::closed, "closed too early");
    }

    /// It was taken out of the registry: at the end of the turn in which its close began.
    void left(int id)
    {
        check((*this)[id].is >= stage::closing, "leaves the registry though it goes on");
        depart(id);
    }

    // What happens to all.

    /// All who are registered are visited: for what the model has delivered already, or for what is
    /// collected still.
    void visited_all()
    {
        if (visits_to_come_ == 0)
            deliver_collected();
        check(visits_to_come_ != 0, "a message to all that nobody has asked for");
        --visits_to_come_;
    }

    /// Broadcasts that are answered at once reach their receivers later in the turn: in front of all
    /// that is queued after them.
    void deliver_collected()
    {
        const std::vector<order> orders = std::exchange(collected_, {});
        if (orders.empty())
            return;
        ++visits_to_come_;
        for (const int id : table) {
            connection& c = (*this)[id];
            std::string together;
            for (const order& o : orders)
                together += encoded(c, o.text);
            if (!c.at->conflates() && has_room(c, together.size(), orders.size())) {
                deliver(id, {together, orders.size()});
            } else {
                for (const order& o : orders)
                    deliver(id, packed(c, o));
            }
        }
    }

    /// Carries out what the program itself asks for.
    result carry_out(const order& o)
    {
        result r;
        if (o.kind != order::invalid && o.kind != order::too_long && o.kind != order::join &&
            o.kind != order::leave)
            deliver_collected();
        visits_to_come_ += o.kind == order::all;
        for (const int id : receivers(o)) {
            connection& c = (*this)[id];
            bool done = false;
            if (o.kind == order::join)
                done = c.is == stage::open && c.bound && join(c, o.name);
            else if (o.kind == order::leave)
                done = c.topics.erase(o.name) != 0;
            else
                done = deliver(id, packed(c, o));
            r.queued += done;
            r.dropped += !done && o.kind != order::leave;
        }
        return r;
    }

    void advance(minutes by)
    {
        now += by;
        for (auto& [id, c] : connections)
            if (c.due && *c.due <= now && c.is != stage::closed && c.is != stage::waiting) {
                c.due.reset();
                on_deadline(id, c);
            }
        if (drain_due && *drain_due <= now)
            for (auto& [id, c] : connections)
                if (c.is != stage::waiting)
                    finish(id, &crier::counters::closed);
    }

    void drain()
    {
        drain_due = now + rule.stop;
        for (auto& [id, c] : connections)
            if (c.is != stage::waiting)
                end(id, &crier::counters::closed, 1001, "server is stopping");
        if (counts.connections == 0)
            drain_due.reset();
    }

    void check_counts(const crier::counters& real)
    {
        counts.registered = table.size();
#define CRIER_SAME(name)                                                                           \
    check(real.name == counts.name, "counters::" #name " is ", real.name, " and not ", counts.name)
        CRIER_SAME(connections);
        CRIER_SAME(registered);
        CRIER_SAME(accepted);
        CRIER_SAME(accept_errors);
        CRIER_SAME(accept_pauses);
        CRIER_SAME(turned_away);
        CRIER_SAME(closed);
        CRIER_SAME(lost);
        CRIER_SAME(handshakes_failed);
        CRIER_SAME(protocol_violations);
        CRIER_SAME(limits_exceeded);
        CRIER_SAME(timed_out);
        CRIER_SAME(rejected);
        CRIER_SAME(lines_ok);
        CRIER_SAME(lines_failed);
        CRIER_SAME(lines_discarded);
        CRIER_SAME(read_pauses);
        CRIER_SAME(messages_queued);
        CRIER_SAME(messages_sent);
        CRIER_SAME(messages_evicted);
        CRIER_SAME(messages_dropped);
        CRIER_SAME(messages_refused);
#undef CRIER_SAME
    }

    /// When nothing is left to do.
    void check_quiet()
    {
        settle_answers();
        check(collected_.empty() && visits_to_come_ == 0,
              "a broadcast that was answered was not delivered");
        std::size_t waiting = 0;
        for (auto& [id, c] : connections) {
            waiting += c.messages();
            check(c.is == stage::closed || !c.due || *c.due > now, "connection ", id,
                  " missed a deadline");
            if (c.is == stage::closing) {
                check(!c.bound, "connection ", id, " closes and is registered still");
                check(!c.outbox.empty() || c.awaits_goodbye, "connection ", id,
                      " never ends its side");
            }
        }
        check(counts.messages_queued == counts.messages_sent + counts.messages_evicted +
                                            counts.messages_dropped + waiting,
              "the model's own sums do not add up");
    }

    static std::string shown(std::string_view bytes)
    {
        std::string text = "\"";
        for (const char c : bytes.substr(0, 300))
            text += c >= ' ' && c < '\x7F' ? std::string(1, c) : "<" + hex(c) + ">";
        return text + "\"";
    }

private:
    static std::string hex(char c)
    {
        constexpr char digits[] = "0123456789ABCDEF";
        const auto n = static_cast<unsigned char>(c);
        return {digits[n >> 4], digits[n & 15]};
    }

    static std::string encoded(const connection& c, std::string_view text)
    {
        if (c.at->codec == framing::line && text.find('\n') != std::string_view::npos)
            return {}; // it would arrive as two
        return frame(c.at->codec, '\x81', text);
    }

    static queued packed(const connection& c, const order& o)
    {
        return {encoded(c, o.text), 1, c.at->conflates() ? o.key : std::string()};
    }

    // The life of a connection.

    void open(connection& c)
    {
        c.is = stage::open;
        c.due.reset();
        if (!c.at->pages)
            return await_silence(c);
        c.waits_for_uid = true;
        c.due = now + rule.uid;
    }

    void await_silence(connection& c)
    {
        c.waits_for_uid = false;
        if (c.stalled)
            return await_room(c);
        c.times_message = false;
        c.due.reset();
        if (c.at->codec == framing::websocket)
            c.due = now + rule.silence;
    }

    /// The rest of a message, if one has begun.
    void await_more(connection& c)
    {
        if (!c.unfinished)
            return await_silence(c);
        c.times_message = true;
        c.due = now + rule.message;
    }

    void await_room(connection& c)
    {
        c.times_message = false;
        c.due = now + rule.stall;
    }

    void time_message(connection& c, bool one_has_ended)
    {
        const bool unfinished = c.read_bytes > c.ended_at;
        if (unfinished && c.unfinished && !one_has_ended)
            return; // its time runs already
        const bool was = std::exchange(c.unfinished, unfinished);
        if (c.stalled) {
            if (was && c.times_message)
                await_room(c);
        } else if (unfinished || was) {
            await_more(c);
        }
    }

    void hear(int id, connection& c, const said& s)
    {
        switch (s.kind) {
        case said::request:
            reply(c, s.bytes);
            return open(c);
        case said::ping:
            if (c.is == stage::open)
                reply(c, frame(framing::websocket, '\x8A', s.bytes));
            return;
        case said::close:
            c.awaits_goodbye = false;
            if (c.is < stage::closing) {
                reply(c, s.bytes);
                begin_closing(id, &crier::counters::closed);
            }
            return;
        case said::text:
        case said::binary:
            if (c.is == stage::open && !c.bound && c.waits_for_uid)
                enroll(id, c, s);
            else if (c.is == stage::open && s.bytes == close_me)
                end(id, &crier::counters::closed, 1000, {});
            return;
        case said::line:
            if (c.is == stage::open)
                answer(c, s.asked);
            return;
        }
    }

    void enroll(int id, connection& c, const said& s)
    {
        const auto refuse = [&](unsigned code, std::string_view text) {
            end(id, &crier::counters::rejected, code, text);
        };
        if (s.kind == said::binary)
            return refuse(1003, "uid is not text");
        if (s.bytes.empty())
            return refuse(1008, "empty uid");
        if (s.bytes.size() > rule.max_uid_bytes)
            return refuse(1008, "uid too long");
        c.uid = s.bytes;
        deliver_collected(); // before it was there
        const std::vector<int> there = of(c.uid);
        if ((rule.registry == who::first && !there.empty()) ||
            (rule.registry == who::capped && there.size() >= rule.most_of_a_uid))
            return refuse(1008, "uid refused");
        if (rule.registry == who::latest)
            for (const int older : there) {
                std::erase(table, older);
                end(older, &crier::counters::rejected, 4001, "replaced by a newer connection");
            }
        table.push_back(id);
        c.bound = true;
        await_silence(c);
    }

    void answer(connection& c, const order& o)
    {
        bool done = false;
        if (o.kind == order::too_long)
            ++counts.lines_discarded;
        if (o.kind == order::all && c.at->codec == framing::line && o.except.empty()) {
            collected_.push_back(o);
            done = true;
        }
        const result r = done ? result() : carry_out(o);
        done = done || r.queued != 0 || o.kind == order::all;
        ++(done ? counts.lines_ok : counts.lines_failed);
        if (c.at->codec == framing::line)
            return reply(c, done ? "ok\n" : "fail\n");
        std::string text = "{\"matched\":" + std::to_string(r.queued + r.dropped) +
                           ",\"queued\":" + std::to_string(r.queued) +
                           ",\"dropped\":" + std::to_string(r.dropped);
        if (!done)
            text += ",\"reason\":\"" +
                    (o.kind == order::invalid ? o.name
                     : r.dropped              ? "no receiver took it"
                                              : "no receiver") +
                    '"';
        reply(c, frame(c.at->codec, '\x81', text + '}'));
    }

    void on_deadline(int id, connection& c)
    {
        if (c.is < stage::open || c.is > stage::open)
            return finish(id, &crier::counters::timed_out);
        if (c.waits_for_uid)
            return end(id, &crier::counters::timed_out, 1008, "no uid in time");
        if (c.stalled && !c.times_message)
            return finish(id, &crier::counters::timed_out);
        if (c.waits_to_write())
            return await_room(c);
        if (c.unfinished)
            return end(id, &crier::counters::timed_out, 1008, "message not complete in time");
        if (c.pinged)
            return finish(id, &crier::counters::timed_out);
        c.pinged = true;
        enqueue(c, {frame(framing::websocket, '\x89', ""), 0});
        await_silence(c);
    }

    /// Says goodbye behind what is queued, and takes no more.
    void end(int id, reason why, unsigned code, std::string_view text)
    {
        connection& c = (*this)[id];
        if (c.is >= stage::closing)
            return;
        if (c.is <= stage::opening && c.outbox.empty())
            return finish(id, why);
        deliver_collected();
        if (c.is >= stage::closing)
            return;
        if (c.is == stage::open && c.at->says_goodbye()) {
            enqueue(c, {goodbye(code, text), 0});
            c.awaits_goodbye = true;
        }
        begin_closing(id, why);
    }

    void begin_closing(int id, reason why)
    {
        connection& c = (*this)[id];
        if (!c.why)
            c.why = why;
        c.is = stage::closing;
        c.due = now + rule.close;
    }

    void finish(int id, reason why)
    {
        connection& c = (*this)[id];
        if (c.is == stage::closed)
            return;
        if (c.why)
            why = c.why;
        if (c.is == stage::shaking && why == &crier::counters::lost)
            why = &crier::counters::handshakes_failed;
        depart(id);
        c.is = stage::closed;
        c.awaits_goodbye = false;
        c.due.reset();
        counts.messages_dropped += c.messages();
        c.outbox.clear();
        c.answers.clear();
        c.written = 0;
        --counts.connections;
        ++(counts.*why);
        if (counts.connections == 0)
            drain_due.reset();
    }

    void depart(int id)
    {
        std::erase(table, id);
        (*this)[id].topics.clear();
        (*this)[id].bound = false;
    }

    // Who receives, and what becomes of it.

    std::vector<int> of(std::string_view uid)
    {
        std::vector<int> found;
        for (const int id : table)
            if ((*this)[id].uid == uid)
                found.push_back(id);
        return found;
    }

    std::vector<int> receivers(const order& o)
    {
        std::vector<int> found;
        switch (o.kind) {
        case order::invalid:
        case order::too_long:
            break;
        case order::one:
            found = of(o.name);
            break;
        case order::several:
        case order::join:
        case order::leave:
            for (const std::string& uid : std::set<std::string>(o.uids.begin(), o.uids.end()))
                for (const int id : of(uid))
                    found.push_back(id);
            break;
        case order::all:
            found = table;
            break;
        case order::topic:
            for (const auto& [id, c] : connections)
                if (c.topics.contains(o.name))
                    found.push_back(id);
            break;
        }
        std::erase_if(found, [&](int id) { return o.except.contains((*this)[id].uid); });
        return found;
    }

    bool join(connection& c, const std::string& topic)
    {
        if (c.topics.contains(topic))
            return true;
        return c.topics.size() < rule.max_topics && c.topics.insert(topic).second;
    }

    using place = std::deque<queued>::const_iterator;

    /// One message alone always has room. `without` is not counted.
    bool has_room(const connection& c, std::size_t bytes, std::size_t messages, place without) const
    {
        bytes += c.bytes();
        messages += c.messages();
        if (without != c.outbox.end()) {
            bytes -= without->bytes.size();
            messages -= without->messages;
        }
        return messages == 1 ||
               (bytes <= rule.max_outbox_bytes && messages <= rule.max_outbox_messages);
    }

    bool has_room(const connection& c, std::size_t bytes, std::size_t messages) const
    {
        return has_room(c, bytes, messages, c.outbox.end());
    }

    bool deliver(int id, queued q)
    {
        connection& c = (*this)[id];
        if (c.is != stage::open || q.bytes.empty()) {
            counts.messages_refused += q.messages;
            return false;
        }
        if (!has_room(c, q.bytes.size(), q.messages, find(c, q.key)) && !make_room(id, c, q))
            return false;
        if (!q.key.empty()) // the older one goes, if it has not been dropped by now
            counts.messages_evicted += drop(c, find(c, q.key));
        counts.messages_queued += q.messages;
        enqueue(c, std::move(q));
        return true;
    }

    bool make_room(int id, connection& c, const queued& q)
    {
        const policy how = c.at->overflow;
        if (how == policy::drop_oldest || how == policy::conflate_drop_oldest) {
            if (begun(c).second == 0 || fits(begun(c), q)) {
                while (!has_room(c, q.bytes.size(), q.messages)) {
                    const std::size_t gone = drop(c, oldest(c));
                    if (gone == 0)
                        break;
                    counts.messages_evicted += gone;
                }
                if (has_room(c, q.bytes.size(), q.messages))
                    return true;
            }
        }
        counts.messages_refused += q.messages;
        if (how == policy::close_slow || how == policy::conflate_close)
            end(id, &crier::counters::limits_exceeded, 1013, "slow consumer");
        return false;
    }

    /// The bytes and messages of what is written in part, and so cannot go.
    static std::pair<std::size_t, std::size_t> begun(const connection& c)
    {
        if (c.written == 0)
            return {0, 0};
        return {c.outbox.front().bytes.size() - c.written, c.outbox.front().messages};
    }

    bool fits(std::pair<std::size_t, std::size_t> beside, const queued& q) const
    {
        return beside.first + q.bytes.size() <= rule.max_outbox_bytes &&
               beside.second < rule.max_outbox_messages;
    }

    /// The first that is not written in part, and is wanted.
    template <class Wanted>
    static place first(const connection& c, Wanted wanted)
    {
        for (place at = c.outbox.begin(); at != c.outbox.end(); ++at)
            if ((at != c.outbox.begin() || c.written == 0) && at->messages != 0 && wanted(*at))
                return at;
        return c.outbox.end();
    }

    static place oldest(const connection& c)
    {
        return first(c, [](const queued&) { return true; });
    }

    static place find(const connection& c, std::string_view key)
    {
        return first(c, [&](const queued& q) { return !key.empty() && q.key == key; });
    }

    /// Returns how many messages went.
    static std::size_t drop(connection& c, place which)
    {
        if (which == c.outbox.end())
            return 0;
        const std::size_t n = which->messages;
        c.outbox.erase(which);
        return n;
    }

    // Answers to what was read leave in one write at once, or stand in the queue.

    void reply(connection& c, std::string_view bytes)
    {
        c.answers += bytes;
        if (!c.outbox.empty())
            queue_answers(c);
    }

    static void queue_answers(connection& c)
    {
        if (c.answers.empty())
            return;
        c.outbox.push_back({std::exchange(c.answers, {}), 0});
        c.answers_wait = true;
    }

    static void enqueue(connection& c, queued q)
    {
        queue_answers(c);
        c.outbox.push_back(std::move(q));
    }

    void settle_answers()
    {
        if (const int id = std::exchange(answering_, 0))
            queue_answers((*this)[id]);
    }

    void compare(const connection& c, std::string_view bytes)
    {
        check(!bytes.empty(), "writes nothing");
        std::size_t skip = c.written;
        std::string_view rest = bytes;
        for (const queued& q : c.outbox) {
            const std::string_view part = std::string_view(q.bytes).substr(skip);
            skip = 0;
            const std::size_t n = std::min(part.size(), rest.size());
            if (part.substr(0, n) != rest.substr(0, n))
                return check(false, "writes ", shown(rest), " and not ", shown(part));
            rest.remove_prefix(n);
            if (rest.empty())
                return;
        }
        check(rest.empty(), "writes what is not for it: ", rest);
    }

    std::vector<order> collected_;
    int visits_to_come_ = 0;
    int answering_ = 0;
};

} // namespace model

#endif
