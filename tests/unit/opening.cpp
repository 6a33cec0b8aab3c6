#include <crier/opening.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "http_request.hpp"
#include "http_response.hpp"
#include "readable.hpp"
#include "readable_error.hpp"
#include "websocket_script.hpp"

using crier::error;
using crier::opening_request;
using support::http_request;
using support::http_response_parts;
using support::readable;

namespace {

/// "upgrade", "plain", or why it is refused.
std::string judged(const std::string& bytes)
{
    opening_request request;
    const std::vector<char> memory(bytes.begin(), bytes.end()); // of just its size
    const crier::error_code ec = request.parse({memory.data(), memory.size()});
    return ec ? ec.message() : request.is_upgrade() ? "upgrade" : "plain";
}

void check_upgrade(const http_request& request)
{
    BOOST_TEST(judged(request.bytes()) == "upgrade", readable(request.bytes()));
}

void check_plain(const http_request& request)
{
    BOOST_TEST(judged(request.bytes()) == "plain", readable(request.bytes()));
}

void check_refused(const http_request& request, error why)
{
    BOOST_TEST(judged(request.bytes()) == make_error_code(why).message(),
               readable(request.bytes()) << " is " << judged(request.bytes()));
}

} // namespace

BOOST_AUTO_TEST_SUITE(opening_requests)

BOOST_AUTO_TEST_CASE(the_example_of_the_rfc_is_an_upgrade)
{
    BOOST_TEST(http_request().bytes() == support::upgrade_request);
    check_upgrade(http_request());
    check_upgrade(http_request()
                      .more("Origin", "http://example.com")
                      .more("Sec-WebSocket-Protocol", "chat, superchat"));
}

BOOST_AUTO_TEST_CASE(names_and_keywords_may_be_in_any_case)
{
    check_upgrade(http_request().with("Upgrade", "WebSocket").with("Connection", "upgrade"));
    check_upgrade(http_request()
                      .without("Upgrade")
                      .without("Connection")
                      .without("Sec-WebSocket-Version")
                      .more("UPGRADE", "WEBSOCKET")
                      .more("connection", "UPGRADE")
                      .more("sec-websocket-version", "13"));
}

BOOST_AUTO_TEST_CASE(upgrade_and_connection_are_lists)
{
    check_upgrade(http_request().with("Connection", "keep-alive, Upgrade"));
    check_upgrade(http_request().with("Connection", "keep-alive").more("Connection", "Upgrade"));
    check_upgrade(http_request().with("Connection", " , keep-alive ,\tUpgrade , "));
    check_upgrade(http_request().with("Upgrade", "h2c, websocket"));
    check_upgrade(http_request().with("Upgrade", "h2c").more("Upgrade", "websocket"));
    check_refused(http_request().with("Connection", "keep-alive, Upgraded"), error::bad_request);
    check_refused(http_request().with("Connection", "Upgrade keep-alive"), error::bad_request);
}

BOOST_AUTO_TEST_CASE(white_space_around_a_value_is_no_part_of_it)
{
    check_upgrade(http_request()
                      .with("Sec-WebSocket-Key", " \t dGhlIHNhbXBsZSBub25jZQ== \t ")
                      .with("Sec-WebSocket-Version", "\t13\t"));
}

BOOST_AUTO_TEST_CASE(a_get_request_without_an_upgrade_to_websocket_is_plain)
{
    check_plain(http_request().plain());
    check_plain(http_request().without("Upgrade"));
    check_plain(http_request().with("Upgrade", "h2c"));
    check_plain(http_request().with("Upgrade", "websockets"));
    check_plain(http_request().plain().line("GET / HTTP/1.0"));
    check_plain(http_request().plain().without("Host").line("GET / HTTP/1.0"));
}

BOOST_AUTO_TEST_CASE(a_host_is_there_once_and_looks_like_one)
{
    check_refused(http_request().without("Host"), error::bad_request);
    check_refused(http_request().plain().without("Host"), error::bad_request);
    check_refused(http_request().more("Host", "server.example.com"), error::bad_request);
    for (const char* host : {"a b", "a/b", "a@b", "a?b", "a#b", "a\"b", "a<b", "\xC3\xA9"})
        check_refused(http_request().with("Host", host), error::bad_request);
    for (const char* host : {"example.com:1234", "127.0.0.1", "[::1]:80", "", "a_b-c.d~e"})
        check_upgrade(http_request().with("Host", host));
}

BOOST_AUTO_TEST_CASE(an_upgrade_says_connection_upgrade)
{
    check_refused(http_request().without("Connection"), error::bad_request);
    check_refused(http_request().with("Connection", "keep-alive"), error::bad_request);
}

BOOST_AUTO_TEST_CASE(an_upgrade_is_http_1_1)
{
    check_refused(http_request().line("GET /chat HTTP/1.0"), error::bad_request);
    for (const char* line : {"GET /chat HTTP/0.9", "GET /chat HTTP/2.0", "GET /chat HTTP/11",
                             "GET /chat http/1.1", "GET /chat", "GET", "GET /chat HTTP/1.1 "})
        check_refused(http_request().line(line), error::bad_request);
}

BOOST_AUTO_TEST_CASE(a_websocket_version_stands_there_once)
{
    check_refused(http_request().without("Sec-WebSocket-Version"), error::bad_request);
    check_refused(http_request().more("Sec-WebSocket-Version", "13"), error::bad_request);
    for (const char* version : {"0", "7", "8", "12", "14", "013", "130", "1", "thirteen", "13, 8"})
        check_refused(http_request().with("Sec-WebSocket-Version", version),
                      error::upgrade_required);
}

BOOST_AUTO_TEST_CASE(a_key_stands_there_once_and_is_the_base64_of_16_bytes)
{
    check_refused(http_request().without("Sec-WebSocket-Key"), error::bad_key);
    check_refused(http_request().more("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                  error::bad_key);
    check_refused(http_request().more("sec-websocket-KEY", "AAAAAAAAAAAAAAAAAAAAAA=="),
                  error::bad_key);
    for (const char* key :
         {"", "x", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZXM=", "dGhlIHNhbXBsZSBub25jZQ",
          "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25j Q==",
          "dGhlIHNhbXBsZSBub25j-Q==", "dGhlIHNhbXBsZSBub25jZQ==, more"})
        check_refused(http_request().with("Sec-WebSocket-Key", key), error::bad_key);
}

BOOST_AUTO_TEST_CASE(a_request_has_no_body)
{
    check_upgrade(http_request().more("Content-Length", "0"));
    for (const char* length : {"1", "5", "00", "-1", "x", "", "18446744073709551616"})
        check_refused(http_request().more("Content-Length", length), error::bad_request);
    for (const char* coding : {"chunked", "identity", "gzip, chunked", ""})
        check_refused(http_request().more("Transfer-Encoding", coding), error::bad_request);
    check_refused(http_request().plain().more("Content-Length", "5"), error::bad_request);
}

BOOST_AUTO_TEST_CASE(a_folded_field_is_refused)
{
    check_refused(http_request().more("X-Folded", "one\r\n two"), error::bad_request);
    check_refused(http_request().more("X-Folded", "one\r\n\ttwo"), error::bad_request);
    check_refused(http_request().line("GET /chat HTTP/1.1\r\n X: y"), error::bad_request);
}

BOOST_AUTO_TEST_CASE(methods_other_than_get_are_not_allowed)
{
    for (const char* method : {"POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE",
                               "CONNECT", "BREW", "GETT", "get"})
        check_refused(http_request().line(std::string(method) + " /chat HTTP/1.1"),
                      error::method_not_allowed);
}

BOOST_AUTO_TEST_CASE(lines_that_are_no_http_are_refused)
{
    for (const char* line : {"GET  /chat HTTP/1.1", " GET /chat HTTP/1.1", "GET /ch at HTTP/1.1",
                             "GET /ch\x01t HTTP/1.1", "GET /ch\x7Ft HTTP/1.1", "G{T /chat HTTP/1.1",
                             "", "\x16\x03\x01"})
        check_refused(http_request().line(line), error::bad_request);
    check_refused(http_request().more("X Y", "z"), error::bad_request);
    check_refused(http_request().more("Host ", "z"), error::bad_request);
    check_refused(http_request().more("", "z"), error::bad_request);
    check_refused(http_request().more("X", "a\x01z"), error::bad_request);
    check_refused(http_request().more("X", std::string("a\0z", 3)), error::bad_request);
    check_refused(http_request().more("X", "a\rz"), error::bad_request);
}

BOOST_AUTO_TEST_CASE(a_header_block_ends_with_its_empty_line)
{
    const std::string bytes = http_request().bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        BOOST_TEST(judged(bytes.substr(0, size)) == make_error_code(error::bad_request).message(),
                   size << " bytes");
}

BOOST_AUTO_TEST_CASE(offered_subprotocols_and_extensions_are_well_formed)
{
    for (const char* protocols : {"a b", "a/b", "a, b c", "\"a\"", "a;b"})
        check_refused(http_request().more("Sec-WebSocket-Protocol", protocols), error::bad_request);
    for (const char* extensions :
         {"permessage-deflate", "permessage-deflate; client_max_window_bits",
          "permessage-deflate; server_max_window_bits=10, x-other", "x; y=\"z\"", "x;y=\"a\\b\"",
          ", x ,", "x; a; b=1; c=\"2\""})
        check_upgrade(http_request().more("Sec-WebSocket-Extensions", extensions));
    for (const char* extensions :
         {"a b", ";", "x;", "x; =1", "x; y=", "x; y=\"\"", "x; y=\"a b\"", "x; y=\"z", "x; y=z\"",
          "x; y=\"z\"z", "x y; z", "x;;y", "x=y", "x; y=\"a\\\"", "x; y=\"a\\"})
        check_refused(http_request().more("Sec-WebSocket-Extensions", extensions),
                      error::bad_request);
}

BOOST_AUTO_TEST_CASE(a_target_is_a_path_with_its_query)
{
    const auto targets = [](const std::string& target) {
        opening_request request;
        if (const auto ec =
                request.parse(http_request().line("GET " + target + " HTTP/1.1").bytes()))
            return ec.message();
        return std::string(request.target()) + " path " + std::string(request.path());
    };
    BOOST_TEST(targets("/") == "/ path /");
    BOOST_TEST(targets("/room?id=3&x=/?") == "/room?id=3&x=/? path /room");
    BOOST_TEST(targets("/?") == "/? path /");
    BOOST_TEST(targets("/%20;a=b") == "/%20;a=b path /%20;a=b");
    // The absolute form, as a proxy may send it.
    BOOST_TEST(targets("http://example.com/room?id=3") == "/room?id=3 path /room");
    BOOST_TEST(targets("ws://example.com:80/") == "/ path /");
    const std::string refused = make_error_code(error::bad_request).message();
    for (const char* target : {"*", "room", "http://example.com", "example.com:80", "/room#part",
                               "/#", "http://example.com/#", "?a"})
        BOOST_TEST(targets(target) == refused, target);
}

BOOST_AUTO_TEST_CASE(fields_are_found_by_name_in_any_case)
{
    opening_request request;
    BOOST_TEST_REQUIRE(!request.parse(http_request()
                                          .more("X-Twice", "first")
                                          .more("x-twice", "second")
                                          .more("X-Empty", "")
                                          .bytes()));
    BOOST_TEST(request.field("host") == "server.example.com");
    BOOST_TEST(request.field("HOST") == "server.example.com");
    BOOST_TEST(request.field("X-TWICE") == "first");
    BOOST_TEST(request.field("X-Empty") == "");
    BOOST_TEST(request.field("X-Missing") == "");
    BOOST_TEST(request.field("Hos") == "");
    BOOST_TEST(request.method() == "GET");
    BOOST_TEST(request.websocket_key() == "dGhlIHNhbXBsZSBub25jZQ==");

    std::string all;
    for (const auto& [name, value] : request.fields())
        all += std::string(name) + '=' + std::string(value) + '\n';
    BOOST_TEST(all == "Host=server.example.com\nUpgrade=websocket\nConnection=Upgrade\n"
                      "Sec-WebSocket-Key=dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version=13\n"
                      "X-Twice=first\nx-twice=second\nX-Empty=\n");
}

BOOST_AUTO_TEST_CASE(a_refused_method_is_known_all_the_same)
{
    opening_request request;
    BOOST_TEST(request.parse(http_request().line("HEAD / HTTP/1.1").bytes()) ==
               error::method_not_allowed);
    BOOST_TEST(request.method() == "HEAD");
    BOOST_TEST(!request.is_upgrade());
}

BOOST_AUTO_TEST_CASE(subprotocols_are_offered_in_their_order_over_all_fields)
{
    const auto offered = [](const http_request& http) {
        opening_request request;
        BOOST_TEST_REQUIRE(!request.parse(http.bytes()));
        std::string all;
        for (const std::string_view name : request.subprotocols())
            all += '[' + std::string(name) + ']';
        return all;
    };
    BOOST_TEST(offered(http_request()) == "");
    BOOST_TEST(offered(http_request().more("Sec-WebSocket-Protocol", "")) == "");
    BOOST_TEST(offered(http_request().more("Sec-WebSocket-Protocol", "v1")) == "[v1]");
    BOOST_TEST(offered(http_request()
                           .more("Sec-WebSocket-Protocol", " v2 ,\tv1,, ")
                           .more("sec-websocket-protocol", "V1")) == "[v2][v1][V1]");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(opening_answers)

BOOST_AUTO_TEST_CASE(each_refusal_has_its_status)
{
    const auto status_of = [](error why) { return crier::refusal(why).status; };
    BOOST_TEST(status_of(error::bad_request) == 400u);
    BOOST_TEST(status_of(error::bad_key) == 400u);
    BOOST_TEST(status_of(error::method_not_allowed) == 405u);
    BOOST_TEST(status_of(error::upgrade_required) == 426u);
    BOOST_TEST(status_of(error::header_too_large) == 431u);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_written_down_whole)
{
    BOOST_TEST(
        readable(to_bytes(crier::refusal(error::upgrade_required))) ==
        readable("HTTP/1.1 426 Upgrade Required\r\n"
                 "Connection: close\r\n"
                 "Content-Type: text/plain; charset=utf-8\r\n"
                 "Content-Length: " +
                 std::to_string(make_error_code(error::upgrade_required).message().size() + 1) +
                 "\r\n"
                 "Upgrade: websocket\r\n"
                 "Sec-WebSocket-Version: 13\r\n"
                 "\r\n" +
                 make_error_code(error::upgrade_required).message() + "\n"));
}

BOOST_AUTO_TEST_CASE(a_response_always_says_its_length_and_that_it_closes)
{
    for (const unsigned status : {200u, 204u, 302u, 400u, 404u, 405u, 426u, 431u, 500u, 503u, 599u})
        for (const std::string& body : {std::string(), std::string("body"), std::string(5000, 'x')})
        {
            const http_response_parts response(to_bytes(
                crier::http_response{.status = status, .content_type = "text/html", .body = body}));
            BOOST_TEST_CONTEXT(status)
            {
                BOOST_TEST(response.well_formed);
                BOOST_TEST(response.status_line.substr(0, 13) ==
                           "HTTP/1.1 " + std::to_string(status) + ' ');
                BOOST_TEST(response.field("Connection") == "close");
                BOOST_TEST(response.field("Content-Length") == std::to_string(body.size()));
                BOOST_TEST(response.field("Content-Type") == "text/html");
                BOOST_TEST(readable(response.body) == readable(body));
            }
        }
}

BOOST_AUTO_TEST_CASE(an_upgrade_is_accepted_by_the_bytes_of_the_rfc)
{
    opening_request request;
    BOOST_TEST_REQUIRE(!request.parse(http_request().bytes()));
    BOOST_TEST(readable(switching_protocols(request, {})) ==
               readable(support::switching_protocols));
    BOOST_TEST(
        http_response_parts(switching_protocols(request, "chat")).field("Sec-WebSocket-Protocol") ==
        "chat");
}

BOOST_AUTO_TEST_CASE(an_answer_accepts_or_responds)
{
    BOOST_TEST(crier::opening_answer::accept().accepted);
    BOOST_TEST(crier::opening_answer::accept().subprotocol == "");
    BOOST_TEST(crier::opening_answer::accept("v1").subprotocol == "v1");
    const auto no = crier::opening_answer::respond(
        {.status = 404, .content_type = "text/plain", .body = "nothing here"});
    BOOST_TEST(!no.accepted);
    BOOST_TEST(no.response.status == 404u);
    BOOST_TEST(no.response.body == "nothing here");
}

BOOST_AUTO_TEST_SUITE_END()
