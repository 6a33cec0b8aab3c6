// How a server begins and how it is destroyed: start, addresses, what start() throws.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>

#include "support/line_client.hpp"
#include "support/patience.hpp"
#include "support/server_thread.hpp"
#include "support/websocket_client.hpp"

namespace asio = boost::asio;

using namespace std::chrono_literals;

using support::is_listening;
using support::line_client;
using support::patience;
using support::server_thread;
using support::websocket_client;

namespace {

using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                crier::backend<crier::tcp, crier::text_line>>;
using pages = crier::clients<crier::tcp, crier::websocket>;
using back_ends = crier::backend<crier::tcp, crier::text_line>;

pages pages_on(const std::string& address, std::uint16_t port = 0)
{
    return {.transport = {.address = address, .port = port}};
}

/// Runs what is ready, again and again, until `done`; for io_contexts that the test itself runs.
template <class Predicate>
void run_until(asio::io_context& context, Predicate done, const char* what)
{
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!done()) {
        context.restart();
        context.run_one_until(deadline);
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error(std::string("waited in vain for ") + what);
    }
}

std::string message_of_start(push& server)
{
    try {
        server.start();
    } catch (const boost::system::system_error& e) {
        return e.what();
    }
    return "started";
}

} // namespace

BOOST_AUTO_TEST_SUITE(lifetime)

BOOST_AUTO_TEST_SUITE(starting)

BOOST_AUTO_TEST_CASE(addresses_stand_in_the_order_of_the_components)
{
    crier::push_server<back_ends, pages, crier::uid_registry, pages> server{
        {}, pages_on("127.0.0.1"), {}, pages_on("127.0.0.1")};
    BOOST_TEST(server.addresses().empty());
    server.start();
    const auto addresses = server.addresses();
    BOOST_REQUIRE(addresses.size() == 3u);
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        BOOST_TEST(addresses[i] == "127.0.0.1:" + std::to_string(server.port(i)));
        BOOST_TEST(is_listening(addresses[i]));
    }
    BOOST_TEST(server.port(addresses.size()) == 0u);
}

BOOST_AUTO_TEST_CASE(without_an_address_pages_come_from_everywhere_and_back_ends_from_this_machine)
{
    push server;
    server.start();
    BOOST_TEST(server.addresses().at(0).starts_with("0.0.0.0:"));
    BOOST_TEST(server.addresses().at(1).starts_with("127.0.0.1:"));
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_an_error_that_says_address_and_reason)
{
    push first{pages_on("127.0.0.1")};
    first.start();
    const std::string taken = first.addresses().at(0);
    push second{pages_on("127.0.0.1", first.port(0))};
    const std::string message = message_of_start(second);
    BOOST_TEST(message.find("cannot listen on " + taken) == 0u);
    BOOST_TEST(message.find("Address already in use") != std::string::npos);
    BOOST_TEST(!second.running());
}

BOOST_AUTO_TEST_CASE(an_address_of_another_machine_is_an_error_that_says_so)
{
    push server{pages_on("192.0.2.1", 1234)};
    const std::string message = message_of_start(server);
    BOOST_TEST(message.find("cannot listen on 192.0.2.1:1234") == 0u);
    BOOST_TEST(message.find("Cannot assign requested address") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_leaves_nothing_behind_and_may_be_tried_again)
{
    auto other = std::make_unique<push>(pages_on("127.0.0.1"));
    other->start();
    const std::uint16_t taken = other->port(1);
    const std::uint16_t wanted = other->port(0);
    other.reset();
    back_ends blocker{.transport = {.port = taken}};
    crier::push_server<back_ends, pages> first(blocker, pages_on("127.0.0.1"));
    first.start();

    push server{pages_on("127.0.0.1", wanted), {.transport = {.port = taken}}};
    BOOST_TEST(message_of_start(server).find("Address already in use") != std::string::npos);
    BOOST_TEST(!is_listening("127.0.0.1:" + std::to_string(wanted)));
    BOOST_TEST(server.addresses().empty());
    first.stop();
    first.context().run();
    BOOST_TEST(message_of_start(server) == "started");
    BOOST_TEST(server.addresses().at(0) == "127.0.0.1:" + std::to_string(wanted));
}

BOOST_AUTO_TEST_CASE(after_a_run_that_could_not_start_the_server_starts_and_stops_as_ever)
{
    push first{pages_on("127.0.0.1")};
    first.start();
    push second{pages_on("127.0.0.1", first.port(0))};
    BOOST_CHECK_THROW(second.run(), boost::system::system_error);
    first.stop();
    first.context().run();

    second.start();
    bool stopped = false;
    second.async_stop({.timeout = 1s}, [&](bool) { stopped = true; });
    second.context().restart();
    second.context().run();
    BOOST_TEST(stopped);
}

BOOST_AUTO_TEST_CASE(several_servers_share_one_io_context)
{
    asio::io_context context;
    push one(context, pages_on("127.0.0.1"));
    push two(context, pages_on("127.0.0.1"));
    one.start();
    const std::string first_address = one.addresses().at(0);
    server_thread<push> thread(two);
    websocket_client of_one(first_address);
    websocket_client of_two(thread.ask([&] { return two.addresses().at(0); }));
    of_one.register_as("u");
    of_two.register_as("u");

    one.push("u", "from one");
    two.push("u", "from two");
    BOOST_TEST(of_one.hear() == "from one");
    BOOST_TEST(of_two.hear() == "from two");

    one.stop();
    BOOST_TEST(of_one.hear_goodbye().code == 1001);
    thread.wait_until([&] { return !one.running(); }, "the end of one server");
    BOOST_TEST(!is_listening(first_address));
    two.push("u", "still here");
    BOOST_TEST(of_two.hear() == "still here");
    of_two.close();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(destruction)

BOOST_AUTO_TEST_CASE(a_server_that_was_never_started_is_destroyed)
{
    push server{pages_on("127.0.0.1")};
    asio::io_context context;
    push on_another_context(context, pages_on("127.0.0.1"));
    BOOST_TEST(!server.running());
    BOOST_TEST(context.run() == 0u);
}

BOOST_AUTO_TEST_CASE(with_open_connections_it_ends_them_and_leaves_the_io_context_without_work)
{
    asio::io_context context;
    auto server = std::make_unique<push>(context, pages_on("127.0.0.1"));
    server->start();
    const auto addresses = server->addresses();
    line_client opening(addresses.at(0)), back_end(addresses.at(1));
    back_end.send("{\"uid\":\"u\"}\n");
    run_until(
        context, [&] { return server->counts().lines_failed == 1; }, "the line");
    run_until(
        context, [&] { return server->counts().connections == 2; }, "the connections");
    back_end.send("{\"uid\":\"unread\"}\n");
    server.reset();
    context.restart();
    context.run();
    BOOST_TEST(!is_listening(addresses.at(0)));
    BOOST_TEST(opening.read_to_end() == "");
    BOOST_TEST(back_end.read_line() == "fail");
}

BOOST_AUTO_TEST_CASE(in_the_middle_of_a_stop_it_is_destroyed_without_an_echo)
{
    for (const bool connected : {false, true}) {
        asio::io_context context;
        auto server = std::make_unique<push>(context, pages_on("127.0.0.1"));
        server->start();
        std::unique_ptr<line_client> holding;
        if (connected) {
            holding = std::make_unique<line_client>(server->addresses().at(1));
            run_until(
                context, [&] { return server->counts().connections == 1; }, "the connection");
        }
        bool told = false;
        server->async_stop({.timeout = 1h}, [&](bool) { told = true; });
        context.restart();
        context.run_one(); // the stop begins
        server.reset();
        context.restart();
        context.run();
        BOOST_TEST(!told);
    }
}

BOOST_AUTO_TEST_CASE(what_was_posted_and_not_run_is_dropped_with_its_handlers)
{
    asio::io_context context;
    auto server = std::make_unique<push>(context, pages_on("127.0.0.1"));
    server->start();
    server->stop();
    auto pushed = std::async(std::launch::async, [&] {
                      server->push("u", "m");
                      return server->async_push("u", "m", asio::use_future);
                  }).get();
    server.reset();
    context.restart();
    context.run();
    BOOST_CHECK_THROW(pushed.get(), std::future_error); // a broken promise
}

BOOST_AUTO_TEST_CASE(a_server_on_its_own_io_context_is_destroyed_with_open_connections)
{
    auto server = std::make_unique<push>(pages_on("127.0.0.1"));
    server->start();
    line_client opening(server->addresses().at(0)), back_end(server->addresses().at(1));
    run_until(
        server->context(), [&] { return server->counts().connections == 2; }, "the connections");
    server.reset();
    BOOST_TEST(opening.read_to_end() == "");
    BOOST_TEST(back_end.read_to_end() == "");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
