// What hooks hear, in which order, and what they may do.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "readable.hpp"
#include "support/journal.hpp"
#include "support/line_client.hpp"
#include "support/server_thread.hpp"
#include "support/websocket_client.hpp"

using crier::push_result;
using crier::push_status;
using support::goodbye;
using support::journal;
using support::line_client;
using support::lines;
using support::server_thread;
using support::websocket_client;

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

BOOST_FIXTURE_TEST_SUITE(hooks, with_hooks)

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
    log.wait_for("close client 2 u: the program's own code failed");
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
    BOOST_CHECK(its_thread.ask([&] { return hook.results->at(0); }) ==
                (push_result{push_status::queued, 1}));
}

BOOST_AUTO_TEST_SUITE_END()
