#include <crier/codec/websocket.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "allocations.hpp"
#include "readable.hpp"
#include "websocket_frames.hpp"
#include "websocket_script.hpp"

using crier::websocket;
using support::client_frame;
using support::client_header;
using support::fin;
using support::opened_decoder;
using support::pong_event;
using support::readable;
using support::some_text;
using support::text_event;
using support::upgrade_request;
namespace op = support::op;

namespace {

/// Lengths that no machine has the memory for, and some that are only too many.
constexpr std::uint64_t announced[] = {
    65'537,      100'000,       1 << 24,       0x7FFF'FFFF,           0x8000'0000,
    0xFFFF'FFFF, 0x1'0000'0000, 0x1'0000'0001, 0x7FFF'FFFF'FFFF'FFFE, 0x7FFF'FFFF'FFFF'FFFF,
};

/// Feeds a decoder past its opening, each time from memory of its own. Returns the last event that
/// is not need_more, or that.
crier::decoded::kind_type feed(opened_decoder& decoder, std::string bytes)
{
    std::span<char> in(bytes);
    crier::decoded::kind_type last = crier::decoded::kind_need_more;
    for (;;) {
        const auto kind = decoder->decode(in).kind;
        if (kind == crier::decoded::kind_need_more)
            return last;
        last = kind;
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(websocket_memory)

BOOST_AUTO_TEST_CASE(a_whole_message_is_a_view_of_the_input_and_costs_no_allocation)
{
    websocket options;
    opened_decoder decoder(options);
    std::string bytes = client_frame(fin | op::text, some_text(100)) +
                        client_frame(fin | op::binary, "b") + client_frame(fin | op::ping, "p") +
                        client_frame(fin | op::pong);
    std::span<char> in(bytes);
    const support::allocation_watch watch;
    const crier::decoded first = decoder->decode(in);
    const crier::decoded second = decoder->decode(in);
    const crier::decoded third = decoder->decode(in);
    const crier::decoded fourth = decoder->decode(in);
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations == 0u);
    BOOST_TEST(first.message.data.data() == bytes.data() + 6);
    BOOST_TEST(readable(first.message.data) == readable(some_text(100)));
    BOOST_TEST(readable(second.message.data) == readable("b"));
    BOOST_TEST(readable(third.reply) == readable(support::server_frame(fin | op::pong, "p")));
    BOOST_TEST(fourth.kind == crier::decoded::kind_need_more);
}

BOOST_AUTO_TEST_CASE(between_messages_a_decoder_holds_no_buffer)
{
    websocket options;
    opened_decoder decoder(options);
    for (const std::string_view payload : {"a", "some more text than a string has room for itself"})
    {
        std::string bytes =
            client_frame(op::text, payload) + client_frame(fin | op::continuation, payload);
        const std::string expected = std::string(payload) + std::string(payload);
        const support::allocation_watch watch;
        std::span<char> in(bytes);
        const crier::decoded message = decoder->decode(in);
        const bool same = message.message.data == expected;
        const auto during = watch.live_bytes();
        const crier::decoded nothing = decoder->decode(in);
        const auto after = watch.live_bytes();
        BOOST_TEST(same);
        BOOST_TEST(during > 0);
        BOOST_TEST(nothing.kind == crier::decoded::kind_need_more);
        BOOST_TEST(after == 0);
    }
}

BOOST_AUTO_TEST_CASE(the_opening_leaves_nothing_behind)
{
    websocket options;
    websocket::decoder decoder(options);
    std::string request(upgrade_request);
    std::span<char> in(request);
    const support::allocation_watch watch;
    const auto opening = decoder.decode(in).kind;
    const bool answered = !decoder.answer({.accepted = true}).empty();
    const auto during = watch.live_bytes();
    decoder.decode(in);
    const auto after = watch.live_bytes();
    BOOST_TEST(opening == crier::decoded::kind_opening);
    BOOST_TEST(answered);
    BOOST_TEST(during > 0);
    BOOST_TEST(after == 0);
}

BOOST_AUTO_TEST_CASE(endless_pongs_and_empty_fragments_cost_no_memory)
{
    websocket options;
    opened_decoder decoder(options);
    std::string begin = client_frame(op::text, "a");
    std::string bytes = client_frame(op::continuation) + client_frame(fin | op::pong, "x") +
                        client_frame(op::continuation) + client_frame(fin | op::pong);
    const std::string fresh = bytes;
    std::span<char> first(begin);
    decoder->decode(first);
    const support::allocation_watch watch;
    for (int i = 0; i < 20'000; ++i) {
        bytes = fresh;
        std::span<char> in(bytes);
        decoder->decode(in);
    }
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations == 0u);
}

BOOST_AUTO_TEST_CASE(no_buffer_has_the_size_that_a_header_announces)
{
    for (const bool fragmented : {false, true})
        for (const std::uint64_t length : announced) {
            const websocket options{.max_message_bytes = SIZE_MAX};
            opened_decoder decoder(options);
            const std::string bytes = (fragmented ? client_frame(op::binary, "a") +
                                                        client_header(op::continuation, length)
                                                  : client_header(fin | op::binary, length)) +
                                      std::string(1000, 'x');
            const support::allocation_watch watch;
            const auto found = feed(decoder, bytes);
            const std::size_t largest = watch.largest();
            BOOST_TEST(found == crier::decoded::kind_need_more);
            BOOST_TEST(largest < 4'096u, largest << " bytes for an announced " << length);
        }
}

BOOST_AUTO_TEST_CASE(a_buffer_grows_with_the_bytes_that_have_come)
{
    const websocket options{.max_message_bytes = 1 << 30};
    opened_decoder decoder(options);
    feed(decoder, client_header(fin | op::binary, 1 << 30));
    std::size_t come = 0;
    for (int i = 0; i < 300; ++i) {
        const support::allocation_watch watch;
        feed(decoder, std::string(1000, 'x'));
        const std::size_t largest = watch.largest();
        come += 1000;
        BOOST_TEST(largest <= 2 * come + 1'100);
    }
}

BOOST_AUTO_TEST_CASE(a_refused_length_costs_no_more_than_the_goodbye)
{
    for (const std::uint64_t length : announced) {
        const websocket options;
        opened_decoder decoder(options);
        const std::string header = client_header(fin | op::binary, length);
        const support::allocation_watch watch;
        const auto found = feed(decoder, header);
        const std::size_t largest = watch.largest();
        BOOST_TEST(found == crier::decoded::kind_failed);
        BOOST_TEST(largest < 1'024u);
    }
}

BOOST_AUTO_TEST_CASE(what_is_left_in_the_input_is_a_request_or_a_control_frame_at_most)
{
    // recorder::read checks each time that no more is left than max_unfinished_bytes.
    for (const std::size_t header_limit : {std::size_t(1), std::size_t(131), std::size_t(8192)}) {
        const websocket codec{.max_header_bytes = header_limit};
        BOOST_TEST(codec.max_unfinished_bytes() >= 131u);
        BOOST_TEST(codec.max_unfinished_bytes() <= (header_limit < 131 ? 131 : header_limit));
    }
    support::recorder<websocket> decoder(websocket{});
    decoder.read(upgrade_request);
    decoder.forget_events();
    const std::string script = client_frame(fin | op::ping, std::string(125, 'p')) +
                               client_frame(fin | op::text, std::string(5'000, 't'));
    std::size_t most = 0;
    for (const std::string_view byte : support::byte_by_byte(script)) {
        decoder.read(byte);
        most = std::max(most, decoder.unfinished_bytes());
    }
    BOOST_TEST(
        support::lines(decoder.found()) ==
        support::lines({pong_event(std::string(125, 'p')), text_event(std::string(5'000, 't'))}));
    BOOST_TEST(most == 130u); // the ping but its last byte; of the text, never more than a header
}

BOOST_AUTO_TEST_CASE(what_is_counted_stops_at_the_largest_number)
{
    websocket options;
    opened_decoder decoder(options);
    std::string pongs;
    for (int i = 0; i < 70'000; ++i)
        pongs += client_frame(fin | op::pong);
    std::span<char> in(pongs);
    BOOST_TEST(decoder->decode(in).kind == crier::decoded::kind_need_more);
    BOOST_TEST(decoder->take_counts().control == 65'535u);
    BOOST_TEST(decoder->take_counts().control == 0u);
}

BOOST_AUTO_TEST_CASE(no_bytes_are_no_request)
{
    websocket options;
    websocket::decoder decoder(options);
    std::span<char> nothing;
    BOOST_TEST(decoder.decode(nothing).kind == crier::decoded::kind_need_more);
}

BOOST_AUTO_TEST_CASE(a_message_is_under_way_from_its_first_piece_to_its_last)
{
    websocket options;
    opened_decoder decoder(options);
    BOOST_TEST(!decoder->in_message());
    feed(decoder, client_frame(op::text, "a"));
    BOOST_TEST(decoder->in_message());
    feed(decoder, client_frame(fin | op::ping));
    BOOST_TEST(decoder->in_message());
    std::string last = client_frame(fin | op::continuation, "b");
    std::span<char> in(last);
    BOOST_TEST(decoder->decode(in).kind == crier::decoded::kind_message);
    BOOST_TEST(!decoder->in_message()); // though it is kept until the next call
    feed(decoder, client_frame(fin | op::text, "\xFF"));
    BOOST_TEST(!decoder->in_message());
}

BOOST_AUTO_TEST_SUITE_END()
