// Who receives what is pushed, in which order: the wire contract's sentences on broadcasts, tabs and
// registries.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "readable.hpp"
#include "support/wire_server.hpp"

using support::goodbye;
using support::line_client;
using support::readable;
using support::websocket_client;
using support::wire_server;

namespace {

/// The page hears just this line, and nothing before it.
void check_hears(websocket_client& page, const std::string& line)
{
    BOOST_TEST(readable(page.hear()) == readable(line));
}

/// Pushes a line, which must be answered with ok, and the page hears it as it is.
void check_pushed(line_client& back_end, websocket_client& page, const std::string& line)
{
    BOOST_TEST_CONTEXT(readable(line))
    {
        BOOST_TEST(back_end.ask(line) == "ok");
        check_hears(page, line);
    }
}

void check_refused(line_client& back_end, const std::string& line)
{
    BOOST_TEST_CONTEXT(readable(line))
    {
        BOOST_TEST(back_end.ask(line) == "fail");
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(wire_contract_receivers)

BOOST_AUTO_TEST_SUITE(broadcasts)

BOOST_AUTO_TEST_CASE(broadcast_true_without_a_uid_pushes_the_line_to_every_registered_connection)
{
    wire_server server;
    std::vector<websocket_client> pages;
    for (const char* uid : {"a", "a", "b", "c"})
        pages.push_back(server.page(uid));
    auto unregistered = server.silent_page();
    unregistered.settle();
    auto back_end = server.back_end();

    const std::string line = "{ \"broadcast\" : true , \"n\":1 }";
    BOOST_TEST(back_end.ask(line) == "ok");
    for (websocket_client& page : pages)
        check_hears(page, line);
    unregistered.register_as("d");
    check_pushed(back_end, unregistered, R"({"uid":"d"})");
    BOOST_TEST(server.counts().messages_queued == 5);
}

BOOST_AUTO_TEST_CASE(a_broadcast_is_ok_also_when_nobody_listens)
{
    wire_server server;
    auto unregistered = server.silent_page();
    auto back_end = server.back_end();
    BOOST_TEST(back_end.ask(R"({"broadcast":true})") == "ok");
    BOOST_TEST(server.counts().messages_queued == 0);
}

BOOST_AUTO_TEST_CASE(with_a_uid_broadcast_says_nothing)
{
    wire_server server;
    auto a = server.page("a");
    auto b = server.page("b");
    auto back_end = server.back_end();
    check_pushed(back_end, a, R"({"broadcast":true,"uid":"a"})");
    check_pushed(back_end, b, R"({"uid":"b","broadcast":true})");
    check_refused(back_end, R"({"uid":"c","broadcast":true})");
    check_pushed(back_end, a, R"({"uid":"a"})");
}

BOOST_AUTO_TEST_CASE(broadcast_is_true_and_nothing_else)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    for (const std::string value : {"false", "\"true\"", "1", "null", "[true]", "{}", "True"})
        check_refused(back_end, R"({"broadcast":)" + value + "}");
    check_refused(back_end, R"({"a":{"broadcast":true}})");
    check_pushed(back_end, page, R"({"uid":"u"})");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(connections)

BOOST_AUTO_TEST_CASE(the_order_of_a_connection_is_the_order_in_which_lines_were_accepted)
{
    wire_server server;
    auto a = server.page("a");
    auto b = server.page("b");
    auto back_end = server.back_end();
    auto other = server.back_end();
    std::vector<std::string> lines, for_a, for_b;
    for (int n = 0; n < 3000; ++n) {
        const std::string number = R"(,"n":)" + std::to_string(n) + "}";
        if (n % 3 == 2) {
            lines.push_back(R"({"broadcast":true)" + number);
            for_a.push_back(lines.back());
            for_b.push_back(lines.back());
        } else {
            lines.push_back(std::string(R"({"uid":")") + (n % 3 ? "a" : "b") + '"' + number);
            (n % 3 ? for_a : for_b).push_back(lines.back());
        }
    }
    const std::vector<std::string> all_ok(lines.size(), "ok");
    BOOST_CHECK(back_end.ask_all(lines) == all_ok);
    BOOST_TEST(other.ask(R"({"uid":"a","last":true})") == "ok"); // accepted after all the others
    for_a.push_back(R"({"uid":"a","last":true})");
    BOOST_CHECK(a.hear(for_a.size()) == for_a);
    BOOST_CHECK(b.hear(for_b.size()) == for_b);
}

BOOST_AUTO_TEST_CASE(the_second_tab_keeps_its_place_when_the_first_one_closes)
{
    wire_server server;
    auto back_end = server.back_end();
    auto first = server.page("u");
    auto second = server.page("u");
    first.close();
    server.wait_for(&crier::counters::registered, 1);
    check_pushed(back_end, second, R"({"uid":"u","n":1})");

    auto third = server.page("u");
    second.vanish();
    server.wait_for(&crier::counters::registered, 1);
    check_pushed(back_end, third, R"({"uid":"u","n":2})");
}

BOOST_AUTO_TEST_CASE(a_connection_that_leaves_takes_only_itself_out)
{
    for (std::size_t leaving = 0; leaving < 3; ++leaving) {
        BOOST_TEST_CONTEXT("tab " << leaving << " leaves")
        {
            wire_server server;
            std::vector<websocket_client> tabs;
            for (int i = 0; i < 3; ++i)
                tabs.push_back(server.page("u"));
            auto other = server.page("other");
            tabs[leaving].close();
            server.wait_for(&crier::counters::registered, 3);

            auto back_end = server.back_end();
            BOOST_TEST(back_end.ask(R"({"uid":"u"})") == "ok");
            for (std::size_t i = 0; i < 3; ++i)
                if (i != leaving)
                    check_hears(tabs[i], R"({"uid":"u"})");
            check_pushed(back_end, other, R"({"uid":"other"})");
            BOOST_TEST(server.counts().messages_queued == 3);
        }
    }
}

BOOST_AUTO_TEST_CASE(by_default_all_connections_of_a_uid_receive)
{
    wire_server server;
    std::vector<websocket_client> tabs;
    for (int i = 0; i < 10; ++i)
        tabs.push_back(server.page("u"));
    auto other = server.page("other");
    auto back_end = server.back_end();
    for (int n = 0; n < 3; ++n)
        BOOST_TEST(back_end.ask(R"({"uid":"u","n":)" + std::to_string(n) + "}") == "ok");
    for (websocket_client& tab : tabs)
        for (int n = 0; n < 3; ++n)
            check_hears(tab, R"({"uid":"u","n":)" + std::to_string(n) + "}");
    check_pushed(back_end, other, R"({"uid":"other"})");
}

BOOST_AUTO_TEST_CASE(with_latest_only_the_newest_replaces_and_closes_the_older)
{
    wire_server server(wire_server::latest_only);
    auto back_end = server.back_end();
    auto other = server.page("other");
    auto older = server.page("u");
    check_pushed(back_end, older, R"({"uid":"u","n":1})");
    BOOST_TEST(back_end.ask(R"({"uid":"u","n":2})") == "ok");

    auto newest = server.page("u");
    BOOST_TEST(back_end.ask(R"({"uid":"u","n":3})") == "ok");
    check_hears(older, R"({"uid":"u","n":2})"); // what was queued before is still delivered
    const goodbye end = older.hear_goodbye();
    BOOST_TEST(end.code == 4001);
    BOOST_TEST(end.reason == "replaced by a newer connection");
    check_hears(newest, R"({"uid":"u","n":3})");
    BOOST_TEST(server.counts().registered == 2);

    // The older one's end does not take the newest out.
    server.wait_for(&crier::counters::connections, 3);
    check_pushed(back_end, newest, R"({"uid":"u","n":4})");
    check_pushed(back_end, other, R"({"uid":"other"})");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
