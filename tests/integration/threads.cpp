// What may be called from any thread is called from many at once. Meant for the thread sanitizer
// too; the accounts must balance in any case.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "support/line_client.hpp"
#include "support/patience.hpp"
#include "support/server_thread.hpp"
#include "support/three_threads.hpp"
#include "support/websocket_client.hpp"

using crier::push_result;
using crier::push_status;
using support::goodbye;
using support::line_client;
using support::server_thread;
using support::websocket_client;

namespace {

using push = support::as_compiled<crier::push_server, crier::clients<crier::tcp, crier::websocket>,
                                  crier::backend<crier::tcp, crier::text_line>>;

constexpr std::size_t pushers = 8;
constexpr std::size_t visitors = 3;
constexpr std::size_t uids = 4;
constexpr std::size_t pages_of_a_uid = 2;

/// A message that was queued, as the server's thread saw it.
struct queued_message
{
    std::size_t number;
    std::string text;
    std::size_t uid;   ///< or `uids` for a broadcast
    bool whole = true; ///< for all whom it was meant for; while several threads stop, for some
};

/// What one thread pushed: written on the server's thread, read when that has ended.
struct account
{
    std::vector<queued_message> queued;
    std::size_t receivers = 0;
    std::size_t results = 0;
    std::size_t in_part = 0;
    bool wrong_count = false;
};

/// Threads whose exceptions are not lost, and which are told when it is over.
class crew
{
public:
    explicit crew(std::atomic<bool>& over) : over_(over) {}

    ~crew()
    {
        over_ = true;
        for (std::thread& t : threads_)
            t.join();
    }

    template <class F>
    void add(F f)
    {
        threads_.emplace_back([this, f] {
            try {
                f();
            } catch (...) {
                if (!failed_.exchange(true))
                    first_error_ = std::current_exception();
            }
        });
    }

    void join()
    {
        for (std::thread& t : threads_)
            t.join();
        threads_.clear();
        if (first_error_)
            std::rethrow_exception(first_error_);
    }

private:
    std::atomic<bool>& over_;
    std::vector<std::thread> threads_;
    std::atomic<bool> failed_ = false;
    std::exception_ptr first_error_;
};

struct busy_server
{
    push server{
        {.transport = {.address = "127.0.0.1"}, .limits = {.max_outbox_bytes = 256 * 1024 * 1024}},
        {}};
    server_thread<push> thread{server};
    std::vector<std::string> addresses = thread.ask([this] { return server.addresses(); });
    std::vector<websocket_client> pages;
    std::array<account, pushers> accounts;
    std::atomic<bool> over = false; ///< visitors need not come any more, and may be turned away

    busy_server()
    {
        for (std::size_t i = 0; i < uids * pages_of_a_uid; ++i) {
            pages.emplace_back(addresses[0]);
            pages.back().register_as(uid(i % uids));
        }
    }

    static std::string uid(std::size_t number) { return "uid" + std::to_string(number); }

    /// Pushes message n of a thread and enters what became of it in the thread's account.
    void push_one(std::size_t from, std::size_t n)
    {
        const std::size_t to = n % (uids + 1);
        std::string text = std::to_string(from) + ' ' + std::to_string(n);
        auto enter = [&entry = accounts[from], text, to, n](push_result result) {
            ++entry.results;
            entry.receivers += result.queued;
            if (result.queued == 0)
                return;
            const bool whole = to < uids ? result.queued == pages_of_a_uid
                                         : result.queued >= uids * pages_of_a_uid;
            entry.queued.push_back({n, text, to, whole});
            entry.in_part += !whole;
            entry.wrong_count |= !whole && (to < uids || !push::has_threads);
        };
        if (to < uids)
            server.async_push(uid(to), text, enter);
        else
            server.async_broadcast(text, enter);
    }

    /// Comes, registers, and leaves, in order or not, until it is over.
    void visit_again_and_again(std::size_t visitor)
    {
        for (std::size_t n = visitor; n == visitor || !over; ++n) {
            try {
                websocket_client page(addresses[0]);
                page.register_as("visitor");
                if (n % 3 == 0)
                    page.close();
                else if (n % 3 == 1)
                    page.vanish();
            } catch (const std::exception&) {
                if (!over)
                    throw;
            }
        }
    }

    /// A page heard just what was queued for it, and each thread's messages in their order.
    void check_heard(std::size_t page, const std::vector<std::string>& heard) const
    {
        std::array<std::vector<std::string>, pushers> expected, heard_from;
        for (const std::string& message : heard)
            heard_from.at(std::stoul(message)).push_back(message);
        for (std::size_t from = 0; from < pushers; ++from) {
            // Several threads of the server may tell what became of them in another order.
            std::vector<queued_message> queued = accounts[from].queued;
            std::sort(queued.begin(), queued.end(),
                      [](const auto& a, const auto& b) { return a.number < b.number; });
            for (const queued_message& m : queued)
                if ((m.uid == uids || m.uid == page % uids) &&
                    (m.whole || std::find(heard_from[from].begin(), heard_from[from].end(),
                                          m.text) != heard_from[from].end()))
                    expected[from].push_back(m.text);
        }
        for (std::size_t from = 0; from < pushers; ++from)
            BOOST_TEST((heard_from[from] == expected[from]),
                       "page " << page << " heard " << heard_from[from].size() << " messages of "
                               << "thread " << from << ", not the " << expected[from].size()
                               << " that were queued, or not in their order");
    }

    void check_accounts(std::size_t others_queued)
    {
        std::size_t receivers = others_queued;
        for (const account& a : accounts) {
            receivers += a.receivers;
            BOOST_TEST(!a.wrong_count);
        }
        BOOST_TEST(server.counts().messages_queued == receivers);
        BOOST_TEST(server.counts().connections == 0u);
        BOOST_TEST(server.counts().registered == 0u);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(threads, busy_server)

BOOST_AUTO_TEST_CASE(eight_threads_push_while_pages_come_and_go_and_all_that_is_queued_arrives)
{
    constexpr std::size_t each = 500;
    constexpr std::size_t lines = 1000;
    crew pushing(over), visiting(over);
    for (std::size_t v = 0; v < visitors; ++v)
        visiting.add([this, v] { visit_again_and_again(v); });
    for (std::size_t from = 0; from < pushers; ++from)
        pushing.add([this, from] {
            for (std::size_t n = 0; n < each; ++n)
                push_one(from, n);
        });
    line_client back_end(addresses[1]);
    const std::vector<std::string> all_lines(lines, R"({"uid":"uid0"})");
    BOOST_CHECK(back_end.ask_all(all_lines) == std::vector<std::string>(lines, "ok"));
    back_end.close();
    pushing.join();
    over = true;
    visiting.join();

    for (account& a : accounts) {
        thread.wait_until([&] { return a.results == each; }, "the results");
        BOOST_TEST(thread.ask([&] { return a.queued.size(); }) == each);
        BOOST_TEST(thread.ask([&] { return a.in_part; }) == 0u);
    }
    server.stop({.timeout = support::patience});
    for (std::size_t page = 0; page < pages.size(); ++page) {
        goodbye end;
        std::vector<std::string> heard = pages[page].hear_the_rest(end);
        BOOST_TEST(end.code == 1001);
        const auto of_lines = std::erase(heard, R"({"uid":"uid0"})");
        BOOST_TEST(of_lines == (page % uids == 0 ? lines : 0));
        check_heard(page, heard);
    }
    thread.join();
    check_accounts(lines * pages_of_a_uid);
}

BOOST_AUTO_TEST_CASE(eight_threads_push_and_stop_and_all_that_is_queued_arrives_before_the_goodbye)
{
    crew all(over);
    std::atomic<std::size_t> submitted = 0;
    for (std::size_t v = 0; v < visitors; ++v)
        all.add([this, v] { visit_again_and_again(v); });
    for (std::size_t from = 0; from < pushers; ++from)
        all.add([this, from, &submitted] {
            for (std::size_t n = 0; n < 5000 && server.running(); ++n) {
                push_one(from, n);
                ++submitted;
                if (n == 200 + 50 * from) {
                    over = true;
                    server.stop({.timeout = support::patience});
                }
            }
        });
    std::vector<std::vector<std::string>> heard;
    for (websocket_client& page : pages) {
        goodbye end;
        heard.push_back(page.hear_the_rest(end));
        BOOST_TEST(end.code == 1001);
    }
    all.join();
    thread.join();
    server.context().restart();
    server.context().run(); // what was pushed when the server's thread had gone
    std::size_t results = 0;
    for (const account& a : accounts)
        results += a.results;
    BOOST_TEST(results == submitted);
    for (std::size_t page = 0; page < pages.size(); ++page)
        check_heard(page, heard[page]);
    check_accounts(0);
}

BOOST_AUTO_TEST_CASE(threads_that_push_without_a_pause_starve_no_connection)
{
    crew flooding(over);
    for (int i = 0; i < 2; ++i)
        flooding.add([this] {
            while (!over)
                server.push("nobody", "flood");
        });
    line_client back_end(addresses[1]);
    BOOST_TEST(back_end.ask(R"({"uid":"uid0"})") == "ok");
    BOOST_TEST(pages[0].hear() == R"({"uid":"uid0"})");
    over = true;
    flooding.join();
}

BOOST_AUTO_TEST_CASE(running_and_stop_may_be_called_from_any_thread_at_any_time)
{
    crew stopping(over);
    std::atomic<std::size_t> asked = 0, told = 0;
    for (std::size_t i = 0; i < pushers; ++i)
        stopping.add([this, &asked, &told] {
            for (int n = 0; n < 2'000 && server.running() && !over; ++n) {
                ++asked;
                server.async_stop({.timeout = support::patience}, [&told](bool) { ++told; });
            }
        });
    for (websocket_client& page : pages)
        BOOST_TEST(page.hear_goodbye().code == 1001);
    stopping.join();
    thread.join();
    server.context().restart();
    server.context().run(); // what was asked when the server's thread had gone
    BOOST_TEST(asked > 0u);
    BOOST_TEST(told == asked); // each once
    BOOST_TEST(!server.running());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(threads_and_restarts)

/// Eight threads do all that may be done from any, while the server stops and starts again, and
/// clients come and go. What arrives at a client must be in each thread's order, and no push may be
/// told twice.
BOOST_AUTO_TEST_CASE(eight_threads_push_while_the_server_stops_and_starts_again)
{
    using lines =
        support::as_compiled<crier::push_server, crier::clients<crier::tcp, crier::text_line>,
                             crier::backend<crier::tcp, crier::text_line>>;
    lines server{{.transport = {.address = "127.0.0.1"}}, {.transport = {.address = "127.0.0.1"}}};
    std::atomic<bool> over = false;
    std::atomic<std::size_t> asked = 0, told = 0, posted = 0, stopped = 0, counted = 0;
    crew pushing(over);
    for (std::size_t from = 0; from < pushers; ++from)
        pushing.add([&, from] {
            const std::string name = std::to_string(from) + ' ';
            for (std::size_t n = 0; !over; ++n) {
                const auto result = server.push("u", name + std::to_string(n));
                ++(result.status == push_status::posted ? posted : stopped);
                if (n % 8 == 0)
                    server.broadcast(name + std::to_string(n) + " all");
                if (n % 16 == from) {
                    ++asked;
                    server.async_push("u", "asked", [&](push_result) { ++told; });
                    ++asked;
                    server.async_counts([&](crier::counters c) {
                        ++told;
                        counted = c.accepted;
                    });
                }
                if (n % 64 == from)
                    server.join("u", "topic" + name);
                // Eight threads say more than one can hear: wait for what was asked.
                while (!over && asked > told + 200)
                    std::this_thread::yield();
            }
        });

    std::size_t heard = 0;
    for (int round = 0; round < 5; ++round) {
        server_thread<lines> thread(server);
        const auto addresses = thread.ask([&] { return server.addresses(); });
        line_client page(addresses.at(0));
        page.send("u\n");
        std::vector<std::size_t> next(pushers, 0);
        for (int i = 0; i < 300; ++i, ++heard) {
            const std::string line = page.read_line();
            if (line == "asked")
                continue;
            std::size_t end = 0;
            const std::size_t from = std::stoul(line, &end);
            const std::size_t n = std::stoul(line.substr(end));
            BOOST_TEST_REQUIRE(from < pushers);
            BOOST_TEST_REQUIRE(n >= next[from], line);
            next[from] = n;
        }
        if (round % 2 == 0)
            page.close();
        server.stop({.timeout = std::chrono::milliseconds(round % 2 == 0 ? 5000 : 1),
                     .spread = std::chrono::milliseconds(round)});
        thread.join();
        BOOST_TEST(!server.running());
        BOOST_TEST(server.counts().connections == 0u);
    }
    over = true;
    pushing.join();
    server.context().restart();
    server.context().run();
    BOOST_TEST(heard == 1500u);
    BOOST_TEST(told == asked);
    BOOST_TEST(posted > 0u);
    BOOST_TEST((server.push("u", "late").status == push_status::stopped));
    const crier::counters c = server.counts();
    BOOST_TEST(c.messages_queued == c.messages_sent + c.messages_evicted + c.messages_dropped);
}

BOOST_AUTO_TEST_SUITE_END()
