// Clients that say more than others: they are read from for a part of the time only, and wholly.
#include <crier/authenticator/ask.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/line_client.hpp"
#include "support/server_thread.hpp"
#include "support/three_threads.hpp"
#include "support/within_patience.hpp"
#include "websocket_script.hpp"

using boost::asio::use_future;
using support::line_client;
using support::server_thread;
using support::within_patience;

namespace {

/// Each page says 0, 1, 2 and so on.
struct listening : crier::hooks
{
    struct heard
    {
        std::mutex mutex;
        std::map<std::uint64_t, std::size_t> next;
        std::size_t all = 0, wrong = 0;
    };
    std::shared_ptr<heard> so_far = std::make_shared<heard>();

    void on_message(crier::connection& c, crier::message_view message)
    {
        const std::lock_guard lock(so_far->mutex);
        std::size_t& expected = so_far->next[c.id()];
        so_far->wrong += message.data != std::to_string(expected);
        ++expected;
        ++so_far->all;
    }
};

template <class... Components>
using server_of =
    crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                       crier::backend<crier::tcp, crier::text_line>, listening, Components...>;

using server_type = support::as_compiled<server_of>;

template <class Hooks>
using server_of_with = crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                                          crier::backend<crier::tcp, crier::text_line>, Hooks>;

constexpr std::size_t lines_each = 60'000;

std::string counting()
{
    std::string all;
    for (std::size_t i = 0; i < lines_each; ++i)
        all += std::to_string(i) + '\n';
    return all;
}

struct running
{
    explicit running(unsigned share)
        : server({.transport = {.address = "127.0.0.1"},
                  .limits = {.max_read_share = share,
                             .close_timeout = std::chrono::milliseconds(500)}})
    {}

    /// They say who they are and all the rest in one breath; the sockets take it.
    void flood(std::size_t pages)
    {
        static const std::string all = counting();
        for (std::size_t i = 0; i < pages; ++i) {
            talkers.emplace_back(addresses.at(0));
            talkers.back().send("uid" + std::to_string(i) + '\n' + all.substr(0, 100'000));
        }
        for (line_client& talker : talkers)
            writers.emplace_back([&talker] {
                try {
                    talker.send(std::string_view(all).substr(100'000));
                } catch (const std::runtime_error&) { // it was ended
                }
            });
    }

    void let_them_finish()
    {
        for (std::thread& writer : writers)
            writer.join();
        writers.clear();
    }

    crier::counters counts() { return within_patience(server.async_counts(use_future)); }

    template <class Predicate>
    void wait_until(Predicate done)
    {
        const auto deadline = std::chrono::steady_clock::now() + support::patience;
        while (!done(counts()))
            BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
    }

    std::size_t heard()
    {
        const std::lock_guard lock(server.hook().so_far->mutex);
        return server.hook().so_far->all;
    }

    server_type server;
    server_thread<server_type> thread{server};
    std::vector<std::string> addresses = thread.ask([this] { return server.addresses(); });
    std::deque<line_client> talkers;
    std::vector<std::thread> writers;
};

} // namespace

BOOST_AUTO_TEST_SUITE(reading)

BOOST_AUTO_TEST_CASE(who_says_much_has_to_wait_and_is_heard_wholly_and_in_order)
{
    running r(10);
    r.flood(5);
    line_client page(r.addresses.at(0)), back_end(r.addresses.at(1));
    page.send("quiet\n");
    r.wait_until([](const crier::counters& now) { return now.registered == 6; });
    for (int i = 0; i < 50; ++i) { // and the others meanwhile
        const std::string line = R"({"uid":"quiet","n":)" + std::to_string(i) + '}';
        BOOST_TEST(back_end.ask(line) == "ok");
        BOOST_TEST(page.read_line() == line);
    }
    r.let_them_finish();
    r.wait_until([&](const crier::counters&) { return r.heard() == 5 * lines_each; });
    BOOST_TEST(r.server.hook().so_far->wrong == 0u);
    BOOST_TEST(r.counts().read_pauses != 0u);
}

BOOST_AUTO_TEST_CASE(with_all_of_the_time_nobody_has_to_wait)
{
    running r(100);
    r.flood(3);
    r.let_them_finish();
    r.wait_until([&](const crier::counters&) { return r.heard() == 3 * lines_each; });
    BOOST_TEST(r.server.hook().so_far->wrong == 0u);
    BOOST_TEST(r.counts().read_pauses == 0u);
}

BOOST_AUTO_TEST_CASE(who_leaves_while_it_has_to_wait_is_gone)
{
    running r(5);
    r.flood(10);
    r.wait_until([](const crier::counters& now) { return now.read_pauses > 5; });
    BOOST_TEST(r.heard() < 10 * lines_each);
    for (std::size_t i = 0; i < r.talkers.size(); i += 2)
        r.talkers[i].reset();
    r.wait_until([](const crier::counters& now) { return now.connections <= 5; });
    for (std::size_t i = 1; i < r.talkers.size(); i += 2)
        r.talkers[i].reset();
    r.let_them_finish();
    r.wait_until([](const crier::counters& now) { return now.connections == 0; });
    BOOST_TEST(r.server.hook().so_far->wrong == 0u);
    BOOST_TEST(r.counts().lost == 10u);
}

namespace {

/// What a page says may take time.
struct slow : crier::hooks
{
    struct heard
    {
        std::size_t long_ones = 0;
        std::size_t awaited = 1;
        std::promise<void> all;
    };
    std::shared_ptr<heard> so_far = std::make_shared<heard>();

    void on_message(crier::connection&, crier::message_view message)
    {
        if (message.data == "very slow")
            std::this_thread::sleep_for(std::chrono::milliseconds(400));
        if (message.data.size() > 10'000 && ++so_far->long_ones == so_far->awaited)
            so_far->all.set_value();
    }
};

struct running_slowly
{
    explicit running_slowly(unsigned share,
                            std::chrono::milliseconds message_timeout = std::chrono::seconds(10))
        : server({.transport = {.address = "127.0.0.1"},
                  .limits = {.max_read_share = share,
                             .message_timeout = message_timeout,
                             .close_timeout = std::chrono::milliseconds(500)}})
    {}

    using server_type = server_of_with<slow>;
    server_type server;
    server_thread<server_type> thread{server};
    std::string address = thread.ask([this] { return server.addresses(); }).at(0);
};

/// What is slow comes with the beginning of what is long: that waits for a second then, unfinished.
std::string slow_and_long()
{
    std::string all = "uid\n";
    while (all.size() < 10'000)
        all += "much\n";
    return all + "very slow\n" + std::string(20'000, 'x') + '\n';
}

} // namespace

BOOST_AUTO_TEST_CASE(a_hook_that_was_slow_once_keeps_nobody_waiting_for_a_hundred_times_as_long)
{
    running_slowly r(1);
    line_client page(r.address);
    page.send(slow_and_long());
    within_patience(r.server.hook().so_far->all.get_future());
    BOOST_TEST(r.server.hook().so_far->long_ones == 1u);
}

BOOST_AUTO_TEST_CASE(who_has_to_wait_is_not_late)
{
    running_slowly r(1, std::chrono::milliseconds(600));
    line_client page(r.address);
    page.send(slow_and_long());
    within_patience(r.server.hook().so_far->all.get_future());
    BOOST_TEST(r.server.hook().so_far->long_ones == 1u);
    page.send("never ended");
    BOOST_TEST(page.read_to_end() == "");
    page.close();
    const auto deadline = std::chrono::steady_clock::now() + support::patience;
    crier::counters counts;
    do {
        BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
        counts = within_patience(r.server.async_counts(use_future));
    } while (counts.connections != 0);
    BOOST_TEST(counts.ended(crier::error::message_timeout) == 1u);
}

BOOST_AUTO_TEST_CASE(who_says_more_now_and_then_but_has_not_to_wait_has_no_more_time)
{
    running_slowly r(25, std::chrono::milliseconds(1000));
    line_client page(r.address);
    page.send("uid\n");
    const auto began = std::chrono::steady_clock::now();
    try {
        for (int i = 0; i < 12; ++i) { // more than a turn's bytes, and far from too much in all
            page.send(std::string(5000, 'x'));
            std::this_thread::sleep_for(std::chrono::milliseconds(500));
        }
    } catch (const std::runtime_error&) { // it is closed
    }
    BOOST_TEST((std::chrono::steady_clock::now() - began < std::chrono::seconds(5)));
    const crier::counters counts = within_patience(r.server.async_counts(use_future));
    BOOST_TEST(counts.ended(crier::error::message_timeout) == 1u);
}

#if !defined(CRIER_TEST_THREE_THREADS) // it has one thread of its own

namespace {

/// What the flood says takes time.
struct slow_flood : crier::hooks
{
    struct heard
    {
        std::atomic<int> times = 0;
        std::atomic<bool> victim = false;
    };
    heard* so_far;

    explicit slow_flood(heard* h) : so_far(h) {}

    void on_message(crier::connection& c, crier::message_view)
    {
        if (c.uid() == "victim") {
            so_far->victim = true;
        } else {
            ++so_far->times;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(who_had_to_wait_for_nearly_all_its_time_has_it_still)
{
    using server_type =
        crier::push_server<crier::clients<crier::tcp, crier::text_line>, slow_flood>;
    slow_flood::heard heard;
    server_type server({.transport = {.address = "127.0.0.1"},
                        .limits = {.max_turn_bytes = 4096,
                                   .max_read_share = 1,
                                   .message_timeout = std::chrono::milliseconds(950)}},
                       slow_flood(&heard));
    server_thread<server_type> thread(server);
    const std::string address = thread.ask([&] { return server.addresses(); }).at(0);
    std::atomic<bool> over = false;
    std::thread flood([&] {
        try {
            line_client page(address);
            page.send("flood\n");
            while (!over)
                page.send(std::string(4095, 'x') + '\n');
        } catch (const std::runtime_error&) { // it has stopped
        }
    });
    line_client page(address);
    page.send("victim\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    for (const int so_far = heard.times; heard.times == so_far;) // behind the flood, for a second
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    page.send(std::string(6000, 'v')); // more than a turn's bytes
    std::this_thread::sleep_for(std::chrono::milliseconds(1300));
    page.send("\n");
    thread.wait_until([&] { return heard.victim || server.counts().timed_out != 0; },
                      "its message");
    BOOST_TEST(heard.victim);
    over = true;
    thread.ask([&] {
        server.stop({.timeout = std::chrono::milliseconds(1)});
        return 0;
    });
    thread.join();
    flood.join();
}

namespace {

using asking_server =
    crier::push_server<crier::clients<crier::tcp, crier::websocket, crier::ask<>>, slow>;

/// The first message is the uid, but for "slow" that takes a while.
crier::verdict judge_slowly(boost::asio::io_context& context, const crier::question& q)
{
    if (q.occasion() != crier::question::first_message)
        return crier::verdict::undecided();
    if (q.message().data != "slow")
        return crier::verdict::accept(std::string(q.message().data));
    auto timer =
        std::make_shared<boost::asio::steady_timer>(context, std::chrono::milliseconds(100));
    timer->async_wait([timer, answer = q.answer_later()](boost::system::error_code) {
        answer(crier::verdict::accept("slow"));
    });
    return crier::verdict::later();
}

/// A page says its uid shortly before its time ends, behind so much that this is read after a pause of a
/// second, when the time has ended. Empty if this machine was too slow for that.
std::optional<crier::counters> uid_in_time_and_read_late()
{
    using namespace support;
    constexpr auto text = fin | op::text;
    constexpr std::chrono::milliseconds uid_timeout(9000), said_after(8200), at_most(8500);
    boost::asio::io_context context;
    asking_server server(context, {.transport = {.address = "127.0.0.1"},
                                   .limits = {.max_read_share = 1, .uid_timeout = uid_timeout},
                                   .authenticator = {[&](const crier::question& q) {
                                       return judge_slowly(context, q);
                                   }}});
    server_thread<asking_server> thread(server);
    const std::string address = thread.ask([&] { return server.addresses(); }).at(0);
    const auto began = std::chrono::steady_clock::now();
    line_client busy(address), other(address), page(address);
    for (line_client* each : {&busy, &other, &page}) {
        each->send(upgrade_request);
        while (each->read_line() != "\r") // of the answer
            continue;
    }
    std::string much, pongs;
    while (much.size() < 5000)
        much += client_frame(text, "much");
    while (pongs.size() < 5000)
        pongs += client_frame(fin | op::pong, std::string(100, 'x'));
    std::this_thread::sleep_until(began + said_after);
    // Two are read from in a turn, then comes the pause, and after it the rest of what the page said.
    busy.send(client_frame(text, "busy") + much + client_frame(text, "very slow") + much);
    other.send(client_frame(text, "other") + much);
    page.send(pongs + client_frame(text, "slow"));
    if (std::chrono::steady_clock::now() > began + at_most)
        return {};
    const auto deadline = std::chrono::steady_clock::now() + support::patience;
    crier::counters counts;
    do {
        BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
        counts = within_patience(server.async_counts(use_future));
    } while (counts.registered + counts.timed_out != 3);
    return counts;
}

} // namespace

BOOST_AUTO_TEST_CASE(who_has_said_its_uid_in_time_is_not_late_though_that_is_read_late)
{
    std::optional<crier::counters> counts;
    for (int tries = 0; !counts && tries < 3; ++tries)
        counts = uid_in_time_and_read_late();
    BOOST_TEST_REQUIRE(counts.has_value());
    BOOST_TEST(counts->read_pauses != 0u);
    BOOST_TEST(counts->registered == 3u);
}

#endif

namespace {

/// Other work on the server's thread, without an end.
struct busywork
{
    running_slowly& r;
    std::size_t times = 0;

    void go_on()
    {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        ++times;
        if (r.server.hook().so_far->long_ones < r.server.hook().so_far->awaited)
            boost::asio::post(r.server.context(), [this] { go_on(); });
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(who_has_to_wait_gets_the_share_also_where_the_work_of_others_takes_long)
{
    constexpr std::size_t pages = 40, bytes = 40'000;
    running_slowly r(25);
    r.server.hook().so_far->awaited = pages;
    busywork others{r};
    std::deque<line_client> talkers;
    for (std::size_t i = 0; i < pages; ++i)
        talkers.emplace_back(r.address).send("uid\n" + std::string(bytes / 2, 'x'));
    boost::asio::post(r.server.context(), [&] { others.go_on(); });
    for (line_client& talker : talkers)
        talker.send(std::string(bytes / 2, 'x') + '\n');
    within_patience(r.server.hook().so_far->all.get_future());
    // Two in each turn would be too few.
    BOOST_TEST(r.thread.ask([&] { return others.times; }) < pages * bytes / 4096 / 2 / 3);
}

BOOST_AUTO_TEST_CASE(a_server_stops_while_some_have_to_wait)
{
    running r(1);
    r.flood(10);
    r.wait_until([](const crier::counters& now) { return now.read_pauses > 5; });
    r.thread.stop();
    r.let_them_finish();
    BOOST_TEST(r.server.counts().connections == 0u);
    BOOST_TEST(r.server.counts().accepted == 10u);
    BOOST_TEST(r.server.hook().so_far->wrong == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
