// System calls of the server fail, each with the errors that the kernel may give: the first of its kind,
// the second, and so on, and two at random. Only the connection it happened to may end, the counters
// add up, the listeners go on by themselves, and nothing spins.
#include <crier/codec/text_line.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "seed.hpp"
#include "support/failing_calls.hpp"
#include "support/line_client.hpp"
#include "support/server_thread.hpp"
#include "support/within_patience.hpp"

namespace {

using namespace support;
using namespace std::chrono_literals;

using server_type = crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                                       crier::backend<crier::tcp, crier::text_line>>;

/// A peer that may be cut off.
struct peer
{
    std::optional<line_client> client;
    std::vector<std::string> heard{};
    bool cut_off = false;

    template <class F>
    void attempt(F f)
    {
        if (cut_off)
            return;
        try {
            f(*client);
        } catch (const std::runtime_error& e) {
            BOOST_TEST(std::string(e.what()).find("in time") == std::string::npos, e.what());
            cut_off = true;
        }
    }

    /// Lines up to this one, or all that come.
    void hear_until(const std::string& last)
    {
        attempt([&](line_client& c) {
            do
                heard.push_back(c.read_line());
            while (heard.back() != last);
            heard.pop_back();
        });
    }
};

/// A server whose system calls fail. The counts of calls begin when it has started.
class scene
{
public:
    explicit scene(std::array<call_failure, 2> failures = {})
        : server_({.transport = {.address = "127.0.0.1"}}), thread_(server_)
    {
        addresses_ = thread_.ask([this] { return server_.addresses(); });
        thread_.ask([&] {
            for (auto& n : calls_made)
                n = 0;
            call_failures = failures;
            calls_fail_here = true;
        });
    }

    ~scene()
    {
        thread_.ask([] { calls_fail_here = false; });
    }

    crier::counters counts()
    {
        return within_patience(server_.async_counts(boost::asio::use_future));
    }

    template <class Done>
    void wait_until(Done done, const char* what)
    {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!done(counts()))
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error(std::string("waited in vain until ") + what);
    }

    peer open_page(const std::string& uid)
    {
        const crier::counters before = counts();
        peer p{line_client(addresses_.at(0))};
        p.attempt([&](line_client& c) { c.send(uid + '\n'); });
        wait_until(
            [&](const crier::counters& c) {
                return c.registered > before.registered || c.lost > before.lost ||
                       c.handshakes_failed > before.handshakes_failed;
            },
            "a page is registered, or lost");
        return p;
    }

    peer open_back_end() { return {line_client(addresses_.at(1))}; }

    void stop_failing()
    {
        thread_.ask([] { call_failures = {}; });
    }

private:
    server_type server_;
    server_thread<server_type> thread_;
    std::vector<std::string> addresses_;
};

constexpr std::size_t pages = 3, back_ends = 2, rounds = 2;

std::string line(const std::string& to, std::size_t from, std::size_t n)
{
    // Large ones are gathered, small ones are copied together.
    return "{" + to + ",\"from\":" + std::to_string(from) + ",\"n\":" + std::to_string(n) +
           ",\"x\":\"" + std::string(n % 2 ? 600 : 3, 'x') + "\"}";
}

std::string to_page(std::size_t p)
{
    return "\"uid\":\"page" + std::to_string(p) + '"';
}

struct outcome
{
    std::size_t ended = 0; ///< connections that were cut off
    std::array<std::size_t, static_cast<std::size_t>(call::kinds)> calls{};
};

outcome run(std::array<call_failure, 2> failures)
{
    scene s(failures);
    std::vector<peer> page, back_end;
    for (std::size_t p = 0; p < pages; ++p)
        page.push_back(s.open_page("page" + std::to_string(p)));
    peer leaver = s.open_page("leaver"); // leaves after the first round
    std::string left_with;
    for (std::size_t b = 0; b < back_ends; ++b)
        back_end.push_back(s.open_back_end());

    // What each page is to hear of each back end.
    std::array<std::array<std::vector<std::string>, back_ends>, pages> due;
    std::array<std::vector<std::size_t>, back_ends> receivers; // of each line; `pages` is all
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t b = 0; b < back_ends; ++b) {
            std::string lines;
            for (std::size_t to = 0; to <= pages; ++to) {
                const std::string text =
                    line(to == pages ? "\"broadcast\":true" : to_page(to), b, receivers[b].size());
                for (std::size_t p = 0; p < pages; ++p)
                    if (p == to || to == pages)
                        due[p][b].push_back(text);
                receivers[b].push_back(to);
                lines += text + '\n';
            }
            back_end[b].attempt([&](line_client& c) { c.send(lines); });
        }
        for (peer& b : back_end)
            b.attempt([&](line_client& c) {
                for (std::size_t n = 0; n <= pages; ++n)
                    b.heard.push_back(c.read_line());
            });
        if (round == 0)
            leaver.attempt([&](line_client& c) {
                c.end_input();
                left_with = c.read_to_end();
            });
    }
    outcome o;
    for (std::size_t k = 0; k < o.calls.size(); ++k)
        o.calls[k] = calls_made[k];

    // It is as before: a page that comes now is served, and all hear what a new back end says.
    s.stop_failing();
    page.push_back(s.open_page("late"));
    peer late = s.open_back_end();
    std::string answer;
    late.attempt([&](line_client& c) { answer = c.ask(R"({"broadcast":true,"last":1})"); });
    BOOST_TEST(answer == "ok");
    for (std::size_t p = 0; p <= pages; ++p)
        page[p].hear_until(R"({"broadcast":true,"last":1})");
    BOOST_TEST(!page[pages].cut_off);

    for (std::size_t p = 0; p < pages; ++p)
        for (std::size_t b = 0; b < back_ends; ++b) {
            const std::string from = "\"from\":" + std::to_string(b) + ',';
            std::vector<std::string> heard;
            for (const std::string& text : page[p].heard)
                if (text.find(from) != std::string::npos)
                    heard.push_back(text);
            const std::vector<std::string>& all = due[p][b];
            BOOST_TEST((heard.size() <= all.size() &&
                        std::equal(heard.begin(), heard.end(), all.begin())));
            if (!page[p].cut_off && !back_end[b].cut_off)
                BOOST_TEST(heard.size() == all.size());
        }
    for (const peer& b : back_end) {
        const auto& to = receivers[static_cast<std::size_t>(&b - back_end.data())];
        for (std::size_t n = 0; n < b.heard.size(); ++n)
            if (to[n] == pages || !page[to[n]].cut_off)
                BOOST_TEST(b.heard[n] == "ok");
        BOOST_TEST((b.cut_off || b.heard.size() == to.size()));
    }

    std::size_t cut_off = 0;
    for (const auto* peers : {&page, &back_end})
        for (const peer& p : *peers)
            cut_off += p.cut_off;
    s.wait_until(
        [&](const crier::counters& c) {
            return c.messages_queued == c.messages_sent + c.messages_dropped;
        },
        "all that was queued is sent or dropped");
    const crier::counters c = s.counts();
    BOOST_TEST(c.accepted == c.connections + c.lost + c.closed + c.handshakes_failed);
    BOOST_TEST(c.accepted == pages + back_ends + 3);
    o.ended = c.lost + c.handshakes_failed;
    const bool leaver_was = o.ended != cut_off;
    BOOST_TEST(o.ended == cut_off + leaver_was);
    for (std::size_t b = 0; b < back_ends; ++b)
        if (!leaver_was && !back_end[b].cut_off)
            BOOST_TEST(left_with.find(due[0][b][1] + '\n') != std::string::npos);

    // And nothing spins.
    const std::size_t before = all_calls();
    std::this_thread::sleep_for(5ms);
    BOOST_TEST(all_calls() - before < 40u);
    return o;
}

std::string name(call which, int error)
{
    return std::string(call_names[static_cast<std::size_t>(which)]) + " fails with " +
           (error == one_byte ? "one byte only" : std::strerror(error));
}

/// The n-th fails, for each n. `ends` says whether that ends the connection.
void fail_each(call which, const std::vector<int>& errors, bool ends)
{
    for (const int error : errors) {
        std::size_t n = 0, seen = 0;
        for (;; ++n) {
            BOOST_TEST_CONTEXT("call " << n << " of " << name(which, error))
            {
                const outcome o = run({{{which, n, 1, error}, {}}});
                BOOST_TEST(o.ended <= (ends ? 1u : 0u));
                seen += o.ended;
                if (o.calls[static_cast<std::size_t>(which)] <= n)
                    break;
            }
        }
        BOOST_TEST(n > 0u, name(which, error) << ": there was none");
        BOOST_TEST((seen != 0) == ends);
    }
}

BOOST_AUTO_TEST_SUITE(system_calls)

BOOST_AUTO_TEST_CASE(accept_fails_and_nobody_is_turned_away)
{
    fail_each(call::accept, {EINTR, EAGAIN, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM}, false);
}

BOOST_AUTO_TEST_CASE(what_may_be_tried_again_is_tried_again_and_nobody_notices)
{
    fail_each(call::recv, {EINTR, EAGAIN, one_byte}, false);
    fail_each(call::send, {EINTR, EAGAIN, one_byte}, false);
    fail_each(call::sendmsg, {EINTR, EAGAIN, one_byte}, false);
    fail_each(call::epoll_wait, {EINTR}, false);
    fail_each(call::epoll_mod, {ENOMEM}, false);
    fail_each(call::epoll_del, {ENOMEM}, false);
    fail_each(call::shutdown, {ENOTCONN}, false);
}

BOOST_AUTO_TEST_CASE(a_connection_whose_call_fails_takes_only_itself_out)
{
    fail_each(call::recv, {ECONNRESET, ETIMEDOUT, ENOMEM}, true);
    fail_each(call::send, {EPIPE, ECONNRESET, ENOBUFS}, true);
    fail_each(call::sendmsg, {EPIPE, ENOMEM}, true);
    fail_each(call::epoll_add, {ENOSPC, ENOMEM}, true);
}

BOOST_AUTO_TEST_CASE(without_descriptors_a_listener_neither_spins_nor_stops)
{
    for (const int error : {EMFILE, ENFILE, ENOMEM}) {
        BOOST_TEST_CONTEXT(name(call::accept, error))
        {
            scene s({{{call::accept, 3, SIZE_MAX, error}, {}}});
            peer page = s.open_page("page");
            peer back_end = s.open_back_end();
            back_end.attempt([&](line_client& c) {
                BOOST_TEST(c.ask(R"({"uid":"page","n":1})") == "ok");
                BOOST_TEST(page.client->read_line() == R"({"uid":"page","n":1})");
                const std::size_t before = all_calls();
                peer waits = s.open_back_end(); // in the backlog
                std::this_thread::sleep_for(250ms);
                BOOST_TEST(s.counts().accept_errors > 0u);
                BOOST_TEST(all_calls() - before < 60u);
                // Those that are there are served meanwhile.
                BOOST_TEST(c.ask(R"({"uid":"page","n":2})") == "ok");
                BOOST_TEST(page.client->read_line() == R"({"uid":"page","n":2})");
                s.stop_failing();
                waits.attempt([&](line_client& late) {
                    BOOST_TEST(late.ask(R"({"uid":"page","n":3})") == "ok");
                });
                BOOST_TEST(!waits.cut_off);
            });
            BOOST_TEST(!back_end.cut_off);
            BOOST_TEST(s.counts().lost == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(two_calls_fail_at_random)
{
    std::mt19937_64 random = seeded_random();
    struct kind
    {
        call which;
        int error;
        std::size_t among;
    };
    constexpr kind kinds[] = {{call::accept, EMFILE, 6},    {call::recv, EAGAIN, 20},
                              {call::recv, ECONNRESET, 20}, {call::recv, one_byte, 20},
                              {call::send, EPIPE, 20},      {call::send, one_byte, 20},
                              {call::send, EAGAIN, 20},     {call::sendmsg, ENOBUFS, 6},
                              {call::epoll_add, ENOSPC, 6}, {call::epoll_wait, EINTR, 9}};
    for (int round = 0; round < 60; ++round) {
        std::array<call_failure, 2> failures;
        for (call_failure& f : failures) {
            const kind& k = kinds[pick(random, std::size(kinds))];
            f = {k.which, pick(random, k.among), 1 + pick(random, 2), k.error};
        }
        BOOST_TEST_CONTEXT(name(failures[0].which, failures[0].error)
                           << " from " << failures[0].from << ", "
                           << name(failures[1].which, failures[1].error) << " from "
                           << failures[1].from)
        {
            BOOST_TEST(run(failures).ended <= 4u);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
