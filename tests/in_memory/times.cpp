// What happens when time passes. It passes at once: server::advance.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "memory_server.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;
using namespace std::chrono_literals;

const crier::limits limits{.handshake_timeout = 10s,
                           .uid_timeout = 20s,
                           .ping_interval = 25s,
                           .write_stall_timeout = 30s,
                           .close_timeout = 5s};

BOOST_AUTO_TEST_SUITE(times)

BOOST_AUTO_TEST_CASE(a_handshake_has_its_time_in_all_not_per_byte)
{
    memory_server s(limits);
    auto slow = s.pages.connect();
    for (int second = 0; second < 9; ++second) {
        slow.send(upgrade_request.substr(static_cast<std::size_t>(second), 1));
        s.settle();
        s.server.advance(1s);
        s.settle();
        BOOST_TEST(!slow.closed());
    }
    s.server.advance(1s);
    s.settle();
    BOOST_TEST(slow.closed());
    BOOST_TEST(s.server.counts().timed_out == 1u);
}

BOOST_AUTO_TEST_CASE(a_page_that_does_not_say_its_uid_is_closed_with_1008)
{
    memory_server s(limits);
    page silent = s.open("");
    silent.client.receive();
    auto quiet = s.pages.connect();
    quiet.send(upgrade_request);
    s.settle();
    BOOST_TEST(quiet.receive() == switching_protocols);
    s.server.advance(19s);
    s.settle();
    BOOST_TEST(quiet.receive().empty());
    s.server.advance(1s);
    s.settle();
    BOOST_TEST(quiet.receive() ==
               server_frame(fin | op::close, close_payload(1008, "no uid in time")));
}

BOOST_AUTO_TEST_CASE(a_silent_page_is_pinged_and_a_dead_one_is_found)
{
    memory_server s(limits);
    page alive = s.open("alive"), dead = s.open("dead");
    s.settle();
    for (int round = 1; round <= 4; ++round) {
        s.server.advance(25s);
        s.settle();
        alive.hear();
        BOOST_TEST(alive.pings.size() == static_cast<std::size_t>(round));
        s.settle();
        BOOST_TEST(dead.client.closed() == (round >= 2));
    }
    dead.hear();
    BOOST_TEST(dead.pings.size() == 1u);
    BOOST_TEST(!alive.client.closed());
    BOOST_TEST(s.server.counts().timed_out == 1u);
}

BOOST_AUTO_TEST_CASE(who_does_not_answer_a_ping_is_found_as_soon_though_there_is_more_to_write)
{
    memory_server s(limits);
    page dead = s.open("dead"), alive = s.open("alive");
    s.settle();
    dead.hear();
    alive.hear();
    s.server.advance(25s); // pinged
    s.settle();
    s.server.advance(24s);
    alive.hear();
    s.pages.behaviour().capacity_bytes = 10;
    s.server.push("dead", std::string(100, 'x'));
    s.server.push("alive", std::string(100, 'x'));
    s.settle(); // here the pong comes, too
    s.server.advance(1s);
    s.settle();
    BOOST_TEST(dead.client.closed());
    BOOST_TEST(s.server.counts().ended(crier::error::idle_timeout) == 1u);
    BOOST_TEST(!alive.client.closed());
    s.server.advance(28s); // it has the time for writing
    s.settle();
    BOOST_TEST(!alive.client.closed());
    s.server.advance(2s);
    s.settle();
    BOOST_TEST(alive.client.closed());
    BOOST_TEST(s.server.counts().ended(crier::error::write_stalled) == 1u);
    BOOST_TEST(s.server.counts().timed_out == 2u);
}

BOOST_AUTO_TEST_CASE(who_is_pinged_and_reads_a_little_then_has_the_time_for_writing)
{
    memory_server s(limits);
    page slow = s.open("slow");
    s.settle();
    slow.hear();
    s.server.advance(25s);
    s.settle();
    s.pages.behaviour().capacity_bytes = 10;
    s.server.push("slow", std::string(100, 'x'));
    s.settle();
    s.server.advance(20s);
    slow.client.receive(); // and says nothing
    s.settle();
    s.server.advance(29s);
    s.settle();
    BOOST_TEST(!slow.client.closed());
    s.server.advance(1s);
    s.settle();
    BOOST_TEST(slow.client.closed());
}

BOOST_AUTO_TEST_CASE(a_page_that_reads_nothing_though_there_is_something_is_cut_off)
{
    memory_server s(limits);
    page p = s.open("uid1");
    s.settle();
    p.hear();
    s.pages.behaviour().capacity_bytes = 10;
    s.server.push("uid1", std::string(100, 'x'));
    s.settle();
    s.server.advance(29s);
    s.settle();
    BOOST_TEST(!p.client.closed());
    s.server.advance(1s);
    s.settle();
    BOOST_TEST(p.client.closed());
    BOOST_TEST(s.server.counts().messages_dropped == 1u);
}

BOOST_AUTO_TEST_CASE(a_page_that_reads_a_little_now_and_then_is_not_stalled)
{
    memory_server s(limits);
    page p = s.open("uid1");
    s.settle();
    p.hear();
    s.pages.behaviour().capacity_bytes = 10;
    s.server.push("uid1", std::string(100, 'x'));
    for (int i = 0; i < 12; ++i) {
        s.settle();
        s.server.advance(20s);
        s.settle();
        BOOST_TEST(!p.client.closed());
        p.hear();
        p.say_frame(crier::opcode::pong); // it is alive, and pinged when all is written
    }
    s.settle();
    p.hear();
    BOOST_TEST(p.messages.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_never_says_goodbye_is_left_after_the_close_timeout)
{
    memory_server s(limits);
    page p = s.open("");
    p.answers = false;
    s.settle();
    p.hear();
    BOOST_TEST(p.closed_with == 1008u);
    BOOST_TEST(!p.client.closed());
    s.server.advance(5s);
    s.settle();
    BOOST_TEST(p.client.closed());
}

BOOST_AUTO_TEST_CASE(a_drain_does_not_wait_for_handshakes)
{
    memory_server s(limits);
    auto silent = s.pages.connect(), begun = s.pages.connect();
    begun.send(upgrade_request.substr(0, 20));
    s.settle();
    bool stopped = false;
    s.server.async_stop({.timeout = 3s}, [&](bool) { stopped = true; });
    s.settle();
    BOOST_TEST(stopped);
    BOOST_TEST(silent.closed());
    BOOST_TEST(begun.closed());
}

BOOST_AUTO_TEST_CASE(a_drain_ends_when_its_time_is_over)
{
    memory_server s(limits);
    page p = s.open("uid1");
    p.answers = false;
    s.settle();
    bool stopped = false;
    s.server.async_stop({.timeout = 3s}, [&](bool) { stopped = true; });
    s.settle();
    p.hear();
    BOOST_TEST(p.closed_with == 1001u);
    s.server.advance(2s);
    s.settle();
    BOOST_TEST(!stopped);
    s.server.advance(1s);
    s.settle();
    BOOST_TEST(stopped);
    BOOST_TEST(p.client.closed());
}

BOOST_AUTO_TEST_CASE(a_drain_that_is_spread_tells_the_clients_one_after_the_other)
{
    memory_server s(limits);
    std::vector<page> all;
    for (int i = 0; i < 10; ++i)
        all.push_back(s.open("u" + std::to_string(i)));
    auto silent = s.pages.connect();
    auto script = s.back_ends.connect();
    s.settle();
    bool in_time = false, stopped = false;
    s.server.async_stop({.timeout = 30s, .spread = 10s}, [&](bool was) {
        in_time = was;
        stopped = true;
    });
    s.settle();
    BOOST_TEST(silent.closed()); // it has said nothing yet
    std::vector<int> told_at(10, -1);
    for (int second = 0; second < 10; ++second) {
        // Who is not told yet is still pushed to.
        if (second < 9) {
            script.send(R"({"broadcast":true,"second":)" + std::to_string(second) + "}\n");
            s.settle();
            BOOST_TEST(script.receive() == "ok\n");
        }
        for (int i = 0; i < 10; ++i) {
            page& p = all[static_cast<std::size_t>(i)];
            p.hear();
            if (p.closed_with != 0 && told_at[static_cast<std::size_t>(i)] == -1) {
                BOOST_TEST(p.closed_with == 1001u);
                BOOST_TEST(p.messages.size() == static_cast<std::size_t>(second));
                told_at[static_cast<std::size_t>(i)] = second;
                p.client.reset();
            }
        }
        BOOST_TEST(s.server.running());
        BOOST_TEST(script.ended() == (second == 9));
        s.server.advance(1s);
        s.settle();
    }
    std::sort(told_at.begin(), told_at.end());
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(told_at[static_cast<std::size_t>(i)] == i);
    BOOST_TEST(script.ended()); // back ends go last
    BOOST_TEST(!stopped);
    script.finish();
    s.settle();
    BOOST_TEST(stopped);
    BOOST_TEST(in_time);
}

BOOST_AUTO_TEST_CASE(a_spread_is_over_when_all_clients_have_gone_by_themselves)
{
    memory_server s(limits);
    page a = s.open("a"), b = s.open("b");
    s.settle();
    bool stopped = false;
    s.server.async_stop({.timeout = 30s, .spread = 20s}, [&](bool) { stopped = true; });
    s.settle();
    a.client.reset();
    b.client.reset();
    s.settle();
    BOOST_TEST(stopped);
    // Nothing is left that the io_context would wait for.
    s.context.restart();
    s.context.run();
}

BOOST_AUTO_TEST_CASE(another_stop_may_make_the_first_one_shorter)
{
    memory_server s(limits);
    page a = s.open("a"), b = s.open("b");
    s.settle();
    int stopped = 0, in_time = 0;
    const auto note = [&](bool was) {
        ++stopped;
        in_time += was;
    };
    s.server.async_stop({.timeout = 60s, .spread = 60s}, note);
    s.settle();
    s.server.async_stop({.timeout = 90s, .spread = 90s}, note); // longer: means nothing
    s.settle();
    b.hear();
    BOOST_TEST(b.closed_with == 0u);
    s.server.async_stop({.timeout = 2s}, note);
    s.settle();
    b.hear();
    BOOST_TEST(b.closed_with == 1001u);
    s.server.advance(2s);
    s.settle();
    BOOST_TEST(stopped == 3);
    BOOST_TEST(in_time == 0);
    BOOST_TEST(a.client.closed());
    BOOST_TEST(!s.server.running());
    s.server.async_stop({}, note); // it is not running: at once
    s.settle();
    BOOST_TEST(stopped == 4);
    BOOST_TEST(in_time == 1);
}

BOOST_AUTO_TEST_CASE(a_shorter_stop_with_a_spread_of_its_own_tells_all_who_were_untold_within_it)
{
    memory_server s(limits);
    std::vector<page> all;
    for (int i = 0; i < 20; ++i)
        all.push_back(s.open("u" + std::to_string(i)));
    s.settle();
    bool in_time = false;
    s.server.async_stop({.timeout = 30s, .spread = 20s}, [&](bool was) { in_time = was; });
    s.settle();
    s.server.stop({.timeout = 10s, .spread = 5s});
    s.settle();
    const auto told = [&] {
        std::ptrdiff_t count = 0;
        for (page& p : all) {
            p.hear();
            count += p.closed_with == 1001;
        }
        s.settle();
        return count;
    };
    BOOST_TEST(told() <= 2);
    s.server.advance(2500ms);
    s.settle();
    BOOST_TEST(told() >= 9);
    BOOST_TEST(told() <= 12);
    s.server.advance(2500ms);
    s.settle();
    BOOST_TEST(told() == 20);
    BOOST_TEST(!s.server.running());
    BOOST_TEST(in_time);
}

BOOST_AUTO_TEST_CASE(after_a_spread_for_nobody_the_next_stop_tells_all)
{
    memory_server s(limits);
    auto silent = s.pages.connect();
    s.settle();
    s.server.stop({.timeout = 30s, .spread = 20s});
    s.settle();
    BOOST_TEST(silent.closed()); // it has said nothing: nobody is left
    BOOST_TEST(!s.server.running());
    s.server.start();
    page a = s.open("a");
    s.settle();
    s.server.stop({.timeout = 30s, .spread = 20s});
    s.settle();
    a.hear();
    s.settle();
    BOOST_TEST(a.closed_with == 1001u);
    BOOST_TEST(!s.server.running());
}

BOOST_AUTO_TEST_CASE(back_ends_are_told_when_the_last_client_of_a_spread_has_gone_by_itself)
{
    memory_server s(limits);
    page a = s.open("a"), b = s.open("b");
    auto script = s.back_ends.connect();
    s.settle();
    s.server.stop({.timeout = 2h, .spread = 1h});
    s.settle();
    BOOST_TEST(!script.ended());
    a.client.reset();
    b.client.reset();
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!script.ended() && std::chrono::steady_clock::now() < deadline)
        s.context.run_for(5ms); // no time has to pass, but the timer has to tell
    BOOST_TEST(script.ended());
}

BOOST_AUTO_TEST_CASE(a_stop_stops_the_run_that_it_was_called_in_and_no_later_one)
{
    memory_server s(limits);
    page a = s.open("a");
    s.settle();
    s.server.stop({.timeout = 0s});
    s.settle();
    BOOST_TEST(!s.server.running());
    s.server.stop(); // comes too late, and is read when the server runs again
    s.server.start();
    page b = s.open("b");
    s.settle();
    BOOST_TEST(s.server.running());
    BOOST_TEST(s.server.counts().registered == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
