// The opening handshake in front of proxies and caches: what one of them might read otherwise than this
// server is refused, a refusal is one answer and the end, and wherever the bytes stop, nothing is left
// behind.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http_request.hpp"
#include "memory_server.hpp"
#include "readable.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;
using namespace std::chrono_literals;

std::size_t responses(std::string_view bytes)
{
    std::size_t n = 0;
    for (auto at = bytes.find("HTTP/1.1 "); at != bytes.npos; at = bytes.find("HTTP/1.1 ", at + 1))
        ++n;
    return n;
}

struct ambiguous
{
    const char* what;
    std::string bytes;
    unsigned status;
};

std::string line(const std::string& request_line)
{
    return http_request().line(request_line).bytes();
}

std::string with(const std::string& name, const std::string& value)
{
    return http_request().more(name, value).bytes();
}

/// A request whose field lines are written as they stand here.
std::string raw(const std::string& fields)
{
    return "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
           fields + "\r\n";
}

std::vector<ambiguous> refused_requests()
{
    using std::string;
    const string key = "dGhlIHNhbXBsZSBub25jZQ==";
    return {
        {"both lengths",
         http_request().more("Content-Length", "5").more("Transfer-Encoding", "chunked").bytes(),
         400},
        {"both lengths, one of nothing",
         http_request().more("Content-Length", "0").more("Transfer-Encoding", "chunked").bytes(),
         400},
        {"a length with a sign", with("Content-Length", "+0"), 400},
        {"two lengths",
         http_request().more("Content-Length", "0").more("Content-Length", "5").bytes(), 400},
        {"a list of lengths", with("Content-Length", "0, 0"), 400},
        {"a hexadecimal length", with("Content-Length", "0x0"), 400},
        {"a coding with a vertical tab",
         with("Transfer-Encoding", "\x0B"
                                   "chunked"),
         400},
        {"a coding in another case", with("transfer-ENCODING", "Chunked"), 400},
        {"a body with an upgrade", http_request().more("Content-Length", "30").bytes(), 400},
        {"two hosts", with("Host", "other"), 400},
        {"two hosts that are the same", with("Host", "server.example.com"), 400},
        {"two keys", with("Sec-WebSocket-Key", key), 400},
        {"two versions", with("Sec-WebSocket-Version", "13"), 400},
        {"a list of versions", http_request().with("Sec-WebSocket-Version", "13, 13").bytes(), 426},
        {"the lax version 7 without its lists",
         http_request().plain().more("Sec-WebSocket-Version", "7").bytes(), 426},
        {"version 8", http_request().with("Sec-WebSocket-Version", "8").bytes(), 426},
        {"a folded field", with("X", "a\r\n b"), 400},
        {"a folded field that hides another", with("X", "a\r\n\tContent-Length: 5"), 400},
        {"a fold before any field", line("GET / HTTP/1.1\r\n X: y"), 400},
        {"space before a colon", raw("Transfer-Encoding : chunked\r\n"), 400},
        {"a tab before a colon", raw("Content-Length\t: 5\r\n"), 400},
        {"a field without a colon", raw("Content-Length\r\n"), 400},
        {"a field without a name", raw(": chunked\r\n"), 400},
        {"NUL in a name", raw(string("Content\0-Length: 5\r\n", 20)), 400},
        {"NUL in a value", raw(string("X: a\0b\r\n", 8)), 400},
        {"NUL in the target", line(string("GET /\0 HTTP/1.1", 15)), 400},
        {"NUL in the method", line(string("G\0T / HTTP/1.1", 14)), 400},
        {"a bare line feed at a field's end", raw("X: y\nContent-Length: 5\r\n"), 400},
        {"a bare line feed at the end", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400},
        {"bare line feeds", "GET / HTTP/1.1\nHost: x\n\n", 400},
        {"a bare carriage return in a value", raw("X: a\rContent-Length: 5\r\n"), 400},
        {"a bare carriage return in the target", line("GET /a\rb HTTP/1.1"), 400},
        {"two carriage returns", raw("X: y\r\r\n"), 400},
        {"carriage return, line feed in front", "\r\n" + http_request().bytes(), 400},
        {"a byte order mark in front", "\xEF\xBB\xBF" + http_request().bytes(), 400},
        {"the authority form", line("CONNECT example.org:443 HTTP/1.1"), 405},
        {"the authority form with GET", line("GET example.org:443 HTTP/1.1"), 400},
        {"the asterisk form", line("OPTIONS * HTTP/1.1"), 405},
        {"an absolute form without a path", line("GET http://example.org HTTP/1.1"), 400},
        {"no target", line("GET  HTTP/1.1"), 400},
        {"two targets", line("GET / / HTTP/1.1"), 400},
        {"a tab for a space", line("GET\t/ HTTP/1.1"), 400},
        {"space behind the version", line("GET / HTTP/1.1 "), 400},
        {"HTTP/0.9", "GET /\r\n\r\n", 400},
        {"HTTP/1.2", line("GET / HTTP/1.2"), 400},
        {"HTTP/1.10", line("GET / HTTP/1.10"), 400},
        {"HTTP/2", line("GET / HTTP/2"), 400},
        {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        {"a hello of TLS", string("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11), 400},
        {"the header of a proxy (v1)",
         "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n" + http_request().bytes(), 400},
        {"the header of a proxy (v2)", "\r\n\r\n" + string("\0\r\nQUIT\n", 8), 400},
        {"a very long method", string(9000, 'A') + " / HTTP/1.1\r\n\r\n", 431},
        {"a very long target", line("GET /" + string(9000, 'a') + " HTTP/1.1"), 431},
        {"very many fields",
         [] {
             string many;
             for (int i = 0; i < 3000; ++i)
                 many += "a:\r\n";
             return raw(many);
         }(),
         431},
        {"another method", line("POST / HTTP/1.1"), 405},
        {"a method in small letters", line("get / HTTP/1.1"), 400},
    };
}

/// The version-7 row is a plain request: this server serves none.
const std::string second_request =
    http_request().bytes() + client_frame(fin | op::text, "smuggled");

BOOST_AUTO_TEST_SUITE(handshakes)

BOOST_AUTO_TEST_CASE(that_could_be_read_in_two_ways_are_refused_with_one_answer_and_the_end)
{
    for (const ambiguous& request : refused_requests())
        for (const std::size_t read : {SIZE_MAX, std::size_t(1)}) {
            if (read == 1 && request.bytes.size() > 1000)
                continue;
            memory_server<> s;
            s.pages.behaviour().max_read_bytes = read;
            auto client = s.pages.connect();
            client.send(request.bytes + second_request);
            s.settle();
            const std::string answer = client.receive();
            BOOST_TEST_CONTEXT(request.what << " gives " << readable(answer.substr(0, 60)))
            {
                BOOST_TEST(answer.starts_with("HTTP/1.1 " + std::to_string(request.status) + ' '));
                BOOST_TEST(responses(answer) == 1u);
                BOOST_TEST(answer.find("\r\nConnection: close\r\n") != answer.npos);
                BOOST_TEST(client.ended());
                client.send(second_request); // and still nobody listens
                s.settle();
                BOOST_TEST(client.receive() == "");
                client.finish();
                s.settle();
                BOOST_TEST(s.server.counts().connections == 0u);
                BOOST_TEST(s.server.counts().registered == 0u);
                BOOST_TEST(s.server.counts().accepted == 1u);
            }
        }
}

BOOST_AUTO_TEST_CASE(that_were_accepted_make_no_request_of_what_follows)
{
    memory_server<> s;
    auto client = s.pages.connect();
    client.send(http_request().bytes() + http_request().bytes());
    s.settle();
    const std::string answer = client.receive();
    BOOST_TEST(answer.starts_with("HTTP/1.1 101 "));
    BOOST_TEST(responses(answer) == 1u);
    BOOST_TEST(client.ended()); // a G is no frame
    client.finish();
    s.settle();
    BOOST_TEST(s.server.counts().protocol_violations == 1u);
}

BOOST_AUTO_TEST_CASE(take_frames_that_are_already_there_in_their_order)
{
    memory_server<> s;
    auto client = s.pages.connect();
    client.send(http_request().bytes() + client_frame(fin | op::text, "u") +
                client_frame(fin | op::ping, "p") + client_frame(fin | op::close));
    s.settle();
    const std::string answer = client.receive();
    const auto end = answer.find("\r\n\r\n") + 4;
    BOOST_TEST(readable(answer.substr(end)) ==
               readable(server_frame(fin | op::pong, "p") + server_frame(fin | op::close)));
}

BOOST_AUTO_TEST_CASE(of_a_target_on_another_host_are_for_this_one_and_its_path)
{
    // The absolute form, as a proxy may send it: what it names as host decides nothing here.
    for (const char* target :
         {"http://evil.example/a/../b", "http://user:pass@evil.example/a/../b"}) {
        crier::opening_request request;
        BOOST_TEST(!request.parse(
            http_request().line("GET " + std::string(target) + " HTTP/1.1").bytes()));
        BOOST_TEST(request.target() == "/a/../b");
        BOOST_TEST(request.field("Host") == "server.example.com");
    }
}

BOOST_AUTO_TEST_CASE(may_hold_bytes_above_127_in_values_of_fields_that_mean_nothing)
{
    crier::opening_request request;
    BOOST_TEST(!request.parse(with("X", "\xC3\xA4\xFF")));
    BOOST_TEST(request.field("X") == "\xC3\xA4\xFF");
    BOOST_TEST(!!request.parse(with("X\xC3\xA4", "y")));
}

/// How a client goes.
enum class farewell { end, reset, silence };

void go(memory_server<>& s, crier::test::memory_client& client, farewell how)
{
    if (how == farewell::end)
        client.finish();
    else if (how == farewell::reset)
        client.reset();
    s.settle();
    for (int i = 0; i < 4; ++i) { // more than each of the times
        s.server.advance(30s);
        s.settle();
    }
}

BOOST_AUTO_TEST_CASE(that_stop_at_any_byte_leave_nothing_behind)
{
    const std::string accepted = http_request().bytes() + client_frame(fin | op::text, "uid") +
                                 client_frame(op::text, "half a message") +
                                 client_frame(fin | op::close, close_payload(1000, "bye"));
    const std::vector<std::string> conversations{
        accepted,
        line("POST / HTTP/1.1"),
        with("Content-Length", "5"),
        http_request().with("Sec-WebSocket-Version", "8").bytes(),
        http_request().plain().bytes(),
        "GET / HTTP/1.1\r\nHost: x\n"};
    for (const std::string& all : conversations)
        for (const farewell how : {farewell::end, farewell::reset, farewell::silence})
            for (std::size_t cut = 0; cut <= all.size(); ++cut) {
                memory_server<> s;
                auto client = s.pages.connect();
                client.send(all.substr(0, cut));
                s.settle();
                go(s, client, how);
                const crier::counters counts = s.server.counts();
                if (counts.connections != 0 || counts.registered != 0)
                    BOOST_ERROR("cut at " << cut << " of " << readable(all));
                if (counts.accepted != 1 || counts.handshakes_failed + counts.protocol_violations +
                                                    counts.closed + counts.lost + counts.timed_out +
                                                    counts.rejected !=
                                                1)
                    BOOST_ERROR("counted otherwise than once: cut at " << cut);
            }
    BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(that_are_reset_while_the_answer_is_on_its_way_leave_nothing_behind)
{
    for (const std::string& request : {http_request().bytes(), line("POST / HTTP/1.1")})
        for (std::size_t taken = 0; taken < 300; taken += 7) {
            memory_server<> s;
            s.pages.behaviour().capacity_bytes = 16; // the answer waits for the client
            auto client = s.pages.connect();
            client.send(request + client_frame(fin | op::text, "uid"));
            s.settle();
            for (std::size_t i = 0; i < taken; i += 7) {
                client.receive(7);
                s.settle();
            }
            client.reset();
            s.settle();
            BOOST_TEST(s.server.counts().connections == 0u);
            BOOST_TEST(s.server.counts().registered == 0u);
        }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
