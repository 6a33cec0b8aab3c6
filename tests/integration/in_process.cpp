// A server embedded in a program: push and broadcast with what they return, and hooks.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "readable.hpp"
#include "support/journal.hpp"
#include "support/line_client.hpp"
#include "support/patience.hpp"
#include "support/server_thread.hpp"
#include "support/websocket_client.hpp"
#include "support/within_patience.hpp"

namespace asio = boost::asio;

using crier::push_result;
using crier::push_status;
using support::goodbye;
using support::journal;
using support::line_client;
using support::lines;
using support::readable;
using support::server_thread;
using support::websocket_client;
using support::within_patience;

namespace crier {

std::ostream& operator<<(std::ostream& out, const push_result& result)
{
    static constexpr const char* names[] = {"queued", "no_receiver", "invalid", "posted",
                                            "stopped"};
    return out << names[static_cast<int>(result.status)] << ' ' << result.queued;
}

} // namespace crier

namespace {

using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>>;

constexpr push_result queued(std::size_t count)
{
    return {push_status::queued, count};
}

constexpr push_result no_receiver{push_status::no_receiver, 0};
constexpr push_result invalid{push_status::invalid, 0};
constexpr push_result posted{push_status::posted, 0};
constexpr push_result stopped{push_status::stopped, 0};

/// A server on its own io_context, run by a thread; two pages of uid "twice", one of "once".
struct embedded
{
    push server{{.transport = {.address = "127.0.0.1"}}};
    server_thread<push> thread{server};
    std::string address = thread.ask([this] { return server.addresses().at(0); });
    websocket_client first = page("twice");
    websocket_client second = page("twice");
    websocket_client single = page("once");

    websocket_client page(const char* uid) const
    {
        websocket_client client(address);
        client.register_as(uid);
        return client;
    }

    void check_all_hear(const std::string& message)
    {
        for (websocket_client* client : {&first, &second, &single})
            BOOST_TEST(client->hear() == message);
    }
};

asio::awaitable<std::vector<push_result>> push_in_turn(push* server)
{
    std::vector<push_result> results;
    auto one = server->async_push("once", "a", asio::use_awaitable);
    results.push_back(co_await std::move(one));
    auto two = server->async_push("twice", "b", asio::use_awaitable);
    results.push_back(co_await std::move(two));
    auto nobody = server->async_push("nobody", "c", asio::use_awaitable);
    results.push_back(co_await std::move(nobody));
    auto all = server->async_broadcast("d", asio::use_awaitable);
    results.push_back(co_await std::move(all));
    co_return results;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(in_process_push, embedded)

BOOST_AUTO_TEST_CASE(on_the_servers_thread_the_result_says_how_many_were_queued_the_message)
{
    BOOST_TEST(thread.ask([&] { return server.push("twice", "1"); }) == queued(2));
    BOOST_TEST(thread.ask([&] { return server.push("once", "2"); }) == queued(1));
    BOOST_TEST(thread.ask([&] { return server.push("nobody", "3"); }) == no_receiver);
    BOOST_TEST(thread.ask([&] { return server.broadcast("4"); }) == queued(3));

    BOOST_CHECK((first.hear(2) == std::vector<std::string>{"1", "4"}));
    BOOST_CHECK((second.hear(2) == std::vector<std::string>{"1", "4"}));
    BOOST_CHECK((single.hear(2) == std::vector<std::string>{"2", "4"}));
}

BOOST_AUTO_TEST_CASE(a_broadcast_to_nobody_is_queued_for_none)
{
    push empty{{.transport = {.address = "127.0.0.1"}}};
    server_thread<push> its_thread(empty);
    BOOST_TEST(its_thread.ask([&] { return empty.broadcast("x"); }) == queued(0));
}

BOOST_AUTO_TEST_CASE(on_another_thread_the_message_is_posted_and_arrives)
{
    BOOST_TEST(server.push("twice", "1") == posted);
    BOOST_TEST(server.push("nobody", "2") == posted);
    BOOST_TEST(server.broadcast("3") == posted);
    BOOST_CHECK((first.hear(2) == std::vector<std::string>{"1", "3"}));
    BOOST_TEST(single.hear() == "3");
}

BOOST_AUTO_TEST_CASE(messages_of_one_thread_arrive_in_the_order_of_its_calls)
{
    std::vector<std::string> expected;
    for (int n = 0; n < 2000; ++n) {
        expected.push_back(std::to_string(n));
        if (n % 5)
            server.push("once", expected.back());
        else
            server.broadcast(expected.back());
    }
    BOOST_CHECK(single.hear(expected.size()) == expected);
}

BOOST_AUTO_TEST_CASE(what_no_page_may_hear_is_invalid)
{
    for (const std::string text : {"\x80", "a\xED\xA0\x80", "\xF0\x9F\x98"}) {
        BOOST_TEST(server.push("once", text) == invalid);
        BOOST_TEST(server.broadcast(text) == invalid);
        BOOST_TEST(within_patience(server.async_push("once", text, asio::use_future)) == invalid);
        BOOST_TEST(within_patience(server.async_broadcast(text, asio::use_future)) == invalid);
    }
    BOOST_TEST(server.push("", "text") == invalid);
    BOOST_TEST(within_patience(server.async_push("", "text", asio::use_future)) == invalid);
    server.push("once", "next");
    BOOST_TEST(single.hear() == "next");
}

BOOST_AUTO_TEST_CASE(a_binary_message_may_hold_any_bytes)
{
    const std::string bytes("\0\xFF\x80\n", 4);
    server.push("once", {bytes, crier::message_kind::binary});
    BOOST_TEST(readable(single.hear_binary()) == readable(bytes));
    const auto all = server.async_broadcast({bytes, crier::message_kind::binary}, asio::use_future);
    BOOST_TEST(readable(first.hear_binary()) == readable(bytes));
}

BOOST_AUTO_TEST_CASE(messages_of_any_length_arrive_unaltered)
{
    for (const std::size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 900'000u}) {
        std::string text(size, 'x');
        for (std::size_t i = 0; i < size; ++i)
            text[i] = static_cast<char>('a' + i % 23);
        BOOST_TEST(within_patience(server.async_push("once", text, asio::use_future)) == queued(1));
        BOOST_TEST(readable(single.hear()) == readable(text));
    }
}

BOOST_AUTO_TEST_CASE(async_push_completes_with_the_exact_result_in_a_future)
{
    const auto push_one = [&](const char* uid) {
        return within_patience(server.async_push(uid, "m", asio::use_future));
    };
    BOOST_TEST(push_one("twice") == queued(2));
    BOOST_TEST(push_one("once") == queued(1));
    BOOST_TEST(push_one("nobody") == no_receiver);
    BOOST_TEST(within_patience(server.async_broadcast("all", asio::use_future)) == queued(3));
    BOOST_CHECK((first.hear(2) == std::vector<std::string>{"m", "all"}));
}

BOOST_AUTO_TEST_CASE(async_push_completes_in_a_coroutine_on_the_servers_io_context)
{
    auto results = asio::co_spawn(server.context(), push_in_turn(&server), asio::use_future);
    const std::vector<push_result> expected{queued(1), queued(2), no_receiver, queued(3)};
    BOOST_TEST(within_patience(std::move(results)) == expected, boost::test_tools::per_element());
    BOOST_CHECK((first.hear(2) == std::vector<std::string>{"b", "d"}));
    BOOST_CHECK((single.hear(2) == std::vector<std::string>{"a", "d"}));
}

BOOST_AUTO_TEST_CASE(async_push_completes_in_a_coroutine_on_another_io_context)
{
    asio::io_context other;
    auto results = asio::co_spawn(other, push_in_turn(&server), asio::use_future);
    other.run_for(support::patience);
    const std::vector<push_result> expected{queued(1), queued(2), no_receiver, queued(3)};
    BOOST_TEST(within_patience(std::move(results)) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(async_push_calls_a_handler_on_the_handlers_executor)
{
    asio::io_context other;
    std::thread::id called_on;
    push_result result;
    server.async_push("twice", "m", asio::bind_executor(other, [&](push_result r) {
                          called_on = std::this_thread::get_id();
                          result = r;
                      }));
    BOOST_TEST(other.run_one_for(support::patience) == 1);
    BOOST_TEST((called_on == std::this_thread::get_id()));
    BOOST_TEST(result == queued(2));
}

BOOST_AUTO_TEST_CASE(a_handler_without_an_executor_is_called_on_the_servers_thread)
{
    auto called_on = std::make_shared<std::promise<std::thread::id>>();
    auto result = called_on->get_future();
    server.async_broadcast("m", [called_on, only_moved = std::make_unique<int>()](push_result) {
        called_on->set_value(std::this_thread::get_id());
    });
    const auto here = thread.ask([] { return std::this_thread::get_id(); });
    BOOST_TEST((within_patience(std::move(result)) == here));
}

BOOST_AUTO_TEST_CASE(after_a_stop_pushing_says_so)
{
    server.stop();
    for (websocket_client* client : {&first, &second, &single})
        BOOST_TEST(client->hear_goodbye().code == 1001);
    thread.join();
    BOOST_TEST(!server.running());
    BOOST_TEST(server.push("once", "m") == stopped);
    BOOST_TEST(server.broadcast("m") == stopped);

    auto pushed = server.async_push("once", "m", asio::use_future);
    auto broadcast = server.async_broadcast("m", asio::use_future);
    server.context().restart();
    server.context().run_for(support::patience);
    BOOST_TEST(within_patience(std::move(pushed)) == stopped);
    BOOST_TEST(within_patience(std::move(broadcast)) == stopped);
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// Writes down each call with its arguments.
struct writing : crier::hooks
{
    std::shared_ptr<journal> log = std::make_shared<journal>();

    static std::string name(const crier::connection& c)
    {
        static constexpr const char* kinds[] = {"client", "backend", "peer"};
        return std::string(kinds[static_cast<int>(c.kind())]) + ' ' + std::to_string(c.id()) +
               (c.uid().empty() ? "" : " " + std::string(c.uid()));
    }

    crier::opening_answer on_opening(crier::connection& c, const crier::opening_request& request)
    {
        log->add("opening " + name(c) + ' ' + std::string(request.target()));
        const auto offered = request.subprotocols();
        if (request.path() == "/closed")
            return crier::opening_answer::respond({.status = 403, .body = "no\n"});
        return crier::opening_answer::accept(offered.empty() ? "" : std::string(offered.back()));
    }

    void on_open(crier::connection& c)
    {
        log->add("open " + name(c) + " from " + c.peer());
        c.user_data = log.get();
    }

    void on_registered(crier::connection& c) { log->add("registered " + name(c)); }

    void on_message(crier::connection& c, crier::message_view message)
    {
        const bool text = message.kind == crier::message_kind::text;
        log->add("message " + name(c) + (text ? " text " : " binary ") + std::string(message.data));
        if (message.data == "throw")
            throw std::runtime_error("from a hook");
        if (message.data == "close")
            c.close(static_cast<crier::close_code>(4000), "as you wish");
    }

    void on_close(crier::connection& c, crier::error_code why)
    {
        const bool same = c.user_data == log.get();
        log->add("close " + name(c) + ": " + why.message() + (same ? "" : " without user_data"));
        log->add("gone " + std::to_string(c.id()));
    }
};

using hooked = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                  crier::backend<crier::tcp, crier::text_line>, writing>;

struct with_hooks
{
    hooked server{{.transport = {.address = "127.0.0.1"}}, {}, {}};
    journal& log = *server.hook().log;
    server_thread<hooked> thread{server};
    std::vector<std::string> addresses = thread.ask([this] { return server.addresses(); });

    void check_log(std::vector<std::string> expected)
    {
        BOOST_TEST(lines(log.events()) == lines(expected));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(in_process_hooks, with_hooks)

BOOST_AUTO_TEST_CASE(hooks_hear_a_page_open_register_speak_and_close_in_this_order)
{
    websocket_client page(addresses[0], "/room?id=3");
    const std::string address = page.address();
    page.register_as("u");
    page.say("hello");
    page.say_binary("bytes");
    page.close();
    log.wait_for("gone 1");
    check_log({"opening client 1 /room?id=3", "open client 1 from " + address,
               "registered client 1 u", "message client 1 u text hello",
               "message client 1 u binary bytes", "close client 1 u: closed by the peer",
               "gone 1"});
}

BOOST_AUTO_TEST_CASE(hooks_hear_a_back_end_open_and_close)
{
    line_client back_end(addresses[1]);
    BOOST_TEST(back_end.ask("{}") == "fail");
    back_end.close();
    log.wait_for("gone 1");
    const auto events = log.events();
    BOOST_REQUIRE(events.size() == 3);
    BOOST_TEST(events[0].starts_with("open backend 1 from 127.0.0.1:"));
    BOOST_TEST(events[1] == "close backend 1: closed by the peer");
}

BOOST_AUTO_TEST_CASE(on_close_says_why)
{
    websocket_client silent(addresses[0]);
    log.wait_for("open client 1 from " + silent.address());
    silent.say("");
    BOOST_TEST(silent.hear_goodbye().code == 1008);
    log.wait_for("close client 1: empty uid");

    websocket_client asking(addresses[0]);
    asking.register_as("u");
    asking.say("close");
    BOOST_CHECK((asking.hear_goodbye() == goodbye{4000, "as you wish"}));
    log.wait_for("close client 2 u: closed by the server");

    websocket_client lost(addresses[0]);
    lost.register_as("u");
    lost.vanish();
    log.wait_for("close client 3 u: Connection reset by peer");

    websocket_client last(addresses[0]);
    last.register_as("u");
    std::thread stopping([&] { server.stop(); });
    BOOST_TEST(last.hear_goodbye().code == 1001);
    stopping.join();
    log.wait_for("close client 4 u: server is stopping");
}

BOOST_AUTO_TEST_CASE(an_exception_from_a_hook_closes_its_connection_and_no_other)
{
    websocket_client other(addresses[0]);
    other.register_as("other");
    websocket_client page(addresses[0]);
    page.register_as("u");
    page.say("throw");
    const goodbye end = page.hear_goodbye();
    BOOST_TEST(end.code == 1011);
    BOOST_TEST(end.reason == "internal error");
    log.wait_for("close client 2 u: a hook threw");
    server.push("other", "still here");
    BOOST_TEST(other.hear() == "still here");
}

BOOST_AUTO_TEST_CASE(on_opening_may_refuse_and_choose_the_subprotocol)
{
    websocket_client page(addresses[0], "/", "first, second");
    BOOST_TEST(page.subprotocol() == "second");
    BOOST_CHECK_THROW(websocket_client(addresses[0], "/closed"), std::runtime_error);
    line_client plain(addresses[0]);
    plain.send("GET /closed HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string answer = plain.read_to_end();
    BOOST_TEST(answer.starts_with("HTTP/1.1 403 "));
    BOOST_TEST(answer.ends_with("\r\n\r\nno\n"));
}

BOOST_AUTO_TEST_CASE(a_hook_may_push_to_the_page_that_has_just_registered)
{
    struct greeting : crier::hooks
    {
        std::shared_ptr<std::vector<push_result>> results =
            std::make_shared<std::vector<push_result>>();
        crier::push_server<crier::clients<crier::tcp, crier::websocket>, greeting>** server;

        void on_registered(crier::connection& c)
        {
            c.send("welcome " + std::string(c.uid()));
            results->push_back((*server)->push(c.uid(), "you are here"));
        }
    };
    using greeter = crier::push_server<crier::clients<crier::tcp, crier::websocket>, greeting>;
    greeter* self = nullptr;
    greeting hook;
    hook.server = &self;
    greeter greets{{.transport = {.address = "127.0.0.1"}}, hook};
    self = &greets;
    server_thread<greeter> its_thread(greets);
    websocket_client page(its_thread.ask([&] { return greets.addresses().at(0); }));
    page.say("u");
    BOOST_TEST(page.hear() == "welcome u");
    BOOST_TEST(page.hear() == "you are here");
    BOOST_TEST(its_thread.ask([&] { return hook.results->at(0); }) == queued(1));
}

BOOST_AUTO_TEST_SUITE_END()
