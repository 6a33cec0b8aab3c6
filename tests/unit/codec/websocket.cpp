#include <crier/codec/websocket.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "readable.hpp"
#include "replay.hpp"
#include "websocket_frames.hpp"
#include "websocket_script.hpp"

// What comes after the opening handshake, and what is sent. The handshake is in websocket_opening.cpp;
// limits, memory, UTF-8 and random conversations are in the files beside it.

using crier::error;
using crier::websocket;
using support::binary_event;
using support::check_frames;
using support::check_some_splits;
using support::client_frame;
using support::close_payload;
using support::closed_event;
using support::events;
using support::failed_event;
using support::fin;
using support::opened_decoder;
using support::pong_event;
using support::readable;
using support::some_text;
using support::text_event;
using support::upgrade_request;
namespace op = support::op;

BOOST_AUTO_TEST_SUITE(websocket_frames)

BOOST_AUTO_TEST_CASE(the_opening_is_handed_over_and_frames_follow_it_in_the_same_bytes)
{
    support::check_every_split(websocket{},
                               std::string(upgrade_request) + client_frame(fin | op::text, "1234") +
                                   client_frame(fin | op::ping),
                               {"opening", "answer " + readable(support::switching_protocols),
                                text_event("1234"), pong_event("")});
}

BOOST_AUTO_TEST_CASE(messages_come_whole_and_in_their_order)
{
    check_frames(client_frame(fin | op::text, "one") + client_frame(fin | op::binary, "\x80\xFF") +
                     client_frame(fin | op::text) + client_frame(fin | op::binary) +
                     client_frame(fin | op::text, "\xC3\xA9"),
                 {text_event("one"), binary_event("\x80\xFF"), text_event(""), binary_event(""),
                  text_event("\xC3\xA9")});
}

BOOST_AUTO_TEST_CASE(every_masking_key_is_taken_off)
{
    using namespace std::string_view_literals;
    for (const std::string_view key : {"\0\0\0\0"sv, "\xFF\xFF\xFF\xFF"sv, "\0\0\0\1"sv, "abcd"sv})
        check_frames(client_frame(fin | op::text, "one text", key) +
                         client_frame(fin | op::ping, "another", key) +
                         client_frame(op::text, "in ", key) +
                         client_frame(fin | op::continuation, "pieces"),
                     {text_event("one text"), pong_event("another"), text_event("in pieces")});
}

BOOST_AUTO_TEST_CASE(a_message_may_have_any_length)
{
    for (const std::size_t size : {124u, 125u, 126u, 127u, 128u, 255u, 256u}) {
        const std::string payload = some_text(size);
        check_frames(client_frame(fin | op::text, payload) + client_frame(fin | op::text, "next"),
                     {text_event(payload), text_event("next")});
    }
    for (const std::size_t size : {65534u, 65535u, 65536u, 65537u, 200'000u}) {
        const std::string payload = some_text(size);
        check_some_splits(client_frame(fin | op::binary, payload) +
                              client_frame(fin | op::text, "next"),
                          {binary_event(payload), text_event("next")});
    }
}

BOOST_AUTO_TEST_CASE(fragments_make_one_message_of_their_first_one_s_kind)
{
    check_frames(client_frame(op::text, "one ") + client_frame(op::continuation, "two ") +
                     client_frame(fin | op::continuation, "three"),
                 {text_event("one two three")});
    check_frames(client_frame(op::binary, "\xFF") + client_frame(fin | op::continuation, "\xFE"),
                 {binary_event("\xFF\xFE")});
}

BOOST_AUTO_TEST_CASE(fragments_may_be_empty)
{
    const std::string nothing = client_frame(op::continuation);
    check_frames(client_frame(op::text) + client_frame(fin | op::continuation), {text_event("")});
    check_frames(client_frame(op::text) + nothing + client_frame(fin | op::continuation, "end"),
                 {text_event("end")});
    check_frames(client_frame(op::text, "start") + nothing + nothing +
                     client_frame(fin | op::continuation),
                 {text_event("start")});
    check_frames(client_frame(op::binary) + nothing + client_frame(fin | op::continuation),
                 {binary_event("")});
}

BOOST_AUTO_TEST_CASE(messages_in_fragments_and_whole_ones_follow_each_other)
{
    const std::string in_two =
        client_frame(op::text, "a") + client_frame(fin | op::continuation, "b");
    check_frames(in_two + client_frame(fin | op::text, "c") + in_two + in_two,
                 {text_event("ab"), text_event("c"), text_event("ab"), text_event("ab")});
}

BOOST_AUTO_TEST_CASE(control_frames_are_answered_between_fragments)
{
    check_frames(
        client_frame(fin | op::ping, "1") + client_frame(op::text, "a") +
            client_frame(fin | op::ping, "2") + client_frame(fin | op::pong, "x") +
            client_frame(op::continuation, "b") + client_frame(fin | op::ping) +
            client_frame(fin | op::continuation, "c") + client_frame(fin | op::ping, "4"),
        {pong_event("1"), pong_event("2"), pong_event(""), text_event("abc"), pong_event("4")});
}

BOOST_AUTO_TEST_CASE(a_close_between_fragments_ends_the_message_that_never_came)
{
    check_frames(client_frame(op::text, "half a mes") +
                     client_frame(fin | op::close, close_payload(1001)) +
                     client_frame(fin | op::continuation, "sage"),
                 {closed_event(1001)});
}

BOOST_AUTO_TEST_CASE(a_ping_is_answered_by_a_pong_with_its_payload)
{
    for (std::size_t size = 0; size <= 125; ++size) {
        std::string payload = some_text(size);
        if (size > 0)
            payload[size / 2] = '\xFF'; // any bytes
        support::recorder<websocket> decoder(websocket{});
        decoder.read(upgrade_request);
        decoder.forget_events();
        decoder.read(client_frame(fin | op::ping, payload));
        BOOST_TEST(support::lines(decoder.found()) == support::lines({pong_event(payload)}));
    }
    check_frames(client_frame(fin | op::ping, some_text(125)), {pong_event(some_text(125))});
}

BOOST_AUTO_TEST_CASE(every_ping_is_answered_and_no_pong)
{
    check_frames(client_frame(fin | op::ping, "a") + client_frame(fin | op::pong, "b") +
                     client_frame(fin | op::ping, "c") + client_frame(fin | op::pong) +
                     client_frame(fin | op::pong, some_text(125)) +
                     client_frame(fin | op::text, "d"),
                 {pong_event("a"), pong_event("c"), text_event("d")});
}

BOOST_AUTO_TEST_CASE(a_close_is_answered_by_its_code_without_its_reason)
{
    check_frames(client_frame(fin | op::close), {closed_event(0)});
    check_frames(client_frame(fin | op::close, close_payload(1000)), {closed_event(1000)});
    check_frames(client_frame(fin | op::close, close_payload(1001, "going away \xC3\xA9")),
                 {closed_event(1001)});
    check_frames(client_frame(fin | op::close, close_payload(4999, std::string(123, 'x'))),
                 {closed_event(4999)});
    for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u,
                                1012u, 1013u, 1014u, 3000u, 3999u, 4000u, 4999u})
        BOOST_TEST(support::lines(support::replay(
                       websocket{}, {client_frame(fin | op::close, close_payload(code))},
                       upgrade_request)) == support::lines({closed_event(code)}));
}

BOOST_AUTO_TEST_CASE(nothing_after_a_close_is_looked_at)
{
    websocket options;
    opened_decoder decoder(options);
    std::string bytes =
        client_frame(fin | op::close) + client_frame(fin | op::text, "late") + "\xFF\xFF";
    std::span<char> in(bytes);
    BOOST_TEST(decoder->decode(in).kind == crier::decoded::kind_closed);
    BOOST_TEST(decoder->decode(in).kind == crier::decoded::kind_need_more);
    BOOST_TEST(in.empty()); // thrown away, not waited for
}

BOOST_AUTO_TEST_CASE(nothing_after_a_violation_is_looked_at)
{
    websocket options;
    opened_decoder decoder(options);
    std::string bytes =
        client_frame(op::text | fin | 0x40, "compressed") + client_frame(fin | op::ping);
    std::span<char> in(bytes);
    BOOST_TEST(decoder->decode(in).kind == crier::decoded::kind_failed);
    BOOST_TEST(decoder->decode(in).kind == crier::decoded::kind_need_more);
    BOOST_TEST(in.empty());
}

BOOST_AUTO_TEST_CASE(a_close_code_that_may_not_be_sent_is_a_violation)
{
    for (const unsigned code : {0u, 1u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u,
                                2999u, 5000u, 10000u, 65535u})
        for (const std::string_view reason : {"", "why"})
            check_frames(client_frame(fin | op::close, close_payload(code, reason)),
                         {failed_event(error::bad_close_payload)});
}

BOOST_AUTO_TEST_CASE(a_close_payload_of_one_byte_is_a_violation)
{
    for (const std::string_view byte : {"\x03", "x", "\xFF"})
        check_frames(client_frame(fin | op::close, byte), {failed_event(error::bad_close_payload)});
}

BOOST_AUTO_TEST_CASE(a_close_reason_is_utf8)
{
    for (const std::string_view reason : {"\xFF", "abc\x80", "\xC3", "abc\xE2\x82", "\xED\xA0\x80"})
        check_frames(client_frame(fin | op::close, close_payload(1000, reason)),
                     {failed_event(error::invalid_utf8)});
}

BOOST_AUTO_TEST_CASE(each_first_byte_is_judged_between_messages_and_inside_one)
{
    const std::string begun = client_frame(op::text, "a");
    for (unsigned byte = 0; byte < 256; ++byte) {
        const unsigned code = byte % 16;
        const bool is_final = byte >= 128;
        const bool control = code == op::close || code == op::ping || code == op::pong;
        std::optional<error> why;
        if (byte / 16 % 8 != 0)
            why = error::reserved_bit_set;
        else if (code > 2 && !control)
            why = error::unknown_opcode;
        else if (control && !is_final)
            why = error::control_frame_fragmented;

        events outside, inside;
        if (why)
            outside = inside = {failed_event(*why)};
        else if (code == op::close)
            outside = inside = {closed_event(0)};
        else if (code == op::ping)
            outside = inside = {pong_event("")};
        else if (code == op::continuation) {
            outside = {failed_event(error::unexpected_continuation)};
            if (is_final)
                inside = {text_event("a")};
        } else if (code == op::text || code == op::binary) {
            inside = {failed_event(error::continuation_expected)};
            if (is_final)
                outside = {code == op::text ? text_event("") : binary_event("")};
        }
        BOOST_TEST_CONTEXT("first byte " << readable(std::string(1, static_cast<char>(byte))))
        {
            check_frames(client_frame(byte), outside);
            check_some_splits(begun + client_frame(byte), inside);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_continuation_after_the_end_of_a_message_is_a_violation)
{
    const std::string whole = client_frame(fin | op::text, "a");
    const std::string in_two =
        client_frame(op::text, "a") + client_frame(fin | op::continuation, "b");
    for (const unsigned first : {fin | op::continuation, op::continuation + 0}) {
        check_frames(whole + client_frame(first, "x"),
                     {text_event("a"), failed_event(error::unexpected_continuation)});
        check_frames(in_two + client_frame(first, "x"),
                     {text_event("ab"), failed_event(error::unexpected_continuation)});
    }
}

BOOST_AUTO_TEST_CASE(a_new_message_inside_a_fragmented_one_is_a_violation)
{
    for (const unsigned first : {fin | op::text, op::text + 0, fin | op::binary, op::binary + 0})
        check_frames(client_frame(op::text, "a") + client_frame(fin | op::ping) +
                         client_frame(first, "b"),
                     {pong_event(""), failed_event(error::continuation_expected)});
}

BOOST_AUTO_TEST_CASE(a_frame_without_a_mask_is_a_violation_at_its_second_byte)
{
    for (const unsigned first :
         {fin | op::text, op::binary + 0, fin | op::ping, fin | op::pong, fin | op::close})
    {
        const std::string frame = support::server_frame(first, "ab");
        check_frames(frame, {failed_event(error::frame_not_masked)});
        BOOST_TEST(support::bytes_until_end(websocket{}, frame, upgrade_request).value_or(0) == 2u);
    }
}

BOOST_AUTO_TEST_CASE(a_control_frame_of_more_than_125_bytes_is_a_violation_at_its_second_byte)
{
    for (const unsigned first : {fin | op::ping, fin | op::pong, fin | op::close})
        for (const std::size_t size : {126u, 70'000u}) {
            const std::string header = support::client_header(first, size);
            check_frames(header, {failed_event(error::control_frame_too_long)});
            BOOST_TEST(support::bytes_until_end(websocket{}, header, upgrade_request).value_or(0) ==
                       2u);
        }
}

BOOST_AUTO_TEST_CASE(a_length_in_more_bytes_than_it_needs_is_a_violation)
{
    for (const auto& [length, bytes] :
         {std::pair{0u, 2u}, {5u, 2u}, {125u, 2u}, {0u, 8u}, {125u, 8u}, {126u, 8u}, {65535u, 8u}})
        for (const unsigned first : {fin | op::text, op::binary + 0})
            check_frames(support::frame_front(first, length, bytes, true) +
                             std::string(support::masking_key) + "payload",
                         {failed_event(error::length_not_minimal)});
    check_frames(std::string("\x82\xFF\x80\0\0\0\0\0\0\0", 10),
                 {failed_event(error::length_not_minimal)}); // above 2^63-1
}

BOOST_AUTO_TEST_CASE(a_violation_is_told_with_its_code_and_reason)
{
    // The other tests compare with failed_event; here its bytes are written down.
    const auto told = [](const std::string& script) {
        return support::replay(websocket{}, {script}, upgrade_request).at(0);
    };
    BOOST_TEST(told(client_frame(0xC1)).find("reply \"\\x88") != std::string::npos);
    BOOST_TEST(told(client_frame(0xC1)).find("\\x03\\xea") != std::string::npos); // 1002
    BOOST_TEST(told(client_frame(fin | op::text, "\xFF")).find("\\x03\\xef") != std::string::npos);
    BOOST_TEST(told(support::client_header(fin | op::text, 1 << 30)).find("\\x03\\xf1") !=
               std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(websocket_encoding)

BOOST_AUTO_TEST_CASE(a_message_is_one_final_unmasked_frame_of_its_kind)
{
    for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 100'000u}) {
        const std::string payload = some_text(size);
        BOOST_TEST(readable(websocket::encode(payload).bytes()) ==
                   readable(support::server_frame(fin | op::text, payload)));
        BOOST_TEST(readable(websocket::encode({payload, crier::message_kind::binary}).bytes()) ==
                   readable(support::server_frame(fin | op::binary, payload)));
    }
}

BOOST_AUTO_TEST_CASE(a_ping_has_no_payload)
{
    BOOST_TEST(readable(websocket::encode_ping().bytes()) ==
               readable(support::server_frame(fin | op::ping)));
}

BOOST_AUTO_TEST_CASE(a_frame_of_any_kind_can_be_made)
{
    BOOST_TEST(readable(websocket::encode_frame(crier::opcode::pong, "p").bytes()) ==
               readable(support::server_frame(fin | op::pong, "p")));
}

BOOST_AUTO_TEST_CASE(a_close_has_its_code_and_reason_or_nothing)
{
    using crier::close_code;
    BOOST_TEST(readable(websocket::encode_close(close_code::normal, "done").bytes()) ==
               readable(support::server_frame(fin | op::close, close_payload(1000, "done"))));
    BOOST_TEST(readable(websocket::encode_close(static_cast<close_code>(4999), {}).bytes()) ==
               readable(support::server_frame(fin | op::close, close_payload(4999))));
    BOOST_TEST(readable(websocket::encode_close(close_code::none, "no code, no reason").bytes()) ==
               readable(support::server_frame(fin | op::close)));
}

BOOST_AUTO_TEST_CASE(a_close_never_has_a_code_or_reason_that_may_not_be_sent)
{
    for (const int code : {1, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535})
        BOOST_TEST(
            readable(
                websocket::encode_close(static_cast<crier::close_code>(code), "why").bytes()) ==
            readable(support::server_frame(fin | op::close, close_payload(1011, "why"))));
    for (const auto& [reason, goes] :
         std::vector<std::pair<std::string, std::string>>{{"unknown user \xFF", "unknown user "},
                                                          {"\xFF", ""},
                                                          {"a\xC3", "a"},
                                                          {"a\xC3(b", "a"}})
        BOOST_TEST(readable(websocket::encode_close(crier::close_code::normal, reason).bytes()) ==
                   readable(support::server_frame(fin | op::close, close_payload(1000, goes))));
}

BOOST_AUTO_TEST_CASE(a_close_reason_is_cut_to_what_fits_between_two_characters)
{
    const auto reason_of = [](const std::string& reason) {
        const crier::frame f = websocket::encode_close(crier::close_code::normal, reason);
        BOOST_TEST(f.size() <= 127u);
        return std::string(f.bytes().substr(4));
    };
    const std::string fits(123, 'x');
    BOOST_TEST(readable(reason_of(fits)) == readable(fits));
    BOOST_TEST(readable(reason_of(fits + 'y')) == readable(fits));
    BOOST_TEST(readable(reason_of(fits.substr(1) + "\xC3\xA9")) == readable(fits.substr(1)));
    BOOST_TEST(readable(reason_of(fits.substr(2) + "\xC3\xA9")) ==
               readable(fits.substr(2) + "\xC3\xA9"));
    for (std::size_t over = 1; over < 4; ++over)
        BOOST_TEST(readable(reason_of(fits.substr(4 - over) + "\xF0\x9F\x98\x80 more")) ==
                   readable(fits.substr(4 - over)));
    BOOST_TEST(readable(reason_of(fits.substr(4) + "\xF0\x9F\x98\x80 more")) ==
               readable(fits.substr(4) + "\xF0\x9F\x98\x80"));
    BOOST_TEST(reason_of(std::string(200, '\x80')).empty()); // no character at all
}

BOOST_AUTO_TEST_SUITE_END()
