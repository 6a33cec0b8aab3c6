// Any page may make a browser send an HTTP request to an address that the page itself could not talk to:
// this machine's back ends' port. Its method, path and body are the page's, and could be lines, or messages of
// any other framing. Or it begins TLS there, with a session ticket that a server of the page's had given to it.
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
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
          "X / HTTP/1.1\n" + command, "PROPFIND / HTTP/1.1\r\n\r\n" + command,
          "HEAD /x\n" + command, "OPTIONS * HTTP/1.1\n" + command,
          "patch /" + std::string(70'000, 'a') + " HTTP/1.1\n" + command,
          std::string(300, 'M') + " / HTTP/1.1\nHost:" + std::string(70'000, 'a') + command,
          "POST http://evil.example/ HTTP/1.1\r\n\r\n" + command})
    {
        extras_server<clients, lines> s;
        check_nothing_is_pushed(s, request, "fail\n");
    }
}

BOOST_AUTO_TEST_CASE(a_first_line_that_is_too_long_to_be_seen_hides_nothing)
{
    using lines = crier::backend<memory_transport, crier::text_line>;
    extras_server<clients, lines> s;
    check_nothing_is_pushed(s, posted(command, "/" + std::string(70'000, 'a')), "fail\n");
}

namespace {

/// A record, as OpenSSL 3 begins it, with a ticket in it.
std::string client_hello(const std::string& ticket)
{
    const std::string random(32, '\x5a');
    std::string hello = std::string("\1\0\2\0\3\3", 6) + random + '\x20' + random +
                        std::string("\0\2\x13\1\1\0\1\x80\0\x23", 10) + '\1' +
                        static_cast<char>(ticket.size()) + ticket;
    return std::string("\x16\3\1", 3) + '\2' + static_cast<char>(hello.size()) + hello;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_ticket_of_a_tls_session_is_no_command)
{
    using lines = crier::backend<memory_transport, crier::text_line>;
    for (const std::size_t most : {std::size_t(1), std::size_t(4096)}) {
        extras_server<clients, lines> s;
        s.back_ends.behaviour().max_read_bytes = most;
        check_nothing_is_pushed(s, client_hello(command), "fail\n");
    }
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

/// A framing of its own: messages end with a byte that a header field may hold.
struct ended_by_semicolon
{
    struct decoder
    {
        explicit decoder(const ended_by_semicolon&) {}

        crier::decoded decode(std::span<char>& in)
        {
            const std::string_view all(in.data(), in.size());
            const std::size_t end = all.find(';');
            if (end == all.npos)
                return all.size() < 70'000 ? crier::decoded::need_more()
                                           : crier::decoded::failed(crier::error::malformed);
            in = in.subspan(end + 1);
            return crier::decoded::whole(all.substr(0, end));
        }
    };

    static crier::frame encode(crier::message_view message)
    {
        return crier::frame::join({message.data, ";"});
    }

    std::size_t max_unfinished_bytes() const { return 70'000; }
};

/// A browser asks, and what it says is cut into messages as the page would like it to be. `sooner`: what
/// ends it where the bytes come one by one; `at_once`: where they come together.
template <class Codec>
void check_no_message_is_looked_at(const std::string& request,
                                   crier::error sooner = crier::error::http_request,
                                   crier::error at_once = crier::error::http_request)
{
    extras_server<clients, crier::backend<memory_transport, Codec>> s;
    for (const std::size_t piece : {request.size(), std::size_t(1)}) {
        const crier::error why = piece == 1 ? sooner : at_once;
        const std::uint64_t before = s.server.counts().ended(why);
        auto victim = s.say("u");
        auto browser = s.back_ends.connect();
        for (std::size_t at = 0; at < request.size() && !browser.ended(); at += piece) {
            browser.send(request.substr(at, piece));
            s.settle();
        }
        const std::string answer(Codec::encode({"fail"}).bytes());
        BOOST_TEST(readable(browser.receive()) ==
                   readable(why == crier::error::message_too_large ? "" : answer));
        BOOST_TEST(browser.ended());
        BOOST_TEST(victim.receive().empty());
        browser.finish();
        s.settle();
        BOOST_TEST(s.server.counts().ended(why) == before + 1);
    }
}

BOOST_AUTO_TEST_CASE(no_framing_makes_commands_of_a_request)
{
    const std::string forged = R"({"uid":"u"})";
    const std::string size(1, static_cast<char>(forged.size()));
    // "P", and "PO", are lengths: what comes behind so many bytes is the page's choice.
    check_no_message_is_looked_at<crier::length_prefixed<1>>(
        posted({}, "/" + std::string(std::size_t('P') - 6, 'a') + size + forged));
    const std::string far = "/" + std::string(std::size_t('P') * 256 + 'O' - 5, 'a');
    check_no_message_is_looked_at<crier::length_prefixed<2>>(
        posted({}, far + '\0' + size + forged));
    check_no_message_is_looked_at<crier::length_prefixed<4>>(posted("\0\0\0" + size + forged),
                                                             crier::error::message_too_large);
    check_no_message_is_looked_at<ended_by_semicolon>(posted(";" + forged + ";"));
    check_no_message_is_looked_at<ended_by_semicolon>("GET /;" + forged + "; HTTP/1.1\r\n\r\n");
    // The page chooses the method: "X", 88 bytes, and the rest is a message.
    check_no_message_is_looked_at<crier::length_prefixed<1>>(
        "X /" + std::string(std::size_t('X') - 2, 'a') + size + forged);
    check_no_message_is_looked_at<crier::length_prefixed<2>>(client_hello('\0' + size + forged));
}

BOOST_AUTO_TEST_CASE(what_a_page_offers_for_webrtc_is_no_command)
{
    // A STUN binding request over TCP (RFC 6544, RFC 5389): two bytes of length, a header, and what the
    // page has called itself.
    const std::string forged = R"({"uid":"u","by":"a page"})";
    const std::string name =
        std::string(45, 'u') + static_cast<char>(forged.size()) + forged + ":peer123";
    std::string stun("\0\1\0\x64\x21\x12\xA4\x42", 8);
    stun += std::string(12, 'r') + std::string("\0\6\0", 3) + static_cast<char>(name.size()) + name;
    stun.resize(20 + 0x64, '\1');
    const std::string framed = '\0' + std::string(1, static_cast<char>(stun.size())) + stun;
    check_no_message_is_looked_at<crier::length_prefixed<2>>(framed, crier::error::malformed,
                                                             crier::error::malformed);
    // The lengths lead from byte to byte, to where the page wants them.
    const std::string led = std::string("\1\x64\0\1\0", 5) + std::string(1, '\x2F') +
                            std::string(47, 'h') + static_cast<char>(forged.size()) + forged;
    check_no_message_is_looked_at<crier::length_prefixed<1>>(led, crier::error::malformed,
                                                             crier::error::malformed);
}

BOOST_AUTO_TEST_CASE(where_nonsense_comes_first_only_lines_are_read_on)
{
    using prefixed = crier::backend<memory_transport, crier::length_prefixed<1>>;
    const std::string good = "\x0B{\"uid\":\"u\"}", bad = "\4{1:2";
    extras_server<clients, prefixed> s;
    auto victim = s.say("u");
    auto first = s.back_ends.connect();
    first.send(good + bad + good); // later it is only answered
    s.settle();
    BOOST_TEST(readable(first.receive()) == readable("\2ok\4fail\2ok"));
    BOOST_TEST(!first.ended());
    auto second = s.back_ends.connect();
    second.send(bad + good);
    s.settle();
    BOOST_TEST(readable(second.receive()) == readable("\4fail"));
    BOOST_TEST(second.ended());
    second.finish();
    s.settle();
    BOOST_TEST(s.server.counts().ended(crier::error::malformed) == 1u);
    BOOST_TEST(victim.receive() == "{\"uid\":\"u\"}\n{\"uid\":\"u\"}\n");

    using guarded =
        crier::backend<memory_transport, crier::length_prefixed<1>, crier::shared_secret>;
    extras_server<clients, guarded> g({}, {.authenticator = {.secret = "sesame"}});
    auto third = g.back_ends.connect();
    third.send("\6sesame" + bad + "\4true");
    g.settle();
    BOOST_TEST(readable(third.receive()) == readable("\2ok\4fail\4fail"));
    BOOST_TEST(!third.ended());
}

/// length_prefixed<1>, but what begins with # is thrown away.
struct discarding : crier::length_prefixed<1>
{
    struct decoder : crier::length_prefixed<1>::decoder
    {
        using crier::length_prefixed<1>::decoder::decoder;

        crier::decoded decode(std::span<char>& in)
        {
            const crier::decoded found = crier::length_prefixed<1>::decoder::decode(in);
            return found.kind == crier::decoded::kind_message && found.message.data.starts_with('#')
                       ? crier::decoded::discarded(crier::error::message_too_large)
                       : found;
        }
    };
};

BOOST_AUTO_TEST_CASE(what_comes_first_and_is_thrown_away_is_no_json_either)
{
    extras_server<clients, crier::backend<memory_transport, discarding>> s;
    auto victim = s.say("u");
    auto first = s.back_ends.connect();
    first.send("\2#x\x0B{\"uid\":\"u\"}");
    s.settle();
    BOOST_TEST(readable(first.receive()) == readable("\4fail"));
    BOOST_TEST(first.ended());
    auto second = s.back_ends.connect();
    second.send("\x0B{\"uid\":\"u\"}\2#x\x0B{\"uid\":\"u\"}");
    s.settle();
    BOOST_TEST(readable(second.receive()) == readable("\2ok\4fail\2ok"));
    BOOST_TEST(!second.ended());
    BOOST_TEST(victim.receive() == "{\"uid\":\"u\"}\n{\"uid\":\"u\"}\n");
}

BOOST_AUTO_TEST_CASE(what_only_begins_like_a_request_is_decoded)
{
    using lines = crier::backend<memory_transport, crier::text_line>;
    extras_server<clients, lines> s({}, {.limits = {.max_turn_bytes = 1}});
    auto c = s.say("u");
    for (const std::string first : {"GET", "POST", "P", "OPTIONS ", "get x", "\x16\3"})
        BOOST_TEST(s.tell(first + "\n{\"uid\":\"u\"}\nGET /\n{\"uid\":\"u\"}") ==
                   "fail\nok\nfail\nok\n");
    auto silent = s.back_ends.connect();
    silent.send("POST");
    silent.finish();
    s.settle();
    BOOST_TEST(silent.ended());
    auto slow = s.back_ends.connect();
    slow.send("POST");
    s.settle();
    BOOST_TEST(!slow.ended());
    s.on_server_thread([&] { s.server.advance(crier::limits().message_timeout); });
    s.settle();
    BOOST_TEST(slow.ended());
    slow.finish();
    s.settle();
    BOOST_TEST(s.server.counts().ended(crier::error::message_timeout) == 1u);
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
