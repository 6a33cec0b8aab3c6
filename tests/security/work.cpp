// What strangers can make the server do, of two sizes, and what must not depend on a secret, for
// work.py to count under callgrind. By itself it only does it, and checks that it comes to what it
// should.
#include <crier/authenticator/shared_secret.hpp>
#include <crier/authenticator/signed_ticket.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/codec/websocket_deflate.hpp>
#include <crier/command.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <valgrind/callgrind.h>
#include <vector>

#include "bare_connection.hpp"

namespace {

using crier::decoded;

void require(bool holds, const std::string& what)
{
    if (holds)
        return;
    std::fprintf(stderr, "work: %s came to something else\n", what.c_str());
    std::exit(1);
}

/// Does it counted, under a name: "linear: ... 4096".
template <class Work>
void count(const std::string& name, const Work& work)
{
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    const bool good = work();
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(name.c_str());
    require(good, name);
    std::printf("%s\n", name.c_str());
}

/// Feeds a decoder in reads of `piece` bytes, each with what it left before in front, without copying
/// that anew: what the decoder does is counted, not what a connection does. Returns the last event that
/// is not need_more.
template <class Decoder>
decoded::kind_type feed(Decoder& decoder, std::string& bytes, std::size_t piece)
{
    decoded::kind_type last = decoded::kind_need_more;
    std::size_t begin = 0;
    for (std::size_t end = piece;; end += piece) {
        end = end < bytes.size() ? end : bytes.size();
        std::span<char> in(bytes.data() + begin, end - begin);
        for (;;) {
            const decoded found = decoder.decode(in);
            if (found.kind == decoded::kind_need_more)
                break;
            last = found.kind;
            if (last == decoded::kind_opening || last == decoded::kind_failed ||
                last == decoded::kind_closed)
                return last;
        }
        begin = end - in.size();
        if (end == bytes.size())
            return last;
    }
}

constexpr std::string_view upgrade =
    "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

std::string request(const std::string& fields)
{
    return std::string(upgrade) + fields + "\r\n";
}

std::string repeated(std::size_t count, std::string_view text)
{
    std::string out;
    while (count--)
        out += text;
    return out;
}

constexpr crier::websocket roomy{.max_message_bytes = 1 << 24, .max_header_bytes = 1 << 24};

bool opens(std::string bytes, std::size_t piece = SIZE_MAX / 2)
{
    crier::websocket::decoder decoder(roomy);
    return feed(decoder, bytes, piece) == decoded::kind_opening;
}

bool is_refused(std::string bytes)
{
    crier::websocket::decoder decoder(roomy);
    return feed(decoder, bytes, SIZE_MAX / 2) == decoded::kind_failed;
}

std::unique_ptr<crier::websocket::decoder> opened()
{
    auto decoder = std::make_unique<crier::websocket::decoder>(roomy);
    std::string bytes = request("");
    std::span<char> in(bytes);
    require(decoder->decode(in).kind == decoded::kind_opening, "an opening");
    decoder->answer({.accepted = true});
    return decoder;
}

/// Frames of a client whose mask is zero.
std::string frame(unsigned first, std::string_view payload)
{
    std::string out{static_cast<char>(first), static_cast<char>(0x80 | payload.size())};
    return out.append(4, '\0').append(payload);
}

bool parses(const std::string& line)
{
    crier::command_parser parser(256);
    return parser.parse(line).kind != crier::command::invalid;
}

bool is_agreed(const std::string& fields)
{
    crier::opening_request r;
    return !r.parse(request(fields)) && crier::agree_on_deflate(r).server_window_bits != 0;
}

/// A server in memory, and the back end that says one long line to it in pieces.
struct patient_back_end
{
    using server_type =
        crier::push_server<crier::clients<crier::test::memory_transport, crier::text_line>,
                           crier::backend<crier::test::memory_transport, crier::text_line>,
                           crier::uid_registry>;

    patient_back_end() { server.start(); }

    bool is_answered(std::size_t size)
    {
        const std::string piece(64, 'x');
        for (std::size_t sent = 0; sent < size; sent += piece.size()) {
            self.send(piece);
            crier::test::memory_network::settle(context);
        }
        self.send("\n");
        crier::test::memory_network::settle(context);
        return self.receive() == "fail\n";
    }

    crier::test::memory_network pages, back_ends;
    boost::asio::io_context context;
    server_type server{context,
                       {.transport = {pages}},
                       {.transport = {back_ends},
                        .codec = {.max_line_bytes = 1 << 24},
                        .limits = {.max_turn_bytes = 1024}}};
    crier::test::memory_client self = back_ends.connect();
};

/// Work that grows with what a stranger sends, and no faster.
void linear(std::size_t n)
{
    const auto named = [&](const char* what) {
        return "linear: " + std::string(what) + ' ' + std::to_string(n);
    };
    const std::string a(n, 'a');
    count(named("one long field, byte by byte"),
          [&] { return opens(request("X: " + a + "\r\n"), 1); });
    count(named("a target, byte by byte"),
          [&] { return opens("GET /" + a + request("").substr(5), 1); });
    count(named("many short fields, byte by byte"),
          [&] { return opens(request(repeated(n / 4, "a:\r\n")), 1); });
    count(named("many short fields at once"),
          [&] { return opens(request(repeated(n / 4, "a:\r\n"))); });
    count(named("a request that never ends, byte by byte"), [&] { return !opens("GET /" + a, 1); });
    count(named("spaces in a list of protocols"), [&] {
        return is_refused(request("Sec-WebSocket-Protocol: b" + std::string(n, ' ') + "x\r\n"));
    });
    count(named("commas in a list of protocols"), [&] {
        return opens(request("Sec-WebSocket-Protocol: " + std::string(n, ',') + "\r\n"));
    });
    count(named("an unclosed quote with escapes"), [&] {
        return is_refused(
            request("Sec-WebSocket-Extensions: x; y=\"" + repeated(n / 2, "\\a") + "\r\n"));
    });
    count(named("many parameters of an extension"), [&] {
        return opens(request("Sec-WebSocket-Extensions: x" + repeated(n / 2, ";a") + "\r\n"));
    });
    count(named("many offers of compression"), [&] {
        return is_agreed(
            "Sec-WebSocket-Extensions: " + repeated(n / 32, "permessage-deflate; a=0123456789,") +
            "permessage-deflate\r\n");
    });
    count(named("empty fragments"), [&, d = opened()] {
        std::string bytes = frame(0x01, "") + repeated(n, frame(0x00, "")) + frame(0x80, "");
        return feed(*d, bytes, 4096) == decoded::kind_message;
    });
    count(named("fragments of a byte, byte by byte"), [&, d = opened()] {
        std::string bytes = frame(0x01, "a") + repeated(n, frame(0x00, "a")) + frame(0x80, "a");
        return feed(*d, bytes, 1) == decoded::kind_message;
    });
    count(named("pings"), [&, d = opened()] {
        std::string bytes = repeated(n, frame(0x89, ""));
        return feed(*d, bytes, 4096) == decoded::kind_reply;
    });
    count(named("a line, byte by byte"), [&] {
        const crier::text_line options{.max_line_bytes = 1 << 24};
        crier::text_line::decoder decoder(options);
        std::string bytes = a + "\n";
        return feed(decoder, bytes, 1) == decoded::kind_message;
    });
    count(named("a line of carriage returns"), [&] {
        const crier::text_line options{.max_line_bytes = 1 << 24};
        crier::text_line::decoder decoder(options);
        std::string bytes = std::string(n, '\r') + "\n";
        return feed(decoder, bytes, 1) == decoded::kind_message;
    });
    count(named("a line that is thrown away, byte by byte"), [&] {
        const crier::text_line options{.max_line_bytes = 100};
        crier::text_line::decoder decoder(options);
        std::string bytes = a + "\n";
        return feed(decoder, bytes, 1) == decoded::kind_discarded;
    });
    // What of it is there already is not copied again and again.
    count(named("a back end's line, in small pieces, to a server"),
          [&, peer = std::make_unique<patient_back_end>()] { return peer->is_answered(16 * n); });
    count(named("escapes in a string"),
          [&] { return parses(R"({"a":")" + repeated(n, "\\\\") + R"(","uid":"u"})"); });
    count(named("escapes in a name"),
          [&] { return parses("{\"" + repeated(n, "\\u0041") + R"(":1,"uid":"u"})"); });
    count(named("members of one name"),
          [&] { return parses("{" + repeated(n, R"("uid":"v",)") + R"("uid":"u"})"); });
    count(named("lists of one name"),
          [&] { return parses("{" + repeated(n, R"("uid":["v","w"],)") + R"("uid":"u"})"); });
    count(named("digits of a number"),
          [&] { return parses(R"({"a":)" + std::string(n, '1') + R"(,"uid":"u"})"); });
    count(named("white space"),
          [&] { return parses("{" + std::string(n, ' ') + R"("uid":"u"})"); });
    count(named("brackets one after the other"),
          [&] { return parses(R"({"a":[)" + repeated(n, "[],") + R"([]],"uid":"u"})"); });
    count(named("brackets that are never closed"),
          [&] { return !parses(R"({"uid":"u","a":)" + std::string(n, '[')); });
    count(named("uids in a list, sorted already"), [&] {
        std::string list;
        for (std::size_t i = 0; i < n; ++i)
            list += '"' + std::to_string(1'000'000 + i) + "\",";
        return parses(R"({"uid":[)" + list + R"("x"]})");
    });
    count(named("the same uid in a list"),
          [&] { return parses(R"({"uid":[)" + repeated(n, R"("x",)") + R"("x"]})"); });
}

/// Work that must not tell how much of a secret a guess has right.
void independent()
{
    const support::bare_connection peer("");
    const std::string secret = "0123456789abcdef0123456789abcdef";
    const crier::shared_secret door{.secret = secret};
    const auto is_refused = [&](std::string_view said) {
        const crier::question q(crier::question::first_message, peer, nullptr, said, 1, nullptr,
                                nullptr);
        return door.judge(q).kind() == crier::verdict::kind_refused;
    };
    std::string wrong_at_first = secret, wrong_at_last = secret;
    wrong_at_first.front() = wrong_at_last.back() = '!';
    for (const auto& [name, guess] :
         {std::pair("alike: a guess of the secret, wrong at its first byte", wrong_at_first),
          std::pair("alike: a guess of the secret, wrong at its last byte", wrong_at_last),
          std::pair("alike: a guess of the secret, all wrong", std::string(secret.size(), '!'))})
        count(name, [&, said = std::string_view(guess)] { return is_refused(said); });

    // The same forged ticket, by keys whose right signature begins as the forged one does, or otherwise.
    const std::string end_of_time = "k.9223372036854775807.dWlk.";
    const std::string forged = end_of_time + std::string(43, 'A');
    const auto key = [](int i) {
        return crier::signed_ticket{.keys = {{"k", std::to_string(100'000 + i)}}};
    };
    int begins_alike = 0, begins_otherwise = 0;
    for (int i = 1; begins_alike == 0 || begins_otherwise == 0; ++i) {
        const std::string secret_of_i = std::to_string(100'000 + i);
        const std::string_view body(end_of_time.data(), end_of_time.size() - 1);
        unsigned char mac[32];
        unsigned size = 0;
        ::HMAC(::EVP_sha256(), secret_of_i.data(), static_cast<int>(secret_of_i.size()),
               reinterpret_cast<const unsigned char*>(body.data()), body.size(), mac, &size);
        (mac[0] == 0 ? begins_alike : begins_otherwise) = i; // as AA does
    }
    for (const auto& [name, i] :
         {std::pair("alike too: a signature that is wrong at once", begins_otherwise),
          std::pair("alike too: a signature that begins right", begins_alike)})
    {
        const auto tickets = key(i);
        const auto refuses = [&] {
            return tickets.judge_ticket(forged).kind() == crier::verdict::kind_refused;
        };
        require(refuses(), name); // what is made once is made now
        count(name, refuses);
    }
}

} // namespace

int main()
{
    for (const std::size_t n : {4096u, 8192u})
        linear(n);
    independent();
}
