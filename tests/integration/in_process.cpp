// A server embedded in a program: push and broadcast from any thread, and what they return.
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
#include <ostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "readable.hpp"
#include "support/patience.hpp"
#include "support/server_thread.hpp"
#include "support/websocket_client.hpp"
#include "support/within_patience.hpp"

namespace asio = boost::asio;

using crier::push_result;
using crier::push_status;
using support::readable;
using support::server_thread;
using support::websocket_client;
using support::within_patience;

namespace crier {

std::ostream& operator<<(std::ostream& out, const push_result& result)
{
    static constexpr const char* names[] = {"queued",  "no_receiver", "dropped",
                                            "invalid", "posted",      "stopped"};
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
    using crier::receivers;
    for (const receivers& to :
         {receivers::uids({}), receivers::uids({"once", ""}), receivers::topic("")})
    {
        BOOST_TEST(server.push(to, "text") == invalid);
        BOOST_TEST(within_patience(server.async_push(to, "text", asio::use_future)) == invalid);
    }
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
