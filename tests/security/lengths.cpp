// A frame may announce any length up to 2^64-1. Nothing is taken for it, nothing overflows, and what is
// above the limit ends the connection as soon as it is announced: in each phase, and in sums over
// fragments.
#include <crier/codec/length_prefixed.hpp>
#include <crier/codec/websocket_deflate.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.hpp"
#include "readable.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;
using crier::decoded;
using crier::error;

constexpr unsigned rsv1 = 0x40;

constexpr std::uint64_t highest_bit = std::uint64_t(1) << 63;

constexpr std::uint64_t lengths[] = {
    0x7FFF'FFFF,           0x8000'0000,           0xFFFF'FFF0,           0xFFFF'FFFF,
    0x1'0000'0000,         0x1'0000'0001,         0x20'0000'0000'0000,   0x7FFF'FFFF'FFFF'FFFE,
    0x7FFF'FFFF'FFFF'FFFF, 0x8000'0000'0000'0000, 0xFFFF'FFFF'0000'0000, 0xFFFF'FFFF'FFFF'FFF0,
    0xFFFF'FFFF'FFFF'FFFC, 0xFFFF'FFFF'FFFF'FFFF,
};

constexpr std::size_t limits[] = {
    0, 64 * 1024, 0x7FFF'FFFF, 0xFFFF'FFFF, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 1, SIZE_MAX};

/// What a page has said before, so that nothing is left of it or a message has begun.
struct phase
{
    const char* name;
    std::string said;
    unsigned first;      // byte of the frame whose length is announced
    std::size_t started; // bytes of the message so far
};

std::vector<phase> phases(bool deflate)
{
    const std::string fragment = client_frame(op::text, "0123456789");
    std::vector<phase> all{
        {"at once", "", fin | op::binary, 0},
        {"of a fragment", "", op::text, 0},
        {"behind a message", client_frame(fin | op::text, ""), fin | op::binary, 0},
        {"behind a ping", client_frame(fin | op::ping, "p"), op::binary, 0},
        {"of a continuation", fragment, op::continuation, 10},
        {"of a last continuation", fragment, fin | op::continuation, 10},
        {"of a continuation behind a ping", fragment + client_frame(fin | op::ping, "p"),
         op::continuation, 10},
        {"of a third fragment", fragment + client_frame(op::continuation, "0123456789"),
         op::continuation, 20},
    };
    if (deflate) {
        all.push_back({"of a compressed message", "", fin | rsv1 | op::text, 0});
        all.push_back({"of a compressed fragment", "", rsv1 | op::text, 0});
        all.push_back({"of a continuation of one", client_frame(rsv1 | op::text, "0123456789"),
                       op::continuation, 10});
    }
    return all;
}

/// Feeds all to a decoder in one read or byte by byte; stops at the first thing that is wrong.
template <class Decoder>
decoded feed(Decoder& decoder, std::string_view bytes, std::size_t piece)
{
    std::string left;
    decoded found = decoded::need_more();
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        left += bytes.substr(at, piece);
        std::span<char> in(left);
        do
            found = decoder.decode(in);
        while (found.kind != decoded::kind_need_more && found.kind != decoded::kind_failed &&
               found.kind != decoded::kind_closed);
        if (found.kind != decoded::kind_need_more)
            return found;
        left.assign(in.begin(), in.end());
    }
    return found;
}

template <class Codec>
void check_each_length(const Codec& options, std::string_view request, bool deflate,
                       std::size_t most_compressed)
{
    for (const phase& when : phases(deflate)) {
        const bool compressed = (when.first & rsv1) || when.said.starts_with(char(rsv1 | op::text));
        for (const std::uint64_t length : lengths) {
            const std::string announced = client_header(when.first, length) + masked("some of it");
            for (const std::size_t piece : {std::size_t(1), announced.size()}) {
                typename Codec::decoder decoder(options);
                std::string opening(request);
                std::span<char> in(opening);
                BOOST_TEST_REQUIRE(decoder.decode(in).kind == decoded::kind_opening);
                decoder.answer({.accepted = true});
                const decoded before = feed(decoder, when.said, when.said.size());
                BOOST_TEST_CONTEXT("a length of " << length << ' ' << when.name << ", limit "
                                                  << options.max_message_bytes)
                {
                    if (when.started > options.max_message_bytes && !compressed) {
                        BOOST_TEST((before.ec == error::message_too_large));
                        continue;
                    }
                    const allocation_watch watch;
                    const decoded found = feed(decoder, announced, piece);
                    const std::size_t largest = watch.largest();
                    BOOST_TEST(largest < 1024u);
                    const std::size_t limit =
                        compressed ? most_compressed : options.max_message_bytes;
                    if (length & highest_bit) {
                        BOOST_TEST((found.ec == error::length_not_minimal));
                    } else if (length > limit - when.started) {
                        BOOST_TEST((found.ec == error::message_too_large));
                        BOOST_TEST(found.reply.substr(2, 2) == big_endian(1009, 2));
                    } else {
                        BOOST_TEST(found.kind == decoded::kind_need_more);
                    }
                }
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE(lengths_announced)

BOOST_AUTO_TEST_CASE(by_a_page_in_each_phase)
{
    for (const std::size_t limit : limits)
        check_each_length(crier::websocket{.max_message_bytes = limit}, upgrade_request, false, 0);
}

BOOST_AUTO_TEST_CASE(by_a_page_that_compresses)
{
    std::string request(upgrade_request);
    request.insert(request.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    for (const std::size_t limit : limits) {
        crier::websocket_deflate<> codec;
        codec.max_message_bytes = limit;
        const std::size_t most = std::min(limit, SIZE_MAX / 2);
        check_each_length(codec, request, true, most + most / 8 + 64);
    }
}

BOOST_AUTO_TEST_CASE(of_a_control_frame_are_short_whatever_is_announced)
{
    for (const unsigned code : {op::close, op::ping, op::pong})
        for (const std::uint64_t length : lengths) {
            const crier::websocket options{.max_message_bytes = SIZE_MAX};
            crier::websocket::decoder decoder(options);
            std::string opening(upgrade_request);
            std::span<char> in(opening);
            BOOST_TEST_REQUIRE(decoder.decode(in).kind == decoded::kind_opening);
            decoder.answer({.accepted = true});
            const decoded found = feed(decoder, client_header(fin | code, length), 1);
            BOOST_TEST((found.ec == error::control_frame_too_long), length);
        }
}

/// Not `limit + Width`, which would be none at all.
BOOST_AUTO_TEST_CASE(by_a_back_end_with_a_prefix_of_eight_bytes)
{
    for (const std::size_t limit : limits)
        for (const std::uint64_t length : lengths) {
            const crier::length_prefixed<8> options{.max_message_bytes = limit};
            BOOST_TEST(options.max_unfinished_bytes() >= limit);
            crier::length_prefixed<8>::decoder decoder(options);
            std::string bytes = big_endian(length, 8) + "some of it";
            std::span<char> in(bytes);
            const allocation_watch watch;
            const decoded found = decoder.decode(in);
            const std::size_t allocations = watch.count();
            BOOST_TEST(allocations == 0u);
            BOOST_TEST((found.kind == decoded::kind_failed) == (length > limit));
            BOOST_TEST((found.kind == decoded::kind_need_more) == (length <= limit));
        }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
