#include <crier/codec/websocket_deflate.hpp>
#include <crier/concepts/codec.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.hpp"
#include "readable.hpp"
#include "replay.hpp"
#include "websocket_frames.hpp"
#include "websocket_script.hpp"

using crier::deflate_message;
using crier::error;
using crier::websocket_deflate;
using support::binary_event;
using support::check_every_split;
using support::client_frame;
using support::client_header;
using support::close_payload;
using support::closed_event;
using support::events;
using support::failed_event;
using support::fin;
using support::pong_event;
using support::readable;
using support::server_frame;
using support::some_text;
using support::text_event;
namespace op = support::op;
using namespace std::string_literals;

namespace {

static_assert(crier::check_codec<websocket_deflate<>>());
static_assert(crier::codec_opens<websocket_deflate<>> && crier::codec_closes<websocket_deflate<>>);
static_assert(crier::codec_pings<websocket_deflate<>> && crier::codec_varies<websocket_deflate<>>);
static_assert(websocket_deflate<>::variants == 8);
using with_window_of_9 = websocket_deflate<crier::deflate_parameters{.max_window_bits = 9}>;
static_assert(with_window_of_9::variants == 2);

constexpr unsigned rsv1 = 0x40;

std::string request(std::string_view offers)
{
    std::string head(support::upgrade_request);
    head.resize(head.size() - 2);
    return head + "Sec-WebSocket-Extensions: " + std::string(offers) + "\r\n\r\n";
}

const std::string offer = request("permessage-deflate; client_max_window_bits");

const std::string hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"s; // RFC 7692 section 7.2.3.1

/// Checks what frames after an agreement give, however they are cut.
void check_frames(std::string_view script, const events& expected,
                  const boost::source_location& caller = BOOST_CURRENT_LOCATION)
{
    check_every_split(websocket_deflate<>{}, script, expected, offer, caller);
}

std::string corrupt_event()
{
    return "failed: " + make_error_code(error::malformed).message() + ", reply " +
           readable(
               server_frame(fin | op::close, close_payload(1007, "malformed compressed data")));
}

template <class Codec>
std::string answer(const Codec& codec, std::string_view head, std::size_t& variant)
{
    typename Codec::decoder decoder(codec);
    std::string bytes(head);
    std::span<char> in(bytes);
    BOOST_TEST_REQUIRE(decoder.decode(in).kind == crier::decoded::kind_opening);
    const std::string reply(decoder.answer({.accepted = true}));
    variant = decoder.variant();
    return reply;
}

std::string with_extension(std::string_view value)
{
    std::string expected(support::switching_protocols);
    expected.resize(expected.size() - 2);
    return expected + "Sec-WebSocket-Extensions: " + std::string(value) + "\r\n\r\n";
}

} // namespace

BOOST_AUTO_TEST_SUITE(websocket_deflate_codec)

BOOST_AUTO_TEST_CASE(the_answer_and_the_variant_say_what_was_agreed_on)
{
    const std::string forgetful =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    std::size_t variant = 99;
    BOOST_TEST(answer(websocket_deflate<>{}, offer, variant) == with_extension(forgetful));
    BOOST_TEST(variant == 1u);
    for (std::size_t bits = 9; bits <= 15; ++bits) {
        const std::string window = "; server_max_window_bits=" + std::to_string(bits);
        BOOST_TEST(answer(websocket_deflate<>{}, request("permessage-deflate" + window), variant) ==
                   with_extension(forgetful + window));
        BOOST_TEST(variant == 16 - bits);
    }
    const std::string fifteen = request("permessage-deflate; server_max_window_bits=15");
    BOOST_TEST(answer(with_window_of_9{}, fifteen, variant) ==
               with_extension(forgetful + "; server_max_window_bits=9"));
    BOOST_TEST(variant == 1u);
}

BOOST_AUTO_TEST_CASE(without_an_acceptable_offer_it_is_websocket)
{
    websocket_deflate<> closed;
    closed.accept_offers = false;
    std::size_t variant = 99;
    const std::string eight = request("permessage-deflate; server_max_window_bits=8");
    for (const std::string& reply :
         {answer(websocket_deflate<>{}, support::upgrade_request, variant),
          answer(websocket_deflate<>{}, eight, variant), answer(closed, offer, variant)})
    {
        BOOST_TEST(reply == support::switching_protocols);
        BOOST_TEST(variant == 0u);
    }
    check_every_split(websocket_deflate<>{},
                      client_frame(fin | op::text, "text") +
                          client_frame(fin | rsv1 | op::text, hello),
                      {text_event("text"), failed_event(error::reserved_bit_set)}, eight);
}

BOOST_AUTO_TEST_CASE(a_refusal_says_nothing_of_extensions)
{
    const websocket_deflate<> options;
    websocket_deflate<>::decoder decoder(options);
    std::string bytes(offer);
    std::span<char> in(bytes);
    decoder.decode(in);
    const std::string reply(decoder.answer(crier::opening_answer::respond({.status = 403})));
    BOOST_TEST(reply.starts_with("HTTP/1.1 403"));
    BOOST_TEST(reply.find("Extensions") == std::string::npos);
    BOOST_TEST(decoder.variant() == 0u);
}

BOOST_AUTO_TEST_CASE(a_plain_request_that_is_accepted_is_told_to_upgrade)
{
    std::size_t variant = 99;
    const std::string reply =
        answer(websocket_deflate<>{}, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", variant);
    BOOST_TEST(reply.starts_with("HTTP/1.1 426 "));
    BOOST_TEST(variant == 0u);
}

BOOST_AUTO_TEST_CASE(a_message_is_under_way_from_its_first_piece_to_its_last)
{
    const websocket_deflate<> codec;
    websocket_deflate<>::decoder decoder(codec);
    std::string bytes = offer;
    std::span<char> in(bytes);
    BOOST_TEST_REQUIRE(decoder.decode(in).kind == crier::decoded::kind_opening);
    decoder.answer({.accepted = true});
    const auto hear = [&](std::string frame) {
        std::span<char> left(frame);
        return decoder.decode(left).kind;
    };
    BOOST_TEST(!decoder.in_message());
    hear(client_frame(op::text, "a")); // not compressed
    BOOST_TEST(decoder.in_message());
    BOOST_TEST(hear(client_frame(fin | op::continuation, "b")) == crier::decoded::kind_message);
    BOOST_TEST(!decoder.in_message());
    hear(client_frame(rsv1 | op::text, hello.substr(0, 3)));
    BOOST_TEST(decoder.in_message());
    BOOST_TEST(hear(client_frame(fin | op::continuation, hello.substr(3))) ==
               crier::decoded::kind_message);
    BOOST_TEST(!decoder.in_message());
    hear(client_frame(fin | rsv1 | op::ping));
    BOOST_TEST(!decoder.in_message());
}

BOOST_AUTO_TEST_CASE(nothing_behind_a_violation_is_looked_at)
{
    const websocket_deflate<> codec;
    websocket_deflate<>::decoder decoder(codec);
    std::string bytes = offer;
    std::span<char> in(bytes);
    BOOST_TEST_REQUIRE(decoder.decode(in).kind == crier::decoded::kind_opening);
    decoder.answer({.accepted = true});
    std::string bad = client_frame(fin | rsv1 | op::ping), good = client_frame(fin | op::text, "a");
    in = bad;
    BOOST_TEST(decoder.decode(in).kind == crier::decoded::kind_failed);
    in = good;
    BOOST_TEST(decoder.decode(in).kind == crier::decoded::kind_need_more);
    BOOST_TEST(in.empty());
}

BOOST_AUTO_TEST_CASE(compressed_messages_however_they_are_cut)
{
    check_frames(client_frame(fin | rsv1 | op::text, hello), {text_event("Hello")});
    check_frames(client_frame(fin | rsv1 | op::binary, hello) + client_frame(fin | op::text, "a") +
                     client_frame(fin | rsv1 | op::text, "\x00"s) +
                     client_frame(fin | rsv1 | op::text),
                 {binary_event("Hello"), text_event("a"), text_event(""), text_event("")});
    std::string text;
    for (int i = 0; i < 100; ++i)
        text += std::to_string(i * 7919) + ' ';
    const std::string payload(deflate_message(text, {}, 15));
    BOOST_TEST(payload.size() > 125u); // the other form of a length
    check_frames(client_frame(fin | rsv1 | op::text, payload) + client_frame(fin | op::ping, "p"),
                 {text_event(text), pong_event("p")});
}

BOOST_AUTO_TEST_CASE(compressed_fragments_however_they_are_cut)
{
    check_frames(client_frame(rsv1 | op::text, hello.substr(0, 3)) +
                     client_frame(op::continuation) +
                     client_frame(fin | op::continuation, hello.substr(3)),
                 {text_event("Hello")});
    check_frames(client_frame(rsv1 | op::binary) + client_frame(fin | op::ping, "p") +
                     client_frame(op::continuation, hello) + client_frame(fin | op::pong) +
                     client_frame(fin | op::continuation) + client_frame(fin | op::text, "a"),
                 {pong_event("p"), binary_event("Hello"), text_event("a")});
    check_frames(client_frame(rsv1 | op::text, hello) +
                     client_frame(fin | op::close, close_payload(1000)),
                 {closed_event(1000)});
}

BOOST_AUTO_TEST_CASE(messages_that_are_not_compressed_are_as_ever)
{
    check_frames(client_frame(op::text, "a") + client_frame(fin | op::ping, "p") +
                     client_frame(fin | op::continuation, "b") +
                     client_frame(fin | rsv1 | op::text, hello) + client_frame(fin | op::binary),
                 {pong_event("p"), text_event("ab"), text_event("Hello"), binary_event("")});
    check_frames(client_frame(fin | op::text, "\xC0\x80"), {failed_event(error::invalid_utf8)});
    check_frames(client_frame(op::text, "a") + client_frame(fin | op::text, "b"),
                 {failed_event(error::continuation_expected)});
}

BOOST_AUTO_TEST_CASE(rsv1_stands_on_the_first_frame_of_a_message_and_nowhere_else)
{
    const events reserved{failed_event(error::reserved_bit_set)};
    for (const unsigned code : {op::ping, op::pong, op::close, op::continuation}) {
        check_frames(client_frame(fin | rsv1 | code, "x"), reserved);
        check_frames(server_frame(fin | rsv1 | code, "not masked either"), reserved);
        check_frames(client_frame(rsv1 | code, "without FIN"), reserved);
    }
    for (const unsigned first : {op::text, rsv1 | op::text}) {
        const std::string begin = client_frame(first, "JJ"); // text, or the beginning of a block
        check_frames(begin + client_frame(fin | rsv1 | op::continuation, "x"), reserved);
        check_frames(begin + client_frame(rsv1 | op::continuation), reserved);
        check_frames(begin + client_frame(fin | rsv1 | op::ping), reserved);
    }
    for (const unsigned bits : {0x20u, 0x10u, 0x60u, 0x50u, 0x30u, 0x70u})
        check_frames(client_frame(fin | bits | op::text, hello), reserved);
}

BOOST_AUTO_TEST_CASE(the_order_of_frames_is_watched)
{
    const std::string begin = client_frame(rsv1 | op::text, hello);
    check_frames(begin + client_frame(fin | op::text, "x"),
                 {failed_event(error::continuation_expected)});
    check_frames(begin + client_frame(fin | rsv1 | op::text, hello),
                 {failed_event(error::continuation_expected)});
    check_frames(client_frame(fin | rsv1 | op::text, hello) + client_frame(fin | op::continuation),
                 {text_event("Hello"), failed_event(error::unexpected_continuation)});
    check_frames(client_frame(fin | rsv1 | 0x3, hello), {failed_event(error::unknown_opcode)});
    check_frames(std::string("\xC1\x07"), {failed_event(error::frame_not_masked)});
}

BOOST_AUTO_TEST_CASE(what_is_no_deflate_data_is_1007)
{
    for (const std::string& bad : {"\x07"s, "\x02\x03\x00"s, hello.substr(0, 4), "text"s}) {
        check_frames(client_frame(fin | rsv1 | op::binary, bad), {corrupt_event()});
        check_frames(client_frame(rsv1 | op::text, bad) + client_frame(fin | op::continuation) +
                         client_frame(fin | op::text, "late"),
                     {corrupt_event()});
    }
}

BOOST_AUTO_TEST_CASE(the_text_is_checked_and_not_its_compressed_bytes)
{
    const std::string bad = std::string(50, 'a') + "\xFF";
    const std::string payload(deflate_message(bad, {}, 15));
    check_frames(client_frame(fin | rsv1 | op::text, payload), {failed_event(error::invalid_utf8)});
    check_frames(client_frame(fin | rsv1 | op::binary, payload), {binary_event(bad)});
}

BOOST_AUTO_TEST_CASE(the_limit_is_of_what_was_inflated)
{
    websocket_deflate<> codec;
    codec.max_message_bytes = 100;
    const auto payload = [](std::size_t size) {
        return std::string(deflate_message(std::string(size, 'a'), {}, 15));
    };
    const events too_large{failed_event(error::message_too_large)};
    check_every_split(codec, client_frame(fin | rsv1 | op::text, payload(100)),
                      {text_event(std::string(100, 'a'))}, offer);
    for (const std::size_t size : {101u, 100'000u})
        check_every_split(codec, client_frame(fin | rsv1 | op::text, payload(size)), too_large,
                          offer);
    // Compressed it may be a bit more, but not without a bound.
    const std::string empty_blocks = "\x00\x00\x00\xFF\xFF"s;
    check_every_split(codec, client_header(fin | rsv1 | op::text, 100 + 12 + 65), too_large, offer);
    check_every_split(codec,
                      client_frame(rsv1 | op::text, empty_blocks) +
                          client_header(fin | op::continuation, 100 + 12 + 64 - 4),
                      too_large, offer);
    check_every_split(codec, client_header(fin | op::text, 101), too_large, offer);
    codec.max_message_bytes = SIZE_MAX;
    check_every_split(codec, client_frame(fin | rsv1 | op::text, hello), {text_event("Hello")},
                      offer);
}

BOOST_AUTO_TEST_CASE(each_variant_is_a_frame_of_its_own)
{
    const std::string text = some_text(700) + some_text(700);
    BOOST_TEST((websocket_deflate<>::encode(text, 0) == crier::websocket::encode(text)));
    for (std::size_t variant = 1; variant < websocket_deflate<>::variants; ++variant) {
        const std::string payload(deflate_message(text, {}, 16 - static_cast<int>(variant)));
        const auto frame = websocket_deflate<>::encode(text, variant);
        BOOST_TEST(readable(frame.bytes()) ==
                   readable(server_frame(fin | rsv1 | op::text, payload)));
        const auto binary =
            websocket_deflate<>::encode({text, crier::message_kind::binary}, variant);
        BOOST_TEST(readable(binary.bytes()) ==
                   readable(server_frame(fin | rsv1 | op::binary, payload)));
    }
}

BOOST_AUTO_TEST_CASE(what_is_small_or_gets_no_smaller_is_sent_as_it_is)
{
    using eager = websocket_deflate<crier::deflate_parameters{.threshold_bytes = 0}>;
    const auto plain = [](std::string_view text) { return crier::websocket::encode(text); };
    const std::string letters(255, 'a');
    BOOST_TEST((websocket_deflate<>::encode(letters, 1) == plain(letters)));
    BOOST_TEST((websocket_deflate<>::encode(letters + 'a', 1) != plain(letters + 'a')));
    BOOST_TEST((eager::encode(letters, 1) != plain(letters)));
    BOOST_TEST((eager::encode("", 1) == plain("")));
    BOOST_TEST((eager::encode("a", 1) == plain("a")));
    std::string every_byte;
    for (int c = 0; c < 256; ++c)
        every_byte += static_cast<char>(c);
    BOOST_TEST((eager::encode({every_byte, crier::message_kind::text}, 1) == plain(every_byte)));
}

BOOST_AUTO_TEST_CASE(between_messages_a_decoder_holds_no_memory)
{
    const websocket_deflate<> options;
    websocket_deflate<>::decoder decoder(options);
    const std::vector<std::string> all{
        client_frame(fin | rsv1 | op::text, hello),
        client_frame(rsv1 | op::text, hello.substr(0, 4)) +
            client_frame(fin | op::continuation, hello.substr(4)),
        client_frame(op::text, "a") + client_frame(fin | op::continuation, "b"),
        client_frame(fin | op::text, "c"), client_frame(fin | op::ping, "d")};
    crier::inflate_message(hello, 100); // has made what the thread needs
    const support::allocation_watch watch;
    const auto feed = [&](std::string bytes) {
        std::span<char> in(bytes);
        std::ptrdiff_t most = 0;
        for (;;) {
            const auto kind = decoder.decode(in).kind;
            most = std::max(most, watch.live_bytes());
            if (kind == crier::decoded::kind_opening)
                decoder.answer({.accepted = true});
            if (kind == crier::decoded::kind_need_more)
                break;
        }
        bytes = {};
        return most;
    };
    const auto opening = feed(offer);
    BOOST_TEST(opening > 0);
    BOOST_TEST(watch.live_bytes() == 0);
    for (const std::string& frames : all) {
        feed(frames);
        const auto after = watch.live_bytes();
        BOOST_TEST(after == 0, readable(frames));
    }
    feed(client_frame(rsv1 | op::text, hello)); // and in the middle of one
    const auto inside = watch.live_bytes();
    BOOST_TEST(inside > 0);
    BOOST_TEST(inside < 500);
    static_assert(sizeof(websocket_deflate<>::decoder) <= sizeof(crier::websocket::decoder) + 24);
}

BOOST_AUTO_TEST_CASE(no_buffer_has_the_size_that_a_header_announces)
{
    websocket_deflate<> options;
    options.max_message_bytes = SIZE_MAX;
    for (const std::uint64_t length : {100'000ull, 0xFFFF'FFFFull, 0x7FFF'FFFF'FFFF'FFFFull}) {
        support::recorder<websocket_deflate<>> decoder(options);
        decoder.read(offer);
        const std::string begin =
            client_header(fin | rsv1 | op::binary, length) + std::string(1000, 'x');
        const support::allocation_watch watch;
        decoder.read(begin);
        const std::size_t largest = watch.largest();
        BOOST_TEST(largest < 4096u);
        BOOST_TEST(!decoder.ended());
    }
}

BOOST_AUTO_TEST_SUITE_END()
