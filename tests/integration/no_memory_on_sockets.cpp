// Each allocation of a server on sockets fails once, Asio's too, while peers come, speak, go and are
// late, and while it stops: it goes on to listen, to tell the time and to be told, and it ends.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/detail/block_cache.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "failing_allocations.hpp"
#include "support/line_client.hpp"
#include "support/patience.hpp"

using support::line_client;

namespace {

using server_type = crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                                       crier::backend<crier::tcp, crier::text_line>>;

using websocket_server = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                            crier::backend<crier::tcp, crier::text_line>>;

/// A server whose run is gone on with after what leaves it.
template <class Server>
struct running
{
    Server server{{.transport = {.address = "127.0.0.1"},
                   .limits = {.uid_timeout = std::chrono::milliseconds(50)}},
                  {.transport = {.address = "127.0.0.1"}}};
    std::vector<std::string> addresses;
    std::thread thread;

    running()
    {
        server.start();
        addresses = server.addresses();
        thread = std::thread([this] {
            crier::detail::block_cache::keep_nothing(); // so that each frame is an allocation
            support::watched = true;
            support::run_on(server.context());
        });
    }

    ~running()
    {
        stop();
        support::until_failure = 0;
    }

    void stop()
    {
        if (!thread.joinable())
            return;
        server.stop({.timeout = std::chrono::seconds(1)});
        thread.join();
    }
};

using running_server = running<server_type>;

/// Whatever becomes of them: they are answered or closed, as there is memory.
void come_and_go(running_server& s)
{
    try {
        line_client silent(s.addresses.at(0)), ann(s.addresses.at(0)), bob(s.addresses.at(0));
        line_client back_end(s.addresses.at(1)), other(s.addresses.at(1));
        ann.send("ann\n");
        bob.send("bob\n");
        s.server.push("ann", "something");
        other.send("{\"uid\":\"ann\"}\n{\"uid\":\"bo");
        back_end.ask_all({R"({"uid":"bob"})", R"({"uid":"nobody"})", R"({"uid":"ann"})"});
        other.reset();
        bob.close();
        silent.read_to_end(); // it is late
    } catch (const std::exception&) {
    }
}

void check_it_goes_on(running_server& s)
{
    line_client silent(s.addresses.at(0)), page(s.addresses.at(0)), back_end(s.addresses.at(1));
    page.send("carol\n");
    const auto deadline = std::chrono::steady_clock::now() + support::patience;
    while (back_end.ask(R"({"uid":"carol"})") != "ok")
        BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
    BOOST_TEST(page.read_line() == R"({"uid":"carol"})");
    s.server.push("carol", "from here");
    BOOST_TEST(page.read_line() == "from here");
    BOOST_TEST(silent.read_to_end() == "");
}

/// Lets one allocation after the other fail until `f` needs no more; how many, about: how its bytes are
/// cut into reads is not the same each time.
template <class Server = server_type, class F>
std::size_t each_failing(F f)
{
    BOOST_TEST_REQUIRE(support::allocations_fail());
    std::size_t runs = 0;
    for (std::size_t without = 0; without < 3; ++runs)
        BOOST_TEST_CONTEXT("allocation " << runs + 1 << " fails")
        {
            running<Server> s;
            f(s, runs + 1);
            without += support::until_failure != 0;
        }
    BOOST_TEST_MESSAGE(runs << " allocations");
    return runs;
}

} // namespace

BOOST_AUTO_TEST_SUITE(no_memory_on_sockets)

BOOST_AUTO_TEST_CASE(each_allocation_may_fail_once_while_peers_come_and_go)
{
    BOOST_TEST(each_failing([](running_server& s, std::size_t failing) {
                   support::until_failure = failing;
                   come_and_go(s);
                   const std::size_t left = support::until_failure.exchange(0);
                   check_it_goes_on(s);
                   s.stop();
                   support::until_failure = left;
               }) > 10u);
}

BOOST_AUTO_TEST_CASE(each_allocation_may_fail_once_while_it_stops)
{
    each_failing([](running_server& s, std::size_t failing) {
        line_client page(s.addresses.at(0)), back_end(s.addresses.at(1));
        page.send("dora\n");
        while (back_end.ask(R"({"uid":"dora"})") != "ok") {
        }
        support::until_failure = failing;
        s.stop(); // and ends
        BOOST_TEST(page.read_line() == R"({"uid":"dora"})");
        BOOST_TEST(page.read_to_end() == "");
        BOOST_TEST(back_end.read_to_end() == "");
    });
}

BOOST_AUTO_TEST_CASE(each_allocation_may_fail_once_while_goodbyes_are_said_one_after_the_other)
{
    const auto runs = each_failing<websocket_server>([](auto& s, std::size_t failing) {
        std::vector<line_client> pages;
        for (int i = 0; i < 4; ++i) {
            line_client& page = pages.emplace_back(s.addresses.at(0));
            page.send("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                      "Sec-WebSocket-Version: 13\r\n\r\n");
            while (page.read_line() != "\r") {
            }
            page.send(std::string("\x81\x83\0\0\0\0uid", 9));
        }
        line_client back_end(s.addresses.at(1));
        while (back_end.ask(R"({"uid":"uid"})") != "ok") {
        }
        support::until_failure = failing;
        s.server.stop(
            {.timeout = std::chrono::milliseconds(200), .spread = std::chrono::milliseconds(40)});
        s.thread.join(); // it ends, though no page says goodbye
        for (line_client& page : pages)
            page.read_to_end();
    });
    BOOST_TEST(runs > 5u);
}

BOOST_AUTO_TEST_SUITE_END()
