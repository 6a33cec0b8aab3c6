// What a listener and a connection may cost: each limit, what the peer hears of it, and the counter.
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "memory_server.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;
using namespace std::chrono_literals;

/// As memory_server, with admission too.
struct limited
{
    using network = crier::test::memory_transport;
    using server_type = crier::push_server<crier::clients<network, crier::websocket>,
                                           crier::backend<network, crier::text_line>>;

    explicit limited(const crier::limits& limits, const crier::admission& admission = {})
        : server(context,
                 {.transport = {pages}, .codec = {}, .limits = limits, .admission = admission},
                 {.transport = {back_ends}, .codec = {}, .limits = limits})
    {
        server.start();
    }

    void settle() { crier::test::memory_network::settle(context); }
    void wait(std::chrono::milliseconds time)
    {
        settle();
        server.advance(time);
        settle();
    }
    page open(std::string_view uid)
    {
        page p = support::open(pages, uid);
        settle();
        p.hear();
        return p;
    }
    const crier::counters& counts() { return server.counts(); }

    crier::test::memory_network pages, back_ends;
    boost::asio::io_context context;
    server_type server;
};

std::string half_a_message()
{
    return client_frame(fin | op::text, "0123456789").substr(0, 12);
}

BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(a_message_has_its_time_in_all_not_per_byte)
{
    limited s({.message_timeout = 10s, .ping_interval = 0ms});
    page slow = s.open("slow");
    const std::string frame = client_frame(fin | op::text, std::string(100, 'x'));
    for (std::size_t second = 0; second < 9; ++second) {
        slow.client.send(frame.substr(second, 1));
        s.wait(1s);
        slow.hear();
        BOOST_TEST(slow.closed_with == 0u);
    }
    slow.client.send(frame.substr(9, 1));
    s.wait(1s);
    slow.hear();
    BOOST_TEST(slow.closed_with == 1008u);
    s.settle();
    BOOST_TEST(slow.client.closed());
    BOOST_TEST(s.counts().ended(crier::error::message_timeout) == 1u);
    BOOST_TEST(s.counts().timed_out == 1u);
}

BOOST_AUTO_TEST_CASE(what_was_said_in_time_is_heard_before_the_time_is_judged)
{
    // How far the server has come with what was said.
    for (int handlers = 0; handlers < 4; ++handlers)
        for (const bool whole : {true, false})
            BOOST_TEST_CONTEXT("after " << handlers << (whole ? ", whole" : ", not whole"))
            {
                limited s({.max_turn_bytes = 32, .message_timeout = 10s, .ping_interval = 0ms});
                page slow = s.open("slow");
                const std::string frame = client_frame(fin | op::text, std::string(300, 'x'));
                slow.client.send(frame.substr(0, 100));
                s.wait(9s);
                slow.client.send(frame.substr(100, whole ? std::string::npos : 50));
                s.context.restart();
                for (int i = 0; i < handlers; ++i)
                    s.context.run_one();
                s.server.advance(1s);
                s.settle();
                slow.hear();
                if (handlers > 0 && whole)
                    BOOST_TEST(slow.closed_with == 0u);
                if (!whole) {
                    s.wait(10s); // as much again, at most
                    slow.hear();
                    BOOST_TEST(slow.closed_with == 1008u);
                }
            }
}

BOOST_AUTO_TEST_CASE(a_message_in_fragments_has_the_same_time_whatever_comes_between_them)
{
    limited s({.message_timeout = 10s, .ping_interval = 0ms});
    page slow = s.open("slow");
    slow.client.send(client_frame(op::text, "a"));
    for (int second = 0; second < 9; ++second) {
        slow.client.send(client_frame(op::continuation, "a"));
        slow.client.send(client_frame(fin | op::ping, "?"));
        s.wait(1s);
        slow.hear();
        BOOST_TEST(slow.closed_with == 0u);
    }
    slow.client.send(client_frame(op::continuation, "a"));
    s.wait(1s);
    slow.hear();
    BOOST_TEST(slow.closed_with == 1008u);
}

BOOST_AUTO_TEST_CASE(each_message_has_its_own_time)
{
    limited s({.message_timeout = 10s, .ping_interval = 0ms});
    page p = s.open("p");
    const std::string frame = client_frame(fin | op::text, "0123456789");
    p.client.send(frame.substr(0, 5));
    for (int i = 0; i < 10; ++i) {
        s.wait(9s);
        p.client.send(frame.substr(5) +
                      frame.substr(0, 5)); // the end of one and the start of the next
    }
    s.wait(9s);
    p.hear();
    BOOST_TEST(p.closed_with == 0u);
    p.client.send(frame.substr(5));
    s.wait(1h); // nothing is unfinished
    p.hear();
    BOOST_TEST(p.closed_with == 0u);
    BOOST_TEST(!p.client.closed());
}

BOOST_AUTO_TEST_CASE(after_a_message_in_pieces_a_silent_page_is_pinged_as_before)
{
    limited s({.ping_interval = 25s});
    page p = s.open("p");
    const std::string frame = client_frame(fin | op::text, "0123456789");
    p.client.send(frame.substr(0, 5));
    s.wait(20s);
    p.client.send(frame.substr(5));
    s.wait(24s);
    p.hear();
    BOOST_TEST(p.pings.empty());
    s.wait(1s);
    p.hear();
    BOOST_TEST(p.pings.size() == 1u);
}

BOOST_AUTO_TEST_CASE(without_a_message_timeout_a_page_in_the_middle_of_one_is_pinged)
{
    limited s({.message_timeout = 0ms, .ping_interval = 25s});
    page p = s.open("p");
    p.client.send(half_a_message());
    s.wait(25s);
    p.hear();
    BOOST_TEST(p.pings.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_line_that_does_not_end_ends_its_back_end)
{
    limited s({.message_timeout = 10s});
    page p = s.open("u");
    auto back_end = s.back_ends.connect();
    back_end.send(R"({"uid":"u"})"
                  "\n"
                  R"({"uid":)");
    s.wait(9s);
    back_end.send(R"("u")");
    s.settle();
    BOOST_TEST(!back_end.closed());
    s.wait(1s);
    BOOST_TEST(back_end.receive() == "ok\n");
    BOOST_TEST(back_end.ended());
    BOOST_TEST(s.counts().ended(crier::error::message_timeout) == 0u); // not before it is gone
    back_end.finish();
    s.settle();
    BOOST_TEST(s.counts().ended(crier::error::message_timeout) == 1u);
}

BOOST_AUTO_TEST_CASE(an_over_long_line_that_does_not_end_ends_its_back_end_too)
{
    limited s({.message_timeout = 10s});
    auto back_end = s.back_ends.connect();
    for (int second = 0; second < 10; ++second) {
        BOOST_TEST(!back_end.ended());
        back_end.send(std::string(100'000, 'x'));
        s.wait(1s);
    }
    BOOST_TEST(back_end.ended());
}

BOOST_AUTO_TEST_CASE(an_idle_back_end_may_stay_for_ever)
{
    limited s({.message_timeout = 10s});
    auto back_end = s.back_ends.connect();
    back_end.send("{}\n");
    s.wait(100h);
    BOOST_TEST(back_end.receive() == "fail\n");
    BOOST_TEST(!back_end.ended());
}

BOOST_AUTO_TEST_CASE(a_back_end_that_is_not_read_because_it_reads_no_answers_is_stalled_not_late)
{
    limited s({.message_timeout = 10s, .write_stall_timeout = 30s});
    auto back_end = s.back_ends.connect();
    s.back_ends.behaviour().capacity_bytes = 4;
    back_end.send("{}\n{}\n{}\n{\"half\"");
    s.wait(29s);
    BOOST_TEST(!back_end.closed());
    BOOST_TEST(s.counts().read_pauses == 1u);
    s.wait(1s);
    BOOST_TEST(back_end.closed());
    BOOST_TEST(s.counts().ended(crier::error::write_stalled) == 1u);
}

BOOST_AUTO_TEST_CASE(a_back_end_that_reads_its_answers_late_has_then_its_time_for_the_line)
{
    limited s({.message_timeout = 10s, .write_stall_timeout = 30s});
    auto back_end = s.back_ends.connect();
    s.back_ends.behaviour().capacity_bytes = 4;
    back_end.send("{}\n{}\n{}\n{\"half\"");
    s.wait(29s);
    s.back_ends.behaviour().capacity_bytes = 1000;
    s.settle();
    BOOST_TEST(back_end.receive() == "fail\nfail\nfail\n");
    s.wait(9s);
    BOOST_TEST(!back_end.ended());
    s.wait(1s);
    BOOST_TEST(back_end.ended());
}

BOOST_AUTO_TEST_CASE(when_a_message_has_come_a_page_that_reads_late_has_all_its_time_for_that)
{
    limited s({.message_timeout = 10s, .write_stall_timeout = 30s});
    page p = s.open("p");
    const std::string frame = client_frame(fin | op::text, "0123456789");
    p.client.send(frame.substr(0, 5));
    s.wait(9s);
    s.pages.behaviour().capacity_bytes = 4;
    s.server.push("p", "news"); // the page does not read yet
    s.settle();
    p.client.send(frame.substr(5));
    s.wait(29s);
    BOOST_TEST(!p.client.closed());
    s.wait(1s);
    BOOST_TEST(p.client.closed());
    BOOST_TEST(s.counts().ended(crier::error::write_stalled) == 1u);
}

BOOST_AUTO_TEST_CASE(a_page_that_reads_nothing_is_stalled_however_many_messages_it_begins)
{
    limited s({.message_timeout = 10s, .write_stall_timeout = 30s});
    page p = s.open("p");
    s.pages.behaviour().capacity_bytes = 4;
    s.server.push("p", "news");
    s.settle();
    for (int i = 0; i < 6; ++i) {
        BOOST_TEST(!p.client.closed());
        p.client.send(client_frame(op::text, "a"));
        s.wait(3s);
        p.client.send(client_frame(fin | op::continuation, "b"));
        s.wait(2s);
    }
    BOOST_TEST(p.client.closed());
    BOOST_TEST(s.counts().ended(crier::error::write_stalled) == 1u);
}

BOOST_AUTO_TEST_CASE(a_page_that_reads_a_little_has_its_time_for_a_message_all_the_same)
{
    limited s({.message_timeout = 40s, .write_stall_timeout = 30s});
    page p = s.open("p");
    s.pages.behaviour().capacity_bytes = 4;
    s.server.push("p", std::string(100, 'x'));
    s.settle();
    p.client.send(half_a_message());
    for (int i = 0; i < 2; ++i) {
        s.wait(20s);
        BOOST_TEST(s.counts().timed_out == 0u);
        BOOST_TEST(s.counts().registered == 1u);
        p.client.receive();
    }
    s.wait(20s);
    BOOST_TEST(s.counts().registered == 0u);
}

BOOST_AUTO_TEST_CASE(more_control_frames_in_a_second_than_allowed_end_the_connection)
{
    limited s({.max_control_frames_per_second = 5});
    for (const std::string& frame :
         {client_frame(fin | op::ping, ""), client_frame(fin | op::pong, "x")})
    {
        page p = s.open("p");
        const auto ended = s.counts().ended(crier::error::too_many_frames);
        for (int round = 0; round < 3; ++round) {
            for (int i = 0; i < 5; ++i)
                p.client.send(frame);
            s.wait(1s); // and the next second's are another matter
            p.hear();
            BOOST_TEST(p.closed_with == 0u);
        }
        std::string flood;
        for (int i = 0; i < 6; ++i)
            flood += frame;
        p.client.send(flood);
        s.settle();
        p.hear();
        BOOST_TEST(p.closed_with == 1008u);
        BOOST_TEST(
            p.client.closed()); // without waiting for its goodbye, or reading what it says else
        BOOST_TEST(s.counts().ended(crier::error::too_many_frames) == ended + 1);
    }
    BOOST_TEST(s.counts().limits_exceeded == 2u);
}

BOOST_AUTO_TEST_CASE(seconds_that_are_far_apart_are_not_added_up)
{
    limited s({.max_control_frames_per_second = 5, .ping_interval = 0s});
    page p = s.open("p");
    for (int burst = 0; burst < 3; ++burst) {
        for (int i = 0; i < 5; ++i)
            p.client.send(client_frame(fin | op::ping, ""));
        s.wait(256s);
        p.hear();
        BOOST_TEST(p.closed_with == 0u);
    }
}

BOOST_AUTO_TEST_CASE(more_fragments_in_a_second_than_allowed_end_the_connection)
{
    limited s({.max_fragments_per_second = 10});
    page good = s.open("good"), bad = s.open("bad");
    good.client.send(client_frame(op::text, ""));
    for (int i = 0; i < 8; ++i)
        good.client.send(client_frame(op::continuation, ""));
    good.client.send(client_frame(fin | op::continuation, ""));
    bad.client.send(client_frame(op::text, ""));
    for (int i = 0; i < 10; ++i)
        bad.client.send(client_frame(op::continuation, ""));
    s.settle();
    good.hear();
    bad.hear();
    BOOST_TEST(good.closed_with == 0u);
    BOOST_TEST(bad.closed_with == 1008u);
}

BOOST_AUTO_TEST_CASE(half_of_each_number_of_frames_is_all_that_a_second_takes)
{
    limited s({.max_fragments_per_second = 10, .max_control_frames_per_second = 10});
    page p = s.open("p");
    for (int i = 0; i < 5; ++i)
        p.client.send(client_frame(i == 0 ? op::text : op::continuation, "") +
                      client_frame(fin | op::pong, ""));
    s.settle();
    p.hear();
    BOOST_TEST(p.closed_with == 0u);
    p.client.send(client_frame(fin | op::pong, ""));
    s.settle();
    p.hear();
    BOOST_TEST(p.closed_with == 1008u);
}

BOOST_AUTO_TEST_CASE(whole_messages_are_no_small_frames)
{
    limited s({.max_fragments_per_second = 1, .max_control_frames_per_second = 1});
    page p = s.open("p");
    for (int i = 0; i < 1000; ++i)
        p.say("whole");
    s.settle();
    p.hear();
    BOOST_TEST(p.closed_with == 0u);
}

BOOST_AUTO_TEST_CASE(connections_above_the_limit_are_closed_as_they_come)
{
    limited s({}, {.max_connections = 2});
    page a = s.open("a"), b = s.open("b");
    page c = s.open("c");
    BOOST_TEST(c.client.closed());
    BOOST_TEST(!a.client.closed());
    BOOST_TEST(!b.client.closed());
    BOOST_TEST(s.counts().turned_away == 1u);
    BOOST_TEST(s.counts().ended(crier::error::too_many_connections) == 1u);
    BOOST_TEST(s.counts().accepted == 2u);
    auto back_end = s.back_ends.connect(); // another listener
    back_end.send(R"({"broadcast":true})"
                  "\n");
    s.settle();
    BOOST_TEST(back_end.receive() == "ok\n");
    a.client.reset();
    s.settle();
    page d = s.open("d");
    BOOST_TEST(!d.client.closed());
    BOOST_TEST(s.counts().registered == 2u);
}

BOOST_AUTO_TEST_CASE(a_place_is_given_back_once_however_a_connection_ends)
{
    limited s({.handshake_timeout = 10s, .close_timeout = 1s}, {.max_connections = 1});
    for (int round = 0; round < 3; ++round) {
        { // not at all
            auto c = s.pages.connect();
            s.settle();
            BOOST_TEST(s.open("no").client.closed());
            c.reset();
            s.settle();
        }
        { // by a time
            auto c = s.pages.connect();
            s.wait(10s);
            BOOST_TEST(c.closed());
        }
        { // by a refusal
            auto c = s.pages.connect();
            c.send("no HTTP\r\n\r\n");
            s.settle();
            BOOST_TEST(s.open("no").client.closed());
            c.finish();
            s.settle();
            BOOST_TEST(c.closed());
        }
        { // by the server
            page p = s.open("");
            BOOST_TEST(p.closed_with == 1008u);
            s.wait(1s);
        }
    }
    const auto away = s.counts().turned_away;
    BOOST_TEST(away == 6u);
    page last = s.open("last");
    BOOST_TEST(!last.client.closed());
    BOOST_TEST(s.open("one more").client.closed());
    BOOST_TEST(s.counts().turned_away == away + 1);
}

BOOST_AUTO_TEST_CASE(connections_that_come_too_fast_wait_and_are_all_served)
{
    limited s({}, {.max_accepts_per_second = 10});
    std::vector<page> all;
    for (int i = 0; i < 30; ++i)
        all.push_back(support::open(s.pages, "u"));
    s.settle();
    BOOST_TEST(s.counts().accepted == 11u);
    BOOST_TEST(s.counts().accept_pauses == 1u);
    BOOST_TEST(s.counts().turned_away == 0u);
    const auto patience = std::chrono::steady_clock::now() + 30s;
    while (s.counts().accepted < 30u && std::chrono::steady_clock::now() < patience) {
        s.context.restart();
        s.context.run_for(50ms); // it goes on by itself
        BOOST_REQUIRE(s.counts().accepted <= 30u);
    }
    s.settle();
    BOOST_TEST(s.counts().registered == 30u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
