// Bad input never harms others: whoever sent it gets the protocol's own clear answer, a counter
// counts it, and everybody else goes on as before.
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

#include "readable.hpp"
#include "support/wire_server.hpp"

using crier::counters;
using support::goodbye;
using support::line_client;
using support::readable;
using support::websocket_client;
using support::wire_server;

namespace {

/// A server, and two who do nothing wrong.
struct wire_and_others
{
    wire_server server;
    websocket_client bystander = server.page("bystander");
    line_client back_end = server.back_end();

    void check_others_are_unharmed()
    {
        const std::string line = R"({"uid":"bystander","still":"there"})";
        BOOST_TEST(back_end.ask(line) == "ok");
        BOOST_TEST(readable(bystander.hear()) == readable(line));
    }

    /// The offender is told so, it is counted there and nowhere else, and others are unharmed.
    void check_closed(websocket_client& offender, unsigned code, const std::string& reason,
                      std::uint64_t counters::*counter)
    {
        const goodbye end = offender.hear_goodbye();
        BOOST_TEST(end.code == code);
        BOOST_TEST(end.reason == reason);
        server.wait_for(&counters::connections, 2);
        const counters counts = server.counts();
        BOOST_TEST((counts.*counter) == 1);
        BOOST_TEST(counts.rejected + counts.protocol_violations + counts.limits_exceeded +
                       counts.lost + counts.closed + counts.timed_out ==
                   1);
        check_others_are_unharmed();
    }

    void check_line_fails(const std::string& line)
    {
        BOOST_TEST(back_end.ask(line) == "fail");
        BOOST_TEST(server.counts().lines_failed == 1);
        check_others_are_unharmed();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(wire_contract_bad_input, wire_and_others)

BOOST_AUTO_TEST_CASE(an_empty_uid_is_closed_with_1008)
{
    auto page = server.silent_page();
    page.say("");
    check_closed(page, 1008, "empty uid", &counters::rejected);
}

BOOST_AUTO_TEST_CASE(a_uid_of_256_bytes_is_taken_and_one_of_257_is_closed_with_1008)
{
    const std::string longest(256, 'x');
    auto page = server.page(longest);
    BOOST_TEST(back_end.ask(R"({"uid":")" + longest + "\"}") == "ok");
    BOOST_TEST(readable(page.hear()) == readable(R"({"uid":")" + longest + "\"}"));
    page.close();
    server.wait_for(&counters::connections, 2);

    auto offender = server.silent_page();
    offender.say(longest + 'x');
    const goodbye end = offender.hear_goodbye();
    BOOST_TEST(end.code == 1008);
    BOOST_TEST(end.reason == "uid too long");
    server.wait_for(&counters::rejected, 1);
    check_others_are_unharmed();
}

BOOST_AUTO_TEST_CASE(a_binary_uid_is_closed_with_1003)
{
    auto page = server.silent_page();
    page.say_binary("uid");
    check_closed(page, 1003, "uid is not text", &counters::rejected);
}

BOOST_AUTO_TEST_CASE(a_uid_that_is_not_utf_8_is_closed_with_1007)
{
    auto page = server.silent_page();
    page.say("uid\xC3\x28");
    check_closed(page, 1007, "invalid UTF-8", &counters::protocol_violations);
}

BOOST_AUTO_TEST_CASE(a_later_message_that_is_not_utf_8_is_closed_with_1007)
{
    auto page = server.page("u");
    page.say("\xED\xA0\x80");
    check_closed(page, 1007, "invalid UTF-8", &counters::protocol_violations);
    BOOST_TEST(back_end.ask(R"({"uid":"u"})") == "fail");
}

BOOST_AUTO_TEST_CASE(a_message_of_64_kib_is_taken)
{
    auto page = server.page("u");
    page.say(std::string(65536, 'x'));
    page.settle();
    BOOST_TEST(back_end.ask(R"({"uid":"u"})") == "ok");
    BOOST_TEST(page.hear() == R"({"uid":"u"})");
}

BOOST_AUTO_TEST_CASE(a_message_above_64_kib_is_closed_with_1009)
{
    auto page = server.page("u");
    page.say(std::string(65537, 'x'));
    check_closed(page, 1009, "message too large", &counters::limits_exceeded);
}

BOOST_AUTO_TEST_CASE(fragments_above_64_kib_together_are_closed_with_1009)
{
    auto page = server.page("u");
    page.say_in_fragments({std::string(40000, 'x'), std::string(40000, 'x')});
    check_closed(page, 1009, "message too large", &counters::limits_exceeded);
}

BOOST_AUTO_TEST_CASE(a_line_above_64_kib_is_answered_fail_and_the_next_line_counts_again)
{
    const std::string front = R"({"uid":"bystander","a":")";
    check_line_fails(front + std::string(65537 - front.size() - 2, 'x') + "\"}");
    BOOST_TEST(server.counts().lines_discarded == 1);
}

BOOST_AUTO_TEST_CASE(a_line_of_megabytes_is_answered_fail_once)
{
    check_line_fails(std::string(5'000'000, 'x'));
    BOOST_TEST(server.counts().lines_discarded == 1);
}

BOOST_AUTO_TEST_CASE(a_line_with_a_uid_above_256_bytes_is_answered_fail)
{
    check_line_fails(R"({"uid":")" + std::string(257, 'x') + "\"}");
}

BOOST_AUTO_TEST_CASE(a_line_with_an_empty_uid_is_answered_fail)
{
    check_line_fails(R"({"uid":""})");
}

BOOST_AUTO_TEST_CASE(a_line_of_binary_bytes_is_answered_fail)
{
    check_line_fails(std::string("\0\x01\xFE\xFF", 4) + R"({"uid":"bystander"})");
}

BOOST_AUTO_TEST_CASE(a_line_with_arrays_too_deep_is_answered_fail)
{
    check_line_fails(R"({"uid":"bystander","a":)" + std::string(30'000, '[') +
                     std::string(30'000, ']') + "}");
}

BOOST_AUTO_TEST_CASE(a_back_end_that_vanishes_in_a_line_is_the_end_of_that_line)
{
    auto vanishing = server.back_end();
    vanishing.send("{\"uid\":\"bystander\",\"n\":1}\n{\"uid\":\"byst");
    BOOST_TEST(vanishing.read_line() == "ok");
    vanishing.reset();
    BOOST_TEST(bystander.hear() == R"({"uid":"bystander","n":1})");
    server.wait_for(&counters::connections, 2);
    BOOST_TEST(server.counts().lost == 1);
    check_others_are_unharmed();
}

BOOST_AUTO_TEST_CASE(a_page_that_vanishes_is_counted_as_lost)
{
    auto page = server.page("u");
    page.vanish();
    server.wait_for(&counters::lost, 1);
    BOOST_TEST(server.counts().registered == 1);
    BOOST_TEST(back_end.ask(R"({"uid":"u"})") == "fail");
    check_others_are_unharmed();
}

BOOST_AUTO_TEST_CASE(a_page_that_does_not_read_is_closed_with_1013_after_what_was_queued)
{
    auto slow = server.page("slow");
    const std::string line = R"({"uid":"slow","a":")" + std::string(60'000, 'x') + "\"}";
    std::size_t queued = 0;
    while (back_end.ask(line) == "ok")
        BOOST_REQUIRE(++queued < 1000); // 60 MB: no system buffers so much
    BOOST_TEST(server.counts().messages_queued == queued);

    std::size_t heard = 0;
    goodbye end;
    for (const std::string& message : slow.hear_the_rest(end)) {
        BOOST_TEST(readable(message) == readable(line));
        ++heard;
    }
    BOOST_TEST(heard == queued);
    BOOST_TEST(end.code == 1013);
    BOOST_TEST(end.reason == "slow consumer");
    server.wait_for(&counters::limits_exceeded, 1);
    check_others_are_unharmed();
}

BOOST_AUTO_TEST_CASE(what_is_no_opening_handshake_is_answered_with_400)
{
    line_client stranger(server.clients_address());
    stranger.send("{\"uid\":\"bystander\"}\n");
    const std::string answer = stranger.read_to_end();
    BOOST_TEST(answer.starts_with("HTTP/1.1 400 "));
    BOOST_TEST(answer.find("Connection: close\r\n") != std::string::npos);
    stranger.close();
    server.wait_for(&counters::handshakes_failed, 1);
    check_others_are_unharmed();
}

BOOST_AUTO_TEST_CASE(an_http_request_to_the_back_ends_port_is_answered_fail_once_and_closed)
{
    line_client browser = server.back_end();
    browser.send("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{\"broadcast\":true}\n");
    BOOST_TEST(browser.read_to_end() == "fail\n");
    browser.close();
    server.wait_for(&counters::rejected, 1);
    check_others_are_unharmed();
}

BOOST_AUTO_TEST_SUITE_END()
