// What happens when time passes. It passes at once: server::advance.
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

#include "memory_server.hpp"

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
    page silent(s.pages, "");
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
        BOOST_TEST(alive.pings == static_cast<std::size_t>(round));
        alive.client.send(client_frame(fin | op::pong));
        s.settle();
        BOOST_TEST(dead.client.closed() == (round >= 2));
    }
    dead.hear();
    BOOST_TEST(dead.pings == 1u);
    BOOST_TEST(!alive.client.closed());
    BOOST_TEST(s.server.counts().timed_out == 1u);
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
        p.client.send(client_frame(fin | op::pong)); // it is alive, and pinged when all is written
    }
    s.settle();
    p.hear();
    BOOST_TEST(p.messages.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_never_says_goodbye_is_left_after_the_close_timeout)
{
    memory_server s(limits);
    page p = s.open("");
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
    s.server.stop(3s, [&] { stopped = true; });
    s.settle();
    BOOST_TEST(stopped);
    BOOST_TEST(silent.closed());
    BOOST_TEST(begun.closed());
}

BOOST_AUTO_TEST_CASE(a_drain_ends_when_its_time_is_over)
{
    memory_server s(limits);
    page p = s.open("uid1");
    s.settle();
    bool stopped = false;
    s.server.stop(3s, [&] { stopped = true; });
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

BOOST_AUTO_TEST_SUITE_END()

} // namespace
