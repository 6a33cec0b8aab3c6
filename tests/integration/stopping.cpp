// How a running server ends: stop() from any thread, signals, and what is delivered before.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include "support/line_client.hpp"
#include "support/patience.hpp"
#include "support/server_thread.hpp"
#include "support/websocket_client.hpp"
#include "support/within_patience.hpp"

namespace asio = boost::asio;

using namespace std::chrono_literals;

using crier::push_status;
using support::goodbye;
using support::is_listening;
using support::line_client;
using support::patience;
using support::server_thread;
using support::websocket_client;
using support::within_patience;

namespace {

using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                crier::backend<crier::tcp, crier::text_line>>;
using pages = crier::clients<crier::tcp, crier::websocket>;

pages pages_on(const std::string& address)
{
    return {.transport = {.address = address}};
}

/// server.run() on a thread of its own.
struct running
{
    explicit running(push& server)
    {
        auto listening = std::make_shared<std::promise<std::vector<std::string>>>();
        auto its_addresses = listening->get_future();
        asio::post(server.context(),
                   [listening, &server] { listening->set_value(server.addresses()); });
        result = std::async(std::launch::async,
                            [&server] { return server.run({.timeout = 2 * patience}); });
        addresses = within_patience(std::move(its_addresses));
    }

    bool finish() { return within_patience(std::move(result)); }

    std::vector<std::string> addresses;
    std::future<bool> result;
};

} // namespace

BOOST_AUTO_TEST_SUITE(stopping)

BOOST_AUTO_TEST_CASE(a_stop_delivers_what_is_queued_and_says_goodbye_with_1001)
{
    push server{pages_on("127.0.0.1")};
    server_thread<push> thread(server);
    const std::string address = thread.ask([&] { return server.addresses().at(0); });
    websocket_client page(address);
    page.register_as("u");
    const std::string message(20'000, 'x');
    const bool all_queued = thread.ask([&] {
        bool all = true;
        for (int n = 0; n < 50; ++n)
            all = server.push("u", message).queued == 1 && all;
        server.stop();
        return all;
    });
    BOOST_TEST(all_queued);
    goodbye end;
    const auto heard = page.hear_the_rest(end);
    BOOST_CHECK((heard == std::vector<std::string>(50, message)));
    BOOST_TEST(end.code == 1001);
    BOOST_TEST(end.reason == "server is stopping");
    thread.join();
    BOOST_TEST(!server.running());
    BOOST_TEST(!is_listening(address));
    BOOST_TEST(server.counts().connections == 0u);
    BOOST_TEST(server.counts().messages_dropped == 0u);
}

BOOST_AUTO_TEST_CASE(what_was_posted_before_a_stop_is_delivered)
{
    push server{pages_on("127.0.0.1")};
    server_thread<push> thread(server);
    websocket_client page(thread.ask([&] { return server.addresses().at(0); }));
    page.register_as("u");
    std::vector<std::string> posted;
    for (int n = 0; n < 500; ++n) {
        posted.push_back(std::to_string(n));
        BOOST_CHECK(server.push("u", posted.back()).status == push_status::posted);
    }
    server.stop();
    goodbye end;
    BOOST_CHECK(page.hear_the_rest(end) == posted);
    BOOST_TEST(end.code == 1001);
    thread.join();
}

BOOST_AUTO_TEST_CASE(while_it_stops_it_accepts_no_more_and_pushes_nothing_new)
{
    push server{pages_on("127.0.0.1")};
    server_thread<push> thread(server);
    const auto addresses = thread.ask([&] { return server.addresses(); });
    websocket_client page(addresses.at(0));
    page.register_as("u");
    line_client holding(addresses.at(1)); // holds the stop up, until it ends its side
    BOOST_TEST(holding.ask("{}") == "fail");
    bool over = false;
    server.async_stop({.timeout = 2 * patience}, [&](bool) { over = true; });
    BOOST_TEST(page.hear_goodbye().code == 1001);

    BOOST_TEST(server.running());
    BOOST_TEST(!is_listening(addresses.at(0)));
    BOOST_TEST(!is_listening(addresses.at(1)));
    const auto result = thread.ask([&] { return server.push("u", "late"); });
    BOOST_TEST(result.queued == 0u);
    BOOST_TEST(!thread.ask([&] { return over; }));

    holding.end_input();
    BOOST_TEST(holding.read_to_end() == "");
    thread.join();
    BOOST_TEST(over);
    BOOST_TEST(!server.running());
}

BOOST_AUTO_TEST_CASE(what_does_not_close_within_the_time_is_cut_off)
{
    push server{pages_on("127.0.0.1")};
    server_thread<push> thread(server);
    line_client stubborn(thread.ask([&] { return server.addresses().at(1); }));
    BOOST_TEST(stubborn.ask("{}") == "fail");
    server.stop({.timeout = 1ms});
    thread.join(); // though the back end keeps its side open
    BOOST_TEST(!server.running());
    BOOST_TEST(server.counts().connections == 0u);
}

BOOST_AUTO_TEST_CASE(a_stop_of_a_server_that_is_not_running_does_nothing)
{
    push server{pages_on("127.0.0.1")};
    server.stop();
    server.context().run();
    server.start();
    BOOST_TEST(server.running());
    BOOST_TEST(is_listening(server.addresses().at(0)));
}

BOOST_AUTO_TEST_CASE(after_a_stop_it_starts_again)
{
    push server{pages_on("127.0.0.1")};
    for (int round = 0; round < 3; ++round) {
        server_thread<push> thread(server);
        const auto addresses = thread.ask([&] { return server.addresses(); });
        websocket_client page(addresses.at(0));
        page.register_as("u");
        line_client back_end(addresses.at(1));
        BOOST_TEST(back_end.ask(R"({"uid":"u"})") == "ok");
        BOOST_TEST(page.hear() == R"({"uid":"u"})");
        back_end.close();
        server.stop();
        BOOST_TEST(page.hear_goodbye().code == 1001);
        thread.join();
        BOOST_TEST(server.counts().registered == 0u);
        BOOST_TEST(server.counts().accepted == 2u * (static_cast<unsigned>(round) + 1));
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(run)

BOOST_AUTO_TEST_CASE(run_returns_after_a_stop_from_another_thread)
{
    push server{pages_on("127.0.0.1")};
    for (int round = 0; round < 2; ++round) {
        running thread(server);
        websocket_client page(thread.addresses.at(0));
        page.register_as("u");
        server.push("u", "hello");
        server.stop();
        BOOST_TEST(page.hear() == "hello");
        BOOST_TEST(page.hear_goodbye().code == 1001);
        BOOST_TEST(thread.finish());
        BOOST_TEST(!server.running());
    }
}

BOOST_AUTO_TEST_CASE(run_drains_on_sigterm_and_on_sigint)
{
    for (const int signal : {SIGTERM, SIGINT}) {
        push server{pages_on("127.0.0.1")};
        running thread(server);
        websocket_client page(thread.addresses.at(0));
        page.register_as("u");
        server.push("u", "hello");
        ::kill(::getpid(), signal);
        BOOST_TEST(page.hear() == "hello");
        BOOST_CHECK((page.hear_goodbye() == goodbye{1001, "server is stopping"}));
        BOOST_TEST(thread.finish());
    }
}

BOOST_AUTO_TEST_CASE(run_ends_with_the_server_though_its_io_context_has_other_work)
{
    push server{pages_on("127.0.0.1")};
    asio::signal_set hangups(server.context(), SIGHUP);
    bool told = false;
    hangups.async_wait([](crier::error_code, int) {});
    {
        running thread(server);
        server.async_stop({}, [&](bool in_time) { told = in_time; });
        BOOST_TEST(thread.finish());
    }
    BOOST_TEST(told);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_started_again_when_it_has_stopped_is_run_on)
{
    push server{pages_on("127.0.0.1")};
    int times = 0;
    std::function<void(bool)> again = [&](bool) {
        if (++times == 3)
            return;
        server.start();
        server.async_stop({}, again);
    };
    running thread(server);
    server.async_stop({}, again);
    BOOST_TEST(thread.finish());
    BOOST_TEST(times == 3);
    BOOST_TEST(!server.running());
}

/// Posts itself again and again.
struct restless
{
    asio::io_context& context;

    void operator()() const { asio::post(context, *this); }
};

BOOST_AUTO_TEST_CASE(run_ends_with_the_server_though_a_handler_never_does)
{
    push server{pages_on("127.0.0.1")};
    asio::post(server.context(), restless{server.context()});
    running thread(server);
    server.stop();
    BOOST_TEST(thread.finish());
}

BOOST_AUTO_TEST_CASE(a_stop_that_is_told_when_the_run_was_cut_short_was_none_in_order)
{
    push server{pages_on("127.0.0.1")};
    std::vector<bool> told;
    asio::post(server.context(), [&] {
        server.context().stop(); // before the next comes to its task
        server.async_stop({}, [&](bool in_time) { told.push_back(in_time); });
    });
    BOOST_TEST(!server.run());
    server.context().restart();
    server.context().poll();
    BOOST_TEST((told == std::vector{false}));
}

BOOST_AUTO_TEST_CASE(a_signal_that_comes_as_the_server_stops_holds_nothing_up)
{
    for (int i = 0; i < 50; ++i) {
        asio::io_context context;
        push server(context, pages_on("127.0.0.1"));
        asio::post(context, [&] {
            server.stop();
            ::raise(SIGTERM);
        });
        auto result = std::async(std::launch::async, [&] { return server.run(); });
        within_patience(std::move(result));
        BOOST_TEST(!server.running());
    }
}

BOOST_AUTO_TEST_CASE(when_the_server_has_stopped_signals_are_the_programs_own)
{
    boost::asio::io_context context;
    push server(context, pages_on("127.0.0.1"));
    auto work = asio::make_work_guard(context);
    std::promise<void> started, stopped;
    asio::post(context, [&] { started.set_value(); });
    auto result = std::async(std::launch::async, [&] { return server.run(); });
    within_patience(started.get_future());
    server.async_stop({}, [&](bool) { stopped.set_value(); });
    within_patience(stopped.get_future());
    struct sigaction now
    {};
    ::sigaction(SIGTERM, nullptr, &now);
    BOOST_TEST((now.sa_handler == SIG_DFL)); // a second one ends the program
    work.reset();
    BOOST_TEST(within_patience(std::move(result)));
}

BOOST_AUTO_TEST_CASE(a_second_signal_ends_everything_at_once_and_the_server_may_run_again)
{
    push server{pages_on("127.0.0.1")};
    {
        running thread(server);
        line_client holding(thread.addresses.at(1));
        BOOST_TEST(holding.ask("{}") == "fail");
        ::kill(::getpid(), SIGTERM);
        BOOST_TEST(holding.read_to_end() == ""); // it drains, and waits for this end's close
        ::kill(::getpid(), SIGTERM);
        BOOST_TEST(!thread.finish());
        BOOST_TEST(!server.running());
        BOOST_TEST(server.counts().connections == 0u);
    }
    running again(server);
    line_client back_end(again.addresses.at(1));
    BOOST_TEST(back_end.ask("{}") == "fail");
    BOOST_TEST(server.running());
    back_end.close();
    server.stop();
    BOOST_TEST(again.finish());
}

BOOST_AUTO_TEST_SUITE_END()
