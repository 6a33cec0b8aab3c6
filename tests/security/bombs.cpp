// A few bytes that inflate to gigabytes: no more is inflated than a message may have, and no more is
// kept than has come.
#include <crier/codec/websocket_deflate.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "allocations.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;
using crier::decoded;
using crier::error;

constexpr unsigned rsv1 = 0x40;

std::string request_with_deflate()
{
    std::string request(upgrade_request);
    request.insert(request.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    return request;
}

/// So many zeros, compressed as well as it can be: one byte for 258 of them.
std::string bomb(std::size_t size)
{
    const std::string zeros(size, '\0');
    return std::string(crier::deflate_message(zeros, {.level = 9, .memory_level = 9}, 15));
}

struct compressing_page
{
    explicit compressing_page(std::size_t limit) { codec.max_message_bytes = limit; }

    void open()
    {
        decoder = std::make_unique<crier::websocket_deflate<>::decoder>(codec);
        std::string request = request_with_deflate();
        std::span<char> in(request);
        BOOST_TEST_REQUIRE(decoder->decode(in).kind == decoded::kind_opening);
        decoder->answer({.accepted = true});
        BOOST_TEST_REQUIRE(decoder->variant() != 0u);
        // What the thread needs for itself is made once.
        BOOST_TEST((crier::inflate_message(bomb(100'000), 50'000).status ==
                    crier::inflated_message::too_large));
    }

    decoded say(std::string bytes)
    {
        said = std::move(bytes);
        std::span<char> in(said);
        return decoder->decode(in);
    }

    crier::websocket_deflate<> codec;
    std::unique_ptr<crier::websocket_deflate<>::decoder> decoder;
    std::string said;
};

BOOST_AUTO_TEST_SUITE(deflate_bombs)

BOOST_AUTO_TEST_CASE(cost_no_more_memory_than_a_message_may_have)
{
    constexpr std::size_t limit = 4096;
    const std::string payload = bomb(4'000'000);
    BOOST_TEST_REQUIRE(payload.size() < limit);
    compressing_page page(limit);
    page.open();
    const std::string bytes = client_frame(fin | rsv1 | op::binary, payload);
    const allocation_watch watch;
    const decoded found = page.say(bytes);
    const std::size_t largest = watch.largest();
    BOOST_TEST((found.ec == error::message_too_large));
    BOOST_TEST(largest <= std::max(bytes.size() + 64, limit + 64));
}

BOOST_AUTO_TEST_CASE(in_fragments_cost_no_more_than_has_come)
{
    constexpr std::size_t limit = 4096;
    const std::string payload = bomb(4'000'000);
    compressing_page page(limit);
    page.open();
    const allocation_watch watch;
    decoded found = page.say(client_frame(rsv1 | op::binary, payload.substr(0, 1)));
    for (std::size_t at = 1; at < payload.size() && found.kind == decoded::kind_need_more; ++at)
        found = page.say(client_frame(op::continuation, payload.substr(at, 1)));
    BOOST_TEST(found.kind == decoded::kind_need_more); // not a byte is inflated before it is whole
    found = page.say(client_frame(fin | op::continuation));
    const std::size_t largest = watch.largest();
    BOOST_TEST((found.ec == error::message_too_large));
    BOOST_TEST(largest <= 2 * std::max(payload.size(), limit));
}

BOOST_AUTO_TEST_CASE(whose_compressed_bytes_never_end_are_cut_off_at_a_bound)
{
    constexpr std::size_t limit = 4096;
    compressing_page page(limit);
    page.open();
    std::size_t sent = 1000;
    const std::string empty_block("\x00\x00\x00\xFF\xFF", 5); // stored, of no bytes: for ever
    std::string payload;
    while (payload.size() < 1000)
        payload += empty_block;
    decoded found = page.say(client_frame(rsv1 | op::binary, payload));
    while (found.kind == decoded::kind_need_more) {
        found = page.say(client_frame(op::continuation, payload));
        sent += payload.size();
        BOOST_TEST_REQUIRE(sent < 2 * limit);
    }
    BOOST_TEST((found.ec == error::message_too_large));
}

BOOST_AUTO_TEST_CASE(find_no_context_of_messages_before_to_refer_to)
{
    // With a context of its own the second message would be 32 KiB of the first one's bytes in few.
    compressing_page page(64 * 1024);
    page.open();
    BOOST_TEST(page.say(client_frame(fin | rsv1 | op::binary, bomb(32'768))).kind ==
               decoded::kind_message);
    // A match of length 3 at distance 1, in a block of its own (RFC 1951 section 3.2.6).
    const decoded found =
        page.say(client_frame(fin | rsv1 | op::binary, std::string("\x02\x02\0", 3)));
    BOOST_TEST((found.ec == error::malformed));
}

BOOST_AUTO_TEST_CASE(in_empty_fragments_cost_nothing_however_many)
{
    compressing_page page(4096);
    page.open();
    page.say(client_frame(rsv1 | op::text, "x"));
    std::string many;
    for (int i = 0; i < 10'000; ++i)
        many += client_frame(op::continuation);
    const allocation_watch watch;
    std::ptrdiff_t first = 0;
    for (int i = 0; i < 100; ++i) { // a million
        BOOST_TEST_REQUIRE(page.say(many).kind == decoded::kind_need_more);
        if (i == 0)
            first = watch.live_bytes();
    }
    const std::ptrdiff_t last = watch.live_bytes();
    BOOST_TEST(last == first);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
