// Many who come or go at once: who is known does not wait for all of them, nor do they wait for ever.
#include <crier/authenticator/ask.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "support/line_client.hpp"
#include "support/server_thread.hpp"
#include "support/within_patience.hpp"

using boost::asio::use_future;
using support::line_client;
using support::server_thread;
using support::within_patience;

namespace {

constexpr std::size_t pages = 200;

/// Each page of the crowd costs time when it says who it is. After the tenth the server waits until told,
/// so that something else comes while the others still wait.
struct crowd : crier::hooks
{
    struct seen
    {
        std::promise<void> ten_are_here, goes_on, heard_known, lost_known;
        std::atomic<std::size_t> come = 0, registered = 0;
        std::size_t when_heard = 0, when_lost = 0, come_at_a_hundred = 0;
    };
    std::shared_ptr<seen> so_far = std::make_shared<seen>();

    void on_open(crier::connection& c)
    {
        so_far->come += c.kind() == crier::connection_kind::client;
    }

    void on_registered(crier::connection& c)
    {
        if (c.uid() == "known")
            return;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        const std::size_t count = ++so_far->registered;
        if (count == 100)
            so_far->come_at_a_hundred = so_far->come;
        if (count != 10)
            return;
        so_far->ten_are_here.set_value();
        within_patience(so_far->goes_on.get_future());
    }

    void on_message(crier::connection&, crier::message_view)
    {
        so_far->when_heard = so_far->registered;
        so_far->heard_known.set_value();
    }

    void on_close(crier::connection& c, crier::error_code)
    {
        if (c.uid() != "known")
            return;
        so_far->when_lost = so_far->registered;
        so_far->lost_known.set_value();
    }
};

using server_type = crier::push_server<crier::clients<crier::tcp, crier::text_line, crier::ask<>>,
                                       crier::backend<crier::tcp, crier::text_line>, crowd>;

/// The first page is known because it has come; the others say who they are.
crier::verdict judge(const crier::question& q, bool& first)
{
    if (q.occasion() == crier::question::first_message)
        return crier::verdict::accept(std::string(q.message().data));
    return std::exchange(first, false) ? crier::verdict::accept("known")
                                       : crier::verdict::undecided();
}

struct besieged
{
    besieged()
    {
        wait_until([](const crier::counters& now) { return now.registered == 1; });
        BOOST_TEST(back_end.ask(R"({"uid":"nobody"})") == "fail");
    }

    /// All come, and say who they are, while the server does something else.
    void surround(bool connected_before)
    {
        if (connected_before)
            connect_all();
        busy_meanwhile([&] {
            if (!connected_before)
                for (std::size_t i = 0; i < pages; ++i)
                    others.emplace_back(address);
            for (line_client& other : others)
                other.send("new\n");
        });
        within_patience(seen.ten_are_here.get_future());
    }

    template <class F>
    void busy_meanwhile(F&& f)
    {
        struct marks
        {
            std::promise<void> begun, done;
        };
        const auto m = std::make_shared<marks>(); // the server may look at them a little longer
        boost::asio::post(server.context(), [m] {
            m->begun.set_value();
            within_patience(m->done.get_future());
        });
        within_patience(m->begun.get_future());
        f();
        m->done.set_value();
    }

    void connect_all()
    {
        for (std::size_t i = 0; i < pages; ++i)
            others.emplace_back(address);
        wait_until([](const crier::counters& now) { return now.connections == pages + 2; });
    }

    void let_all_in()
    {
        wait_until([this](const crier::counters&) { return seen.registered == pages; });
    }

    template <class Predicate>
    void wait_until(Predicate done)
    {
        const auto deadline = std::chrono::steady_clock::now() + support::patience;
        while (!done(within_patience(server.async_counts(use_future)))) {
            BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    bool first = true;
    server_type server{
        {.transport = {.address = "127.0.0.1"},
         .authenticator = {[this](const crier::question& q) { return judge(q, first); }}}};
    crowd::seen& seen = *server.hook().so_far;
    server_thread<server_type> thread{server};
    std::string address = thread.ask([this] { return server.addresses(); }).at(0);
    std::string back_end_address = thread.ask([this] { return server.addresses(); }).at(1);
    line_client known{address};
    line_client back_end{back_end_address};
    std::deque<line_client> others;
};

constexpr std::size_t soon = 10 + pages / 4;

/// Nobody has more than two seconds for its uid.
struct strict
{
    static constexpr std::chrono::seconds time{2};

    crier::push_server<crier::clients<crier::tcp, crier::text_line>> server{
        {.transport = {.address = "127.0.0.1"},
         .limits = {.max_turn_bytes = 100, .uid_timeout = time}}};
    server_thread<decltype(server)> thread{server};
    std::string address = thread.ask([this] { return server.addresses(); }).at(0);
};

} // namespace

BOOST_AUTO_TEST_SUITE(crowds)

BOOST_AUTO_TEST_CASE(who_is_known_does_not_wait_for_all_who_come)
{
    besieged b;
    b.surround(true);
    b.known.send("something\n");
    b.seen.goes_on.set_value();
    within_patience(b.seen.heard_known.get_future());
    BOOST_TEST(b.seen.when_heard < soon);
    b.let_all_in();
}

BOOST_AUTO_TEST_CASE(nor_does_who_has_never_said_anything)
{
    besieged b;
    b.surround(true);
    b.back_end.send("{\"uid\":\"known\"}\n");
    b.seen.goes_on.set_value();
    BOOST_TEST(b.back_end.read_line() == "ok");
    BOOST_TEST(b.known.read_line() == R"({"uid":"known"})");
    BOOST_TEST(b.seen.registered < soon);
    b.let_all_in();
}

BOOST_AUTO_TEST_CASE(who_leaves_does_not_wait_for_all_who_come)
{
    besieged b;
    b.surround(true);
    b.known.close();
    b.seen.goes_on.set_value();
    within_patience(b.seen.lost_known.get_future());
    BOOST_TEST(b.seen.when_lost < soon);
    b.let_all_in();
}

BOOST_AUTO_TEST_CASE(no_more_are_let_in_than_soon_have_their_turn)
{
    besieged b;
    b.surround(false); // their clocks do not run while the system keeps them
    b.seen.goes_on.set_value();
    b.let_all_in();
    BOOST_TEST(b.seen.come_at_a_hundred < 100 + pages / 3);
}

BOOST_AUTO_TEST_CASE(while_few_come_and_go_it_is_their_arrival_that_counts)
{
    besieged b;
    b.seen.goes_on.set_value();
    for (int i = 0; i < 40; ++i) {
        line_client page(b.address), other(b.back_end_address);
        b.wait_until([](const crier::counters& now) { return now.connections == 4; });
        line_client& back_end = i % 2 ? b.back_end : other;
        b.busy_meanwhile([&] {
            page.send("uid\n");
            back_end.send("{\"uid\":\"uid\"}\n");
        });
        BOOST_TEST(back_end.read_line() == "ok");
        BOOST_TEST(page.read_line() == R"({"uid":"uid"})");
        b.busy_meanwhile([&] {
            page.close();
            back_end.send("{\"uid\":\"uid\"}\n");
        });
        BOOST_TEST(back_end.read_line() == "fail");
        other.close();
        b.wait_until([](const crier::counters& now) { return now.connections == 2; });
    }
}

BOOST_AUTO_TEST_CASE(who_has_spoken_in_time_is_not_late_because_the_server_is)
{
    constexpr std::size_t many = 700; // more than the system tells of at once
    strict s;
    std::deque<line_client> all;
    while (all.size() < many)
        all.emplace_back(s.address);
    line_client silent(s.address), half(s.address);
    const auto counts = [&s] { return s.server.counts(); };
    s.thread.wait_until([&] { return counts().connections == many + 2; }, "all who come");
    const auto time_is_over = std::chrono::steady_clock::now() + s.time * 5 / 4;
    boost::asio::post(s.server.context(), [=] { std::this_thread::sleep_until(time_is_over); });
    for (line_client& each : all)
        each.send(std::string(250, 'x') + '\n'); // more than a turn's bytes
    half.send("ui");
    s.thread.wait_until([&] { return counts().registered + counts().timed_out == many + 2; },
                        "all who have spoken");
    BOOST_TEST(s.thread.ask(counts).timed_out == 2u);
    BOOST_TEST(silent.read_to_end() == "");
    BOOST_TEST(half.read_to_end() == "");
}

BOOST_AUTO_TEST_SUITE_END()
