// Any page may make a browser send an HTTP request to an address that the page itself could not talk to:
// this machine's back ends' port. Its body is the page's, and could be lines.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "extras.hpp"
#include "readable.hpp"

namespace {

using namespace support;

using clients = crier::clients<memory_transport, crier::text_line>;

/// What fetch(..., {method: "POST", mode: "no-cors", body}) puts on the wire, nearly.
std::string posted(const std::string& body, const std::string& path = "/")
{
    return "POST " + path +
           " HTTP/1.1\r\n"
           "Host: 127.0.0.1:5678\r\n"
           "Content-Length: " +
           std::to_string(body.size()) +
           "\r\n"
           "Content-Type: text/plain;charset=UTF-8\r\n"
           "Origin: https://evil.example\r\n\r\n" +
           body;
}

const std::string command = "\n{\"uid\":\"u\",\"forged\":true}\n{\"broadcast\":true}\n";

template <class Server>
void check_nothing_is_pushed(Server& s, const std::string& request, const std::string& answer)
{
    auto victim = s.say("u");
    auto browser = s.back_ends.connect();
    browser.send(request);
    s.settle();
    BOOST_TEST(readable(browser.receive()) == readable(answer), readable(request.substr(0, 60)));
    BOOST_TEST(browser.ended());
    BOOST_TEST(victim.receive().empty());
    browser.send(command); // more of the body
    browser.finish();
    s.settle();
    BOOST_TEST(victim.receive().empty());
    BOOST_TEST(s.tell(R"({"uid":"u"})") == "ok\n");
    BOOST_TEST(s.server.counts().rejected == 1u);
}

BOOST_AUTO_TEST_SUITE(cross_protocol)

BOOST_AUTO_TEST_CASE(the_body_of_a_posted_form_is_no_command)
{
    using lines = crier::backend<memory_transport, crier::text_line>;
    for (const std::string& request :
         {posted(command), posted(command, "/" + std::string(60'000, 'a')),
          "GET / HTTP/1.1\r\nHost: x\r\n\r\n" + command, "PUT / HTTP/1.0\r\n\r\n" + command,
          "X / HTTP/1.1\n" + command})
    {
        extras_server<clients, lines> s;
        check_nothing_is_pushed(s, request, "fail\n");
    }
}

BOOST_AUTO_TEST_CASE(a_first_line_that_is_too_long_to_be_seen_hides_nothing)
{
    using lines = crier::backend<memory_transport, crier::text_line>;
    extras_server<clients, lines> s;
    check_nothing_is_pushed(s, posted(command, "/" + std::string(70'000, 'a')), "fail\nfail\n");
}

BOOST_AUTO_TEST_CASE(the_line_that_names_the_host_is_enough_in_any_case)
{
    using lines = crier::backend<memory_transport, crier::text_line>;
    for (const char* host : {"Host: localhost\r\n", "host:x\r\n", "HOST:\r\n"}) {
        extras_server<clients, lines> s;
        check_nothing_is_pushed(s, host + command, "fail\n");
    }
}

BOOST_AUTO_TEST_CASE(however_it_is_cut)
{
    using lines = crier::backend<memory_transport, crier::text_line>;
    extras_server<clients, lines> s;
    s.back_ends.behaviour().max_read_bytes = 1;
    check_nothing_is_pushed(s, posted(command), "fail\n");
}

BOOST_AUTO_TEST_CASE(before_the_secret_is_said_nothing_is_looked_at_at_all)
{
    using guarded = crier::backend<memory_transport, crier::text_line, crier::shared_secret>;
    extras_server<clients, guarded> s({}, {.authenticator = {.secret = "sesame"}});
    auto victim = s.say("u");
    auto browser = s.back_ends.connect();
    browser.send(posted("\nsesame" + command));
    s.settle();
    BOOST_TEST(browser.receive() == "fail\n");
    BOOST_TEST(browser.ended());
    BOOST_TEST(victim.receive().empty());
}

BOOST_AUTO_TEST_CASE(a_number_that_is_no_length_ends_a_framing_of_lengths)
{
    using lengths = crier::backend<memory_transport, crier::length_prefixed<>>;
    extras_server<clients, lengths> s;
    auto victim = s.say("u");
    auto browser = s.back_ends.connect();
    browser.send(posted(std::string("\0\0\0\x0B{\"uid\":\"u\"}", 15)));
    s.settle();
    BOOST_TEST(browser.ended());
    BOOST_TEST(victim.receive().empty());
}

BOOST_AUTO_TEST_CASE(what_is_json_may_speak_of_http)
{
    using lines = crier::backend<memory_transport, crier::text_line>;
    extras_server<clients, lines> s;
    auto c = s.say("u");
    for (const std::string& line : std::vector<std::string>{
             R"({"uid":"u","Host: x":"GET / HTTP/1.1"})", R"({"uid":"u","a":"Host: x"})"})
    {
        BOOST_TEST(s.tell(line + '\n' + line) == "ok\nok\n");
        BOOST_TEST(c.receive() == line + '\n' + line + '\n');
    }
    // What is answered fail for other reasons is no reason to close.
    BOOST_TEST(s.tell("HTTP/1.1\nHos\nHost\nGET /\n{\"uid\":\"u\"} HTTP/1.1\n{\"uid\":\"u\"}") ==
               "fail\nfail\nfail\nfail\nfail\nok\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
