// What pages and back ends say to the README's server, and what they are answered; each test is named
// after a sentence of the wire contract. Who receives: wire_contract_receivers.cpp. What is wrong:
// wire_contract_bad_input.cpp.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "readable.hpp"
#include "support/wire_server.hpp"

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

BOOST_AUTO_TEST_SUITE(wire_contract)

BOOST_AUTO_TEST_SUITE(pages)

BOOST_AUTO_TEST_CASE(the_first_message_is_the_uid_its_whole_text)
{
    wire_server server;
    auto odd = server.page(" uid 1\n\t\"\\{} \xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80 ");
    auto plain = server.page("uid 1");
    auto back_end = server.back_end();

    check_pushed(back_end, odd,
                 R"({"uid":" uid 1\n\t\"\\{} \u00fc\u20ac\ud83d\ude00 ","to":"odd"})");
    check_pushed(back_end, plain, R"({"uid":"uid 1","to":"plain"})");
    check_pushed(back_end, odd,
                 "{\"uid\":\" uid 1\\n\\t\\\"\\\\{} \xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80 \"}");
}

BOOST_AUTO_TEST_CASE(the_first_message_is_the_uid_also_when_it_comes_in_fragments)
{
    wire_server server;
    auto page = server.silent_page();
    page.say_in_fragments({"u", "", "id\xE2", "\x82", "\xAC"});
    page.settle();
    auto back_end = server.back_end();

    check_pushed(back_end, page, "{\"uid\":\"uid\xE2\x82\xAC\"}");
}

BOOST_AUTO_TEST_CASE(before_its_first_message_a_page_receives_nothing)
{
    wire_server server;
    auto page = server.silent_page();
    page.settle();
    auto back_end = server.back_end();

    BOOST_TEST(back_end.ask(R"({"uid":""})") == "fail");
    BOOST_TEST(back_end.ask(R"({"broadcast":true,"n":1})") == "ok");
    page.register_as("late");
    BOOST_TEST(back_end.ask(R"({"broadcast":true,"n":2})") == "ok");
    check_hears(page, R"({"broadcast":true,"n":2})");
}

BOOST_AUTO_TEST_CASE(later_messages_from_the_page_are_ignored_by_default)
{
    wire_server server;
    auto page = server.page("first");
    auto back_end = server.back_end();
    page.say("second");
    page.say("");
    page.say_binary("third");
    page.settle();

    check_refused(back_end, R"({"uid":"second"})");
    check_refused(back_end, R"({"uid":"third"})");
    check_pushed(back_end, page, R"({"uid":"first"})");
}

BOOST_AUTO_TEST_CASE(later_messages_from_the_page_reach_a_hook_if_the_user_set_one)
{
    wire_server server(wire_server::answering);
    auto page = server.page("uid");
    page.say("hello");
    page.say_binary(std::string("\0\xFF", 2));
    page.say("");

    BOOST_TEST(page.hear() == "text: hello");
    BOOST_TEST(readable(page.hear_binary()) == readable(std::string("binary: \0\xFF", 10)));
    BOOST_TEST(page.hear() == "text: ");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(lines)

BOOST_AUTO_TEST_CASE(a_line_is_the_bytes_up_to_a_line_feed_however_they_come)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    const std::string line = R"({"uid":"u","bytes":"one by one"})";
    for (const char byte : line + '\n')
        back_end.send({&byte, 1});
    BOOST_TEST(back_end.read_line() == "ok");
    back_end.send("{\"uid\":\"u\",\"n\":1}\n{\"uid\":\"u\",\"n\":2}\n{\"uid\":\"u\",");
    BOOST_TEST(back_end.read_line() == "ok");
    BOOST_TEST(back_end.read_line() == "ok");
    back_end.send("\"n\":3}\n");
    BOOST_TEST(back_end.read_line() == "ok");

    check_hears(page, line);
    check_hears(page, R"({"uid":"u","n":1})");
    check_hears(page, R"({"uid":"u","n":2})");
    check_hears(page, R"({"uid":"u","n":3})");
}

BOOST_AUTO_TEST_CASE(a_line_without_a_line_feed_is_neither_pushed_nor_answered)
{
    wire_server server;
    auto page = server.page("u");
    auto unfinished = server.back_end();
    unfinished.send("{\"uid\":\"u\",\"n\":1}\n{\"uid\":\"u\",\"n\":2}");
    unfinished.end_input();
    BOOST_TEST(readable(unfinished.read_to_end()) == readable("ok\n"));

    check_hears(page, R"({"uid":"u","n":1})");
    auto back_end = server.back_end();
    check_pushed(back_end, page, R"({"uid":"u","n":3})");
}

BOOST_AUTO_TEST_CASE(trailing_carriage_returns_and_line_feeds_are_stripped)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    for (const std::string end : {"", "\r", "\r\r\r"}) {
        BOOST_TEST(back_end.ask(R"({"uid":"u"})" + end) == "ok");
        check_hears(page, R"({"uid":"u"})");
    }
}

BOOST_AUTO_TEST_CASE(the_member_uid_may_stand_anywhere_in_the_object)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();

    check_pushed(back_end, page, R"({"uid":"u"})");
    check_pushed(back_end, page, R"({"a":[{"uid":"other"}],"b":{"uid":"other"},"uid":"u"})");
    check_pushed(back_end, page, R"({"a":null,"uid":"u","b":{"uid":["other"]}})");
    check_pushed(back_end, page, R"({"u\u0069d":"\u0075"})");
    check_refused(back_end, R"({"a":{"uid":"u"}})");
}

BOOST_AUTO_TEST_CASE(an_integer_uid_means_its_decimal_text)
{
    wire_server server;
    auto back_end = server.back_end();
    for (const std::string number : {"0", "42", "-7", "9007199254740993", "18446744073709551616"}) {
        auto page = server.page(number);
        check_pushed(back_end, page, R"({"uid":)" + number + "}");
        check_pushed(back_end, page, R"({"uid":")" + number + "\"}");
    }
    auto page = server.page("1.5");
    check_refused(back_end, R"({"uid":1.5})");
}

BOOST_AUTO_TEST_CASE(the_line_itself_is_pushed_exactly_as_received)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    const std::string lines[] = {
        "  {  \"uid\" :\t\"u\"  ,  \"a\" : [ 1 ,2 ]  }  \t",
        "\r{\r\"uid\"\r:\"u\"\r,\"a\":1\r}",
        "{\"uid\":\"u\",\"a\":1,\"a\":2,\"\":\"\"}",
        R"({"uid":"u","a":"\u0000\/\u00e9\ud83d\ude00\r\n"})",
        "{\"uid\":\"u\",\"a\":"
        "\"\xC3\xA9\xE2\x80\xA8\xE2\x80\xA9\xEF\xBF\xBF\xF4\x8F\xBF\xBF\x7F\"}",
        R"({"uid":"u","a":1.0e+05,"b":-0,"c":123456789012345678901234567890.10})",
        R"({"uid":"u","progress":"88 %","html":"<b>&amp;</b>"})",
    };
    for (const std::string& line : lines)
        check_pushed(back_end, page, line);
}

BOOST_AUTO_TEST_CASE(a_line_of_64_kib_is_pushed_as_one_text_message)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    const std::string front = R"({"uid":"u","a":")";
    for (const std::size_t size : {125u, 126u, 65535u, 65536u})
        check_pushed(back_end, page, front + std::string(size - front.size() - 2, 'x') + "\"}");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(replies)

BOOST_AUTO_TEST_CASE(the_reply_is_ok_if_at_least_one_connection_was_queued_the_message)
{
    wire_server server;
    auto back_end = server.back_end();
    const std::string line = R"({"uid":"u"})";
    check_refused(back_end, line);
    auto one = server.page("u");
    check_pushed(back_end, one, line);
    auto two = server.page("u");
    check_pushed(back_end, one, line);
    check_hears(two, line);
    one.close();
    two.close();
    server.wait_for(&crier::counters::registered, 0);
    check_refused(back_end, line);
}

BOOST_AUTO_TEST_CASE(the_reply_is_fail_for_an_unknown_uid)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    for (const std::string uid : {"U", "u ", " u", "uu", "u\\u0000"})
        check_refused(back_end, R"({"uid":")" + uid + "\"}");
    check_pushed(back_end, page, R"({"uid":"u"})");
}

BOOST_AUTO_TEST_CASE(the_reply_is_fail_without_a_uid)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    for (const std::string line :
         {R"({})", R"({"percent":"88%"})", R"({"UID":"u"})", R"({"uid ":"u"})", R"({"uid":null})",
          R"({"uid":true})", R"({"uid":["u",""]})", R"({"uid":{"uid":"u"}})", R"({"uid":""})"})
        check_refused(back_end, line);
    check_pushed(back_end, page, R"({"uid":"u"})");
}

BOOST_AUTO_TEST_CASE(the_reply_is_fail_for_what_is_not_json)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    for (const std::string line :
         {"", " ", "u", "{", "}", "{\"uid\":\"u\"", "{\"uid\":\"u\",}", "{\"uid\":\"u\"}}",
          "{\"uid\":\"u\"}{}", "{\"uid\":\"u\"} x", "{uid:\"u\"}", "{'uid':'u'}", "{\"uid\":'u'}",
          "{\"uid\":\"u\",\"a\":01}", "{\"uid\":\"u\",\"a\":.5}", "{\"uid\":\"u\",\"a\":\"\t\"}",
          "{\"uid\":\"u\",\"a\":\"\\x\"}", "{\"uid\":\"u\"/**/}", "{\"uid\":\"u\",\"a\":NaN}"})
        check_refused(back_end, line);
    check_pushed(back_end, page, R"({"uid":"u"})");
}

BOOST_AUTO_TEST_CASE(the_reply_is_fail_for_json_that_is_not_an_object)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    for (const std::string line :
         {"null", "true", "42", "\"u\"", "[]", R"(["uid","u"])", R"([{"uid":"u"}])"})
        check_refused(back_end, line);
    check_pushed(back_end, page, R"({"uid":"u"})");
}

BOOST_AUTO_TEST_CASE(the_reply_is_fail_for_what_is_not_utf_8)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    for (const std::string bytes :
         {"\x80", "\xC3", "\xC0\xAF", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"})
        check_refused(back_end, "{\"uid\":\"u\",\"a\":\"" + bytes + "\"}");
    check_refused(back_end, "\xEF\xBB\xBF{\"uid\":\"u\"}"); // a byte order mark is not JSON
    check_pushed(back_end, page, R"({"uid":"u"})");
}

BOOST_AUTO_TEST_CASE(there_is_one_reply_per_line_in_the_order_of_the_lines)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    back_end.send("{\"uid\":\"u\",\"n\":1}\n\n{\"uid\":\"nobody\"}\r\n{\"broadcast\":true}\nx\n"
                  "{\"uid\":\"u\",\"n\":2}\n");
    back_end.end_input();
    BOOST_TEST(readable(back_end.read_to_end()) == readable("ok\nfail\nfail\nok\nfail\nok\n"));
    check_hears(page, R"({"uid":"u","n":1})");
    check_hears(page, R"({"broadcast":true})");
    check_hears(page, R"({"uid":"u","n":2})");
}

BOOST_AUTO_TEST_CASE(there_is_one_reply_per_line_also_when_thousands_are_pipelined)
{
    wire_server server;
    auto page = server.page("u");
    auto back_end = server.back_end();
    std::vector<std::string> lines, expected, pushed;
    for (int n = 0; n < 6000; ++n) {
        const bool known = n % 7 != 3 && n % 11 != 5;
        lines.push_back(std::string(R"({"uid":")") + (known ? "u" : "nobody") + R"(","n":)" +
                        std::to_string(n) + "}");
        expected.push_back(known ? "ok" : "fail");
        if (known)
            pushed.push_back(lines.back());
    }
    BOOST_CHECK(back_end.ask_all(lines) == expected);
    BOOST_CHECK(page.hear(pushed.size()) == pushed);
    const auto counts = server.counts();
    BOOST_TEST(counts.lines_ok == pushed.size());
    BOOST_TEST(counts.lines_failed == lines.size() - pushed.size());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
