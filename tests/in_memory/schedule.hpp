#ifndef CRIER_TESTS_IN_MEMORY_SCHEDULE_HPP
#define CRIER_TESTS_IN_MEMORY_SCHEDULE_HPP

#include <crier/codec/length_prefixed.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/overflow/conflate_by.hpp>
#include <crier/overflow/drop_newest.hpp>
#include <crier/overflow/json_member.hpp>
#include <crier/push_server.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orders.hpp"
#include "watched.hpp"
#include "websocket_script.hpp"

namespace model {

/// One thing that happens. The numbers mean something only where there is something to choose from:
/// so any steps may be left out of a schedule, and the rest is still one.
struct step
{
    enum kind : unsigned char {
        open_page,
        open_back_end,
        lines,
        hear,
        say_more,
        page_talks,
        page_closes,
        finish,
        reset,
        push,
        behave,
        break_one,
        pass_time,
        stop,
        start,
        kinds
    };
    static constexpr const char* names[] = {
        "open_page",  "open_back_end", "lines",     "hear",  "say_more",
        "page_talks", "page_closes",   "finish",    "reset", "push",
        "behave",     "break_one",     "pass_time", "stop",  "start"};

    kind what;
    bool settles;
    std::uint32_t a, b, c;
    std::uint64_t seed;
};

inline std::vector<step> random_steps(std::mt19937_64& random, std::size_t count)
{
    constexpr std::array<unsigned, step::kinds> weights{10, 4,  40, 25, 6, 4, 4, 2,
                                                        2,  14, 6,  2,  4, 1, 4};
    std::discrete_distribution<unsigned> kinds(weights.begin(), weights.end());
    std::vector<step> steps(count);
    for (step& s : steps)
        s = {static_cast<step::kind>(kinds(random)), random() % 3 != 0,
             static_cast<std::uint32_t>(random()),   static_cast<std::uint32_t>(random()),
             static_cast<std::uint32_t>(random()),   random()};
    return steps;
}

/// A server, those who are connected to it, and the model.
class play
{
    static constexpr int page_listeners = 5, listeners = 7, lines_listener = 5;
    static constexpr std::size_t most_pages = 14, most_back_ends = 4, most_line_bytes = 260;

    template <class Codec, class... Extras>
    using pages = crier::clients<watched_transport, Codec, Extras...>;
    template <class Codec, class... Extras>
    using back_ends = crier::backend<watched_transport, Codec, Extras...>;
    using key = crier::json_member<"k">;

    using server_type = crier::push_server<
        pages<maybe_websocket>, pages<crier::websocket, maybe_drop_oldest>,
        pages<crier::text_line, crier::drop_newest>,
        pages<crier::length_prefixed<>, crier::conflate_by<key, crier::drop_oldest>>,
        pages<crier::websocket, crier::conflate_by<key>>, back_ends<crier::text_line>,
        back_ends<crier::length_prefixed<>, maybe_json_reply>, watched_registry, obliging>;

    struct peer
    {
        int id;
        int listener;
        crier::test::memory_client client;
        std::string unsent{};
        std::size_t sent = 0, said = 0;
        bool finished = false, gone = false;
    };

public:
    explicit play(who registry, mistake wrong = mistake::none, bool traces = false)
        : bridge_(make_rules(registry)),
          server_(context_, {.transport = at(0), .limits = limits()},
                  {.transport = at(1), .limits = limits(), .overflow = {wrong}},
                  {.transport = at(2), .limits = limits()},
                  {.transport = at(3), .limits = limits()},
                  {.transport = at(4), .limits = limits()},
                  {.transport = at(5),
                   .codec = {.max_line_bytes = most_line_bytes},
                   .limits = limits()},
                  {.transport = at(6), .limits = limits(), .reply = {wrong}},
                  watched_registry{&bridge_, wrong})
    {
        maybe_websocket::has(wrong);
        bridge_.traces = traces;
        server_.start();
        bridge_.counts = &server_.counts();
    }

    std::size_t operations() const { return bridge_.operations; }
    void has(const std::array<coming_fault, 2>& faults) { bridge_.faults = faults; }

    ~play()
    {
        bridge_.traces = false;
        maybe_websocket::has(mistake::none);
    }

    /// What was wrong first, or nothing.
    const std::string& wrong() const { return bridge_.world.wrong; }
    const crier::counters& counts() const { return bridge_.world.counts; }

    void take(const step& s)
    {
        bridge_.trace("-- ", step::names[s.what], ' ', s.a, ' ', s.b, ' ', s.c);
        std::mt19937_64 random(s.seed);
        switch (s.what) {
        case step::open_page:
            open_page(s, random);
            break;
        case step::open_back_end:
            if (count(false) < most_back_ends)
                connect(lines_listener + static_cast<int>(s.a % 2));
            break;
        case step::lines:
            say_lines(s, random);
            break;
        case step::hear:
            hear(s);
            break;
        case step::say_more:
            if (peer* p = any(s.a, [](const peer& q) { return !q.unsent.empty(); }))
                send(*p, s.b % p->unsent.size() + 1);
            break;
        case step::page_talks:
            page_talks(s);
            break;
        case step::page_closes:
            if (peer* p = any(s.a, [](const peer& q) { return q.listener < page_listeners; }))
                say_goodbye(*p);
            break;
        case step::finish:
            if (peer* p = any(s.a, [](const peer& q) { return !q.finished; }))
                finish(*p);
            break;
        case step::reset:
            if (peer* p = any(s.a, [](const peer&) { return true; })) {
                bridge_.trace(p->id, " is reset by its peer");
                p->client.reset();
                p->finished = p->gone = true;
            }
            break;
        case step::push:
            push(s, random);
            break;
        case step::behave:
            behave(s);
            break;
        case step::break_one:
            bridge_.faults[s.c % 2] = {
                static_cast<fault>(s.b % static_cast<unsigned>(fault::kinds)), s.a % 20};
            break;
        case step::pass_time:
            settle();
            bridge_.world.advance(std::chrono::minutes(60 * (1 + s.a % 2)));
            server_.advance(std::chrono::minutes(60 * (1 + s.a % 2)));
            settle();
            break;
        case step::stop:
            settle();
            if (server_.running() && !bridge_.world.drain_due) {
                bridge_.world.drain();
                server_.stop({.timeout = bridge_.world.rule.stop});
                stopping_ = true;
            }
            break;
        case step::start:
            settle();
            if (!server_.running()) {
                server_.start();
                bridge_.counts = &server_.counts();
                stopping_ = false;
            }
            break;
        case step::kinds:
            break;
        }
        if (s.settles)
            settle();
    }

    void settle()
    {
        crier::test::memory_network::settle(context_);
        check_quiet();
    }

private:
    static rules make_rules(who registry)
    {
        rules r;
        r.listeners = {{true, framing::websocket, policy::close_slow},
                       {true, framing::websocket, policy::drop_oldest},
                       {true, framing::line, policy::drop_newest},
                       {true, framing::prefixed, policy::conflate_drop_oldest},
                       {true, framing::websocket, policy::conflate_close},
                       {false, framing::line},
                       {false, framing::prefixed}};
        r.registry = registry;
        return r;
    }

    static std::array<std::size_t, listeners> start_capacities()
    {
        std::array<std::size_t, listeners> all{};
        all.fill(crier::test::memory_behaviour().capacity_bytes);
        return all;
    }

    static crier::limits limits()
    {
        const rules r;
        return {.max_uid_bytes = r.max_uid_bytes,
                .max_outbox_bytes = r.max_outbox_bytes,
                .max_outbox_messages = r.max_outbox_messages,
                .max_topics = r.max_topics,
                .handshake_timeout = r.handshake,
                .uid_timeout = r.uid,
                .message_timeout = r.message,
                .ping_interval = r.silence,
                .write_stall_timeout = r.stall,
                .close_timeout = r.close};
    }

    watched_transport at(int listener)
    {
        return {{networks_.at(static_cast<std::size_t>(listener))}, &bridge_, listener};
    }

    const listener& of(const peer& p) const
    {
        return bridge_.world.rule.listeners.at(static_cast<std::size_t>(p.listener));
    }

    std::size_t count(bool are_pages) const
    {
        return static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), [&](auto& p) {
            return (p->listener < page_listeners) == are_pages;
        }));
    }

    template <class Wanted>
    peer* any(std::uint32_t which, Wanted wanted)
    {
        std::vector<peer*> found;
        for (const auto& p : peers_)
            if (!p->gone && wanted(*p))
                found.push_back(p.get());
        return found.empty() ? nullptr : found[which % found.size()];
    }

    // What peers do.

    peer& connect(int which)
    {
        const int id = ++last_id_;
        const auto place = static_cast<std::size_t>(which);
        bridge_.waiting[place].push_back(id);
        model::world::connection& c = bridge_.world.connections[id];
        c.at = &bridge_.world.rule.listeners[place];
        peers_.push_back(std::make_unique<peer>(peer{id, which, networks_[place].connect()}));
        return *peers_.back();
    }

    /// Says it, but it may leave later.
    void say(peer& p, said s, std::string_view bytes)
    {
        if (p.finished)
            return;
        p.unsent += bytes;
        p.said += bytes.size();
        s.end = p.said;
        bridge_.world[p.id].script.push_back(std::move(s));
    }

    void send(peer& p, std::size_t bytes)
    {
        bytes = std::min(bytes, p.unsent.size());
        p.client.send(p.unsent.substr(0, bytes));
        p.unsent.erase(0, bytes);
        p.sent += bytes;
    }

    void finish(peer& p)
    {
        send(p, p.unsent.size());
        p.client.finish();
        p.finished = true;
    }

    static std::string masked(char first, std::string_view payload)
    {
        constexpr char mask[] = {'\x37', '\xFA', '\x21', '\x3D'};
        std::string bytes = frame(framing::websocket, first, payload);
        bytes[1] = static_cast<char>(bytes[1] | 0x80);
        std::string text(payload);
        for (std::size_t i = 0; i < text.size(); ++i)
            text[i] = static_cast<char>(text[i] ^ mask[i % 4]);
        return bytes.substr(0, bytes.size() - payload.size()) + std::string(mask, 4) + text;
    }

    std::string as_said(const peer& p, std::string_view text) const
    {
        return of(p).codec == framing::websocket ? masked('\x81', text)
                                                 : frame(of(p).codec, '\x81', text);
    }

    void open_page(const step& s, std::mt19937_64& random)
    {
        if (count(true) >= most_pages)
            return;
        peer& p = connect(static_cast<int>(s.a % page_listeners));
        const bool websocket = of(p).codec == framing::websocket;
        if (websocket)
            say(p, {said::request, std::string(support::switching_protocols)},
                support::upgrade_request);
        const std::string uid = s.b % 40 == 0   ? ""
                                : s.b % 40 == 1 ? "much too long a uid"
                                                : "u" + std::to_string(s.b % 5);
        if (websocket && s.b % 41 == 0)
            say(p, {said::binary, uid}, masked('\x82', uid));
        else if (s.b % 43 != 0)
            say(p, {said::text, uid}, as_said(p, uid));
        send(p, s.c % 4 == 0 ? random() % (p.unsent.size() + 1) : p.unsent.size());
    }

    void page_talks(const step& s)
    {
        peer* const p = any(s.a, [](const peer& q) { return q.listener < page_listeners; });
        if (!p)
            return;
        const std::string text =
            s.b % 4 == 0 ? std::string(close_me) : "word" + std::to_string(s.b % 10);
        if (of(*p).codec == framing::websocket && s.c % 2)
            say(*p, {said::ping, text}, masked('\x89', text));
        else
            say(*p, {said::text, text}, as_said(*p, text));
        send(*p, p->unsent.size());
    }

    void say_goodbye(peer& p)
    {
        if (of(p).codec != framing::websocket)
            return finish(p);
        say(p, {said::close, std::string("\x88\x02\x03\xE8")}, masked('\x88', "\x03\xE8"));
        send(p, p.unsent.size());
    }

    void hear(const step& s)
    {
        peer* const p = any(s.a, [](const peer&) { return true; });
        if (!p)
            return;
        receive(*p, s.b % 4 == 0 ? s.b % 100 + 1 : SIZE_MAX);
        // Most answer a goodbye, and end their side when the other has ended.
        const auto& c = bridge_.world[p->id];
        if (c.awaits_goodbye && s.c % 4 != 0)
            say_goodbye(*p);
        if (p->client.ended() && p->client.unreceived() == 0 && !p->finished)
            finish(*p);
    }

    void receive(peer& p, std::size_t most)
    {
        std::string& wire = bridge_.world[p.id].wire;
        const std::string heard = p.client.receive(most);
        bridge_.world.check(wire.starts_with(heard), "a peer hears what was not written to it");
        wire.erase(0, heard.size());
    }

    void behave(const step& s)
    {
        crier::test::memory_behaviour& b = networks_[s.a % listeners].behaviour();
        constexpr std::size_t chunks[] = {1, 3, 50, 1000, SIZE_MAX, SIZE_MAX};
        b.max_read_bytes = chunks[s.b % 6];
        b.max_write_bytes = chunks[s.b / 8 % 6];
        b.capacity_bytes = s.c % 3 == 0 ? 256 * 1024 : s.c % 1000 + 1;
        capacities_[s.a % listeners] = b.capacity_bytes;
    }

    // What back ends and the program ask for.

    order random_line(std::mt19937_64& random)
    {
        auto [o, members] = random_order(random);
        o.text = "{" + members + ",\"n\":" + std::to_string(++last_number_);
        if (random() % 4 == 0)
            o.text += ",\"pad\":\"" + std::string(random() % 120, 'x') + '"';
        o.text += '}';
        return o;
    }

    void say_lines(const step& s, std::mt19937_64& random)
    {
        peer* const p = any(s.a, [](const peer& q) { return q.listener >= lines_listener; });
        if (!p)
            return;
        const bool has_limit = p->listener == lines_listener;
        for (std::uint32_t n = 0; n <= s.b % 8; ++n) {
            order o = random_line(random);
            if (has_limit && random() % 30 == 0) {
                o.kind = order::too_long;
                o.text.insert(1, most_line_bytes + random() % 3, ' ');
            }
            const std::string bytes = as_said(*p, o.text);
            bridge_.trace(p->id, " will say ", o.text);
            say(*p, {said::line, {}, std::move(o)}, bytes);
        }
        send(*p, s.c % 4 == 0 ? random() % (p->unsent.size() + 1) : p->unsent.size());
    }

    void push(const step& s, std::mt19937_64& random)
    {
        settle();
        order o = random_order(random).first;
        if (o.kind == order::invalid)
            o.kind = order::one, o.name = "nobody";
        o.text = "{\"n\":" + std::to_string(++last_number_);
        if (!o.key.empty())
            o.text += ",\"k\":" + o.key;
        o.text += s.a % 8 == 0 ? ",\n\"pretty\":true}" : "}";
        crier::test::memory_network::ask(context_, [&] {
            result expected;
            const bool runs = server_.running();
            if (o.kind == order::join || o.kind == order::leave)
                o.uids.resize(1);
            if (runs) {
                bridge_.trace("the program says ", o.text);
                if (o.kind == order::several)
                    std::erase_if(o.uids, [&](auto& u) { return o.except.contains(u); });
                expected = bridge_.world.carry_out(o);
            }
            const crier::push_result r = ask_for(o);
            const bool queued = expected.queued != 0 || o.kind == order::all;
            const crier::push_status status = !runs              ? crier::push_status::stopped
                                              : queued           ? crier::push_status::queued
                                              : expected.dropped ? crier::push_status::dropped
                                                                 : crier::push_status::no_receiver;
            bridge_.world.check(r == crier::push_result{status, expected.queued, expected.dropped},
                                "a push of the program is answered with ", r.queued, " queued, ",
                                r.dropped, " dropped, and not ", expected.queued, ", ",
                                expected.dropped);
        });
    }

    crier::push_result ask_for(const order& o)
    {
        const std::vector<std::string> except(o.except.begin(), o.except.end());
        switch (o.kind) {
        case order::one:
            return server_.push(o.name, o.text);
        case order::several:
            return server_.push(crier::receivers::uids(o.uids), o.text);
        case order::all:
            return server_.push(crier::receivers::everybody().except(except), o.text);
        case order::topic:
            return server_.push(crier::receivers::topic(o.name).except(except), o.text);
        case order::join:
            return server_.join(o.uids[0], o.name);
        case order::leave:
            return server_.leave(o.uids[0], o.name);
        case order::invalid:
        case order::too_long:
            break;
        }
        return {};
    }

    // What must hold when nothing is left to do.

    void check_quiet()
    {
        world& w = bridge_.world;
        w.check_quiet();
        w.check_counts(server_.counts());
        w.check(server_.running() == (!stopping_ || w.counts.connections != 0),
                "it stops when its last connection is gone, not before or after");
        for (const auto& p : peers_) {
            const world::connection& c = w[p->id];
            if (c.is == stage::waiting)
                continue;
            w.check((c.is == stage::closed) == p->client.closed(), "connection ", p->id,
                    " is not over yet");
            if (c.is == stage::closed)
                continue;
            if (c.stuck)
                continue;
            w.check(!p->gone, "connection ", p->id, " goes on though its peer has gone");
            if (c.wants_to_read() && !c.ended_by_peer)
                w.check(c.read_bytes == p->sent && !p->finished, "connection ", p->id,
                        " was not read to the end");
            w.check(c.outbox.empty() ||
                        c.wire.size() >= capacities_[static_cast<std::size_t>(p->listener)],
                    "connection ", p->id, " is not written to though there is room");
        }
        std::erase_if(peers_, [&](const auto& p) {
            const bool over = w[p->id].is == stage::closed;
            if (over) {
                if (!p->gone)
                    receive(*p, SIZE_MAX);
                w.connections.erase(p->id);
            }
            return over;
        });
    }

    std::array<crier::test::memory_network, listeners> networks_;
    std::array<std::size_t, listeners> capacities_ = start_capacities();
    bridge bridge_;
    boost::asio::io_context context_;
    server_type server_;
    std::vector<std::unique_ptr<peer>> peers_;
    int last_id_ = 0;
    unsigned last_number_ = 0;
    bool stopping_ = false;
};

/// What was wrong with a run of these steps, or nothing.
inline std::string run(who registry, const std::vector<step>& steps, mistake wrong = mistake::none,
                       bool traces = false, crier::counters* counted = nullptr)
{
    play p(registry, wrong, traces);
    for (const step& s : steps) {
        p.take(s);
        if (!p.wrong().empty())
            return p.wrong();
    }
    p.settle();
    if (counted)
        *counted += p.counts();
    return p.wrong();
}

/// As few of these steps as go wrong still.
inline std::vector<step> shrink(who registry, std::vector<step> steps, mistake wrong)
{
    for (std::size_t chunk = steps.size() / 2; chunk != 0;) {
        bool shorter = false;
        for (std::size_t at = 0; at + chunk <= steps.size();) {
            std::vector<step> fewer(steps);
            const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
            fewer.erase(first, first + static_cast<std::ptrdiff_t>(chunk));
            if (run(registry, fewer, wrong).empty()) {
                at += chunk;
            } else {
                steps = std::move(fewer);
                shorter = true;
            }
        }
        if (!shorter || chunk > steps.size())
            chunk /= 2;
    }
    return steps;
}

} // namespace model

#endif
