#include <crier/codec/websocket.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_request.hpp"
#include "http_response.hpp"
#include "replay.hpp"
#include "websocket_script.hpp"

// What a decoder does with a request, and what it answers. Which requests are refused, and why, is
// in opening.cpp.

using crier::error;
using crier::opening_answer;
using crier::websocket;
using support::check_every_split;
using support::client_frame;
using support::events;
using support::fin;
namespace op = support::op;
using support::http_request;
using support::http_response_parts;
using support::readable;
using support::text_event;

namespace {

const std::string accepted = "answer " + readable(support::switching_protocols);

/// The end of a request that is refused.
events refused(error why)
{
    return {"failed: " + make_error_code(why).message() + ", reply " +
            readable(to_bytes(crier::refusal(why)))};
}

/// What is sent for a request: the answer that a handler gives, or the decoder's own.
std::string response_to(const std::string& request, const opening_answer& how,
                        const websocket& options = {})
{
    websocket::decoder decoder(options);
    std::string bytes = request;
    std::span<char> in(bytes);
    const crier::decoded found = decoder.decode(in);
    switch (found.kind) {
    case crier::decoded::kind_opening:
        return std::string(decoder.answer(how));
    case crier::decoded::kind_failed:
        return std::string(found.reply);
    default:
        return support::to_event(found);
    }
}

std::string response_to(const http_request& request)
{
    return response_to(request.bytes(), opening_answer::accept());
}

struct refusal_case
{
    const char* what;
    std::string request;
    error why;
    unsigned status;
};

const std::vector<refusal_case>& refusals()
{
    static const std::vector<refusal_case> cases{
        {"two keys", http_request().more("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==").bytes(),
         error::bad_key, 400},
        {"a key of 15 bytes",
         http_request().with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j").bytes(), error::bad_key,
         400},
        {"no key", http_request().without("Sec-WebSocket-Key").bytes(), error::bad_key, 400},
        {"a folded field", http_request().more("X-Folded", "one\r\n two").bytes(),
         error::bad_request, 400},
        {"a body", http_request().more("Content-Length", "5").bytes() + "12345", error::bad_request,
         400},
        {"no Host", http_request().without("Host").bytes(), error::bad_request, 400},
        {"version 8", http_request().with("Sec-WebSocket-Version", "8").bytes(),
         error::upgrade_required, 426},
        {"POST", http_request().line("POST /chat HTTP/1.1").bytes(), error::method_not_allowed,
         405},
        {"a header above 8 KiB", http_request().padded_to(8193).bytes(), error::header_too_large,
         431},
    };
    return cases;
}

} // namespace

BOOST_AUTO_TEST_SUITE(websocket_opening)

BOOST_AUTO_TEST_CASE(the_example_of_the_rfc_is_answered_as_there)
{
    check_every_split(websocket{}, support::upgrade_request, {"opening", accepted});
}

BOOST_AUTO_TEST_CASE(the_request_is_there_to_be_judged_until_it_is_answered)
{
    const websocket options;
    websocket::decoder decoder(options);
    std::string bytes = http_request()
                            .line("GET /room?id=3 HTTP/1.1")
                            .more("Origin", "https://example.com")
                            .bytes();
    std::span<char> in(bytes);
    BOOST_TEST_REQUIRE(decoder.decode(in).kind == crier::decoded::kind_opening);
    bytes.assign(bytes.size(), '#'); // the request does not point into the input
    BOOST_TEST(decoder.request().is_upgrade());
    BOOST_TEST(decoder.request().target() == "/room?id=3");
    BOOST_TEST(decoder.request().field("origin") == "https://example.com");
}

BOOST_AUTO_TEST_CASE(bytes_behind_the_header_go_on_to_the_frames)
{
    const std::string frames =
        client_frame(fin | op::text, "uid") + client_frame(fin | op::text, "more");
    check_every_split(websocket{}, std::string(support::upgrade_request) + frames,
                      {"opening", accepted, text_event("uid"), text_event("more")});
    // The frames are no part of the header, however large both are together.
    const std::string large = client_frame(fin | op::text, std::string(9000, 'x'));
    BOOST_TEST(support::lines(support::replay(websocket{}, {http_request().bytes() + large})) ==
               support::lines({"opening", accepted, text_event(std::string(9000, 'x'))}));
}

BOOST_AUTO_TEST_CASE(every_refusal_is_the_same_however_the_request_is_cut)
{
    for (const refusal_case& c : refusals())
        BOOST_TEST_CONTEXT(c.what)
        {
            if (c.request.size() < 1000) {
                check_every_split(websocket{}, c.request, refused(c.why));
            } else {
                for (const std::size_t piece : {c.request.size(), std::size_t(97)})
                    BOOST_TEST(support::lines(support::replay(
                                   websocket{}, support::in_pieces(c.request, piece))) ==
                               support::lines(refused(c.why)));
            }
        }
}

BOOST_AUTO_TEST_CASE(every_refusal_is_an_http_response_that_closes_the_connection)
{
    for (const refusal_case& c : refusals())
        BOOST_TEST_CONTEXT(c.what)
        {
            const http_response_parts response(response_to(c.request, opening_answer::accept()));
            BOOST_TEST(response.well_formed);
            BOOST_TEST(response.status_line.substr(9, 3) == std::to_string(c.status));
            BOOST_TEST(response.field("Connection") == "close");
            BOOST_TEST(response.field("Content-Length") == std::to_string(response.body.size()));
            BOOST_TEST(response.body == make_error_code(c.why).message() + "\n");
            BOOST_TEST(response.field("Sec-WebSocket-Accept") == "(none)");
            BOOST_TEST(response.field("Sec-WebSocket-Version") ==
                       (c.status == 426 ? "13" : "(none)"));
            BOOST_TEST(response.field("Upgrade") == (c.status == 426 ? "websocket" : "(none)"));
            BOOST_TEST(response.field("Allow") == (c.status == 405 ? "GET" : "(none)"));
        }
}

BOOST_AUTO_TEST_CASE(a_header_of_exactly_the_limit_is_taken_and_one_byte_more_is_431)
{
    for (const std::size_t limit : {std::size_t(300), std::size_t(8 * 1024)}) {
        const websocket codec{.max_header_bytes = limit};
        const std::string fits = http_request().padded_to(limit).bytes();
        const std::string over = http_request().padded_to(limit + 1).bytes();
        BOOST_TEST_REQUIRE(fits.size() == limit);
        for (const std::size_t piece : {over.size(), std::size_t(97), std::size_t(1)}) {
            if (piece == 1 && limit > 1000)
                continue; // takes long and shows nothing new
            BOOST_TEST(support::lines(support::replay(codec, support::in_pieces(fits, piece))) ==
                       support::lines({"opening", accepted}));
            BOOST_TEST(support::lines(support::replay(codec, support::in_pieces(over, piece))) ==
                       support::lines(refused(error::header_too_large)));
        }
    }
    const websocket small{.max_header_bytes = 300};
    BOOST_TEST(support::bytes_until_end(small, http_request().padded_to(301).bytes()).value_or(0) ==
               300u);
    BOOST_TEST(websocket{}.max_header_bytes == 8192u);
}

BOOST_AUTO_TEST_CASE(a_header_without_any_line_end_is_refused_at_the_limit)
{
    const std::string endless = "GET /" + std::string(9000, 'x');
    const websocket small{.max_header_bytes = 500};
    BOOST_TEST(support::bytes_until_end(small, endless).value_or(0) == 500u);
    BOOST_TEST(support::lines(support::replay(websocket{}, {endless})) ==
               support::lines(refused(error::header_too_large)));
}

BOOST_AUTO_TEST_CASE(a_header_above_64_kib_is_read_alike_however_it_is_cut)
{
    const websocket codec{.max_header_bytes = 100'000};
    // A line end at every place around the 65536th byte, and more lines behind it.
    for (std::size_t shift = 0; shift < 16; ++shift) {
        http_request request;
        request.padded_to(65'530 + shift);
        request.more("X-More", "one").more("X-Still-More", std::string(5'000, 'y'));
        const std::string bytes = request.bytes();
        const std::string_view view = bytes;
        for (const std::size_t cut : {bytes.size(), std::size_t(65'536), std::size_t(65'600)})
            BOOST_TEST(
                support::lines(support::replay(codec, {view.substr(0, cut), view.substr(cut)})) ==
                    support::lines({"opening", accepted}),
                "line end near " << 65'530 + shift << ", cut at " << cut);
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_request_is_refused_at_its_first_byte)
{
    for (unsigned byte = 0; byte < 256; ++byte) {
        const bool may_begin_one = byte >= 'A' && byte <= 'Z';
        const std::string first(1, static_cast<char>(byte));
        const events expected = may_begin_one ? events{} : refused(error::bad_request);
        BOOST_TEST(support::lines(support::replay(websocket{}, {first})) ==
                       support::lines(expected),
                   readable(first));
    }
}

BOOST_AUTO_TEST_CASE(a_line_feed_without_a_carriage_return_is_refused_at_once)
{
    for (const std::string_view script : {"G\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\nHost: x\n"})
    {
        check_every_split(websocket{}, std::string(script) + "more\r\n\r\n",
                          refused(error::bad_request));
        BOOST_TEST(support::bytes_until_end(websocket{}, script).value_or(0) == script.size());
    }
}

BOOST_AUTO_TEST_CASE(a_plain_request_is_handed_over_and_answered_by_the_handler)
{
    const http_request request = http_request().plain().line("GET /health HTTP/1.1");
    const websocket options;
    websocket::decoder decoder(options);
    std::string bytes = request.bytes();
    std::span<char> in(bytes);
    BOOST_TEST_REQUIRE(decoder.decode(in).kind == crier::decoded::kind_opening);
    BOOST_TEST(!decoder.request().is_upgrade());
    BOOST_TEST(decoder.request().path() == "/health");
    const http_response_parts response(decoder.answer(opening_answer::respond(
        {.status = 200, .content_type = "application/json", .body = "{}"})));
    BOOST_TEST(response.well_formed);
    BOOST_TEST(response.status_line == "HTTP/1.1 200 OK");
    BOOST_TEST(response.field("Content-Type") == "application/json");
    BOOST_TEST(response.field("Content-Length") == "2");
    BOOST_TEST(response.field("Connection") == "close");
    BOOST_TEST(response.body == "{}");
}

BOOST_AUTO_TEST_CASE(a_plain_request_that_is_accepted_is_told_to_upgrade)
{
    const http_response_parts response(response_to(http_request().plain()));
    BOOST_TEST(response.well_formed);
    BOOST_TEST(response.status_line == "HTTP/1.1 426 Upgrade Required");
    BOOST_TEST(response.field("Connection") == "close");
    BOOST_TEST(response.field("Upgrade") == "websocket");
    BOOST_TEST(response.field("Sec-WebSocket-Version") == "13");
}

BOOST_AUTO_TEST_CASE(an_upgrade_may_be_refused_by_the_handler)
{
    const http_response_parts response(response_to(
        http_request().bytes(), opening_answer::respond({.status = 403,
                                                         .content_type = "text/plain",
                                                         .body = "not you\n",
                                                         .more_fields = "X-Why: because\r\n"})));
    BOOST_TEST(response.well_formed);
    BOOST_TEST(response.status_line == "HTTP/1.1 403 Forbidden");
    BOOST_TEST(response.field("Connection") == "close");
    BOOST_TEST(response.field("X-Why") == "because");
    BOOST_TEST(response.body == "not you\n");
}

BOOST_AUTO_TEST_CASE(after_a_refusal_nothing_is_looked_at)
{
    for (const bool by_handler : {false, true}) {
        const websocket options;
        websocket::decoder decoder(options);
        http_request request;
        if (!by_handler)
            request.without("Host");
        std::string bytes = request.bytes() + client_frame(fin | op::text, "uid");
        std::span<char> in(bytes);
        const crier::decoded found = decoder.decode(in);
        if (by_handler) {
            BOOST_TEST_REQUIRE(found.kind == crier::decoded::kind_opening);
            decoder.answer(opening_answer::respond({}));
        } else {
            BOOST_TEST_REQUIRE(found.kind == crier::decoded::kind_failed);
        }
        BOOST_TEST(decoder.decode(in).kind == crier::decoded::kind_need_more);
        BOOST_TEST(in.empty());
    }
}

BOOST_AUTO_TEST_CASE(an_answer_to_head_has_no_body)
{
    const http_response_parts response(response_to(http_request().line("HEAD /chat HTTP/1.1")));
    BOOST_TEST(response.well_formed);
    BOOST_TEST(response.status_line == "HTTP/1.1 405 Method Not Allowed");
    BOOST_TEST(response.field("Connection") == "close");
    BOOST_TEST(response.body == "");
}

BOOST_AUTO_TEST_CASE(a_chosen_subprotocol_is_told)
{
    const std::string request = http_request().more("Sec-WebSocket-Protocol", "v1, v2").bytes();
    const http_response_parts chosen(response_to(request, opening_answer::accept("v2")));
    BOOST_TEST(chosen.well_formed);
    BOOST_TEST(chosen.status_line == "HTTP/1.1 101 Switching Protocols");
    BOOST_TEST(chosen.field("Sec-WebSocket-Protocol") == "v2");
    BOOST_TEST(chosen.field("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const http_response_parts none(response_to(request, opening_answer::accept()));
    BOOST_TEST(none.field("Sec-WebSocket-Protocol") == "(none)");
}

BOOST_AUTO_TEST_CASE(offered_extensions_are_not_accepted)
{
    const http_response_parts response(response_to(http_request().more(
        "Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")));
    BOOST_TEST(response.status_line == "HTTP/1.1 101 Switching Protocols");
    BOOST_TEST(response.field("Sec-WebSocket-Extensions") == "(none)");
}

BOOST_AUTO_TEST_CASE(unfinished_requests_leave_no_more_than_the_limit)
{
    const websocket codec{.max_header_bytes = 200};
    support::recorder<websocket> decoder(codec);
    const std::string endless = "GET / HTTP/1.1\r\n" + std::string(500, 'x');
    std::size_t most = 0;
    for (const std::string_view byte : support::byte_by_byte(endless)) {
        decoder.read(byte);
        if (decoder.ended())
            break;
        most = std::max(most, decoder.unfinished_bytes());
    }
    BOOST_TEST(most == 199u);
    BOOST_TEST(decoder.ended());
}

BOOST_AUTO_TEST_SUITE_END()
