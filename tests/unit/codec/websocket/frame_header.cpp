#include <crier/codec/websocket/frame_header.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "readable.hpp"
#include "readable_error.hpp"
#include "websocket_script.hpp"

using crier::error;
using crier::frame_header_result;
using support::readable;

namespace {

frame_header_result parse(std::string_view bytes)
{
    // A copy of just this size, for the address sanitizer.
    return crier::parse_frame_header(std::span<const char>(std::string(bytes)));
}

constexpr std::uint64_t lengths[] = {
    0,   1,     124,   125,   126,       127,         128,           255,
    256, 65534, 65535, 65536, 0xFF'FFFF, 0xFFFF'FFFF, 0x1'0000'0000, 0x7FFF'FFFF'FFFF'FFFF,
};

/// What the first byte is judged to be, by RFC 6455 section 5.2.
std::optional<error> fault_of_first_byte(unsigned byte)
{
    const unsigned code = byte % 16;
    if (byte / 16 % 8 != 0)
        return error::reserved_bit_set;
    if (code != 0 && code != 1 && code != 2 && code != 8 && code != 9 && code != 10)
        return error::unknown_opcode;
    if (code >= 8 && byte < 128)
        return error::control_frame_fragmented;
    return {};
}

/// Checks that a header breaks this rule in its last byte: not before.
void check_fails_at_its_end(const std::string& bytes, error why)
{
    for (std::size_t size = 0; size < bytes.size(); ++size)
        BOOST_TEST(parse(std::string_view(bytes).substr(0, size)).status ==
                       frame_header_result::need_more,
                   readable(bytes) << " at " << size);
    for (const char* more : {"", "\xFF", "some more bytes than a header can take"}) {
        const frame_header_result result = parse(bytes + more);
        BOOST_TEST(result.status == frame_header_result::failed, readable(bytes + more));
        BOOST_TEST(result.ec == why, readable(bytes + more) << ": " << result.ec.message());
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(frame_header)

BOOST_AUTO_TEST_CASE(needs_more_until_the_header_is_whole_and_then_says_its_size)
{
    for (const unsigned first : {0x00u, 0x80u, 0x01u, 0x81u, 0x02u, 0x82u})
        for (const std::uint64_t length : lengths) {
            const std::string bytes = support::client_header(first, length);
            for (std::size_t size = 0; size < bytes.size(); ++size)
                BOOST_TEST(parse(bytes.substr(0, size)).status == frame_header_result::need_more);
            for (const char* more : {"", "payload"}) {
                const frame_header_result result = parse(bytes + more);
                BOOST_TEST_CONTEXT(readable(bytes))
                {
                    BOOST_TEST(result.status == frame_header_result::done);
                    BOOST_TEST(static_cast<unsigned>(result.header.code) == first % 16);
                    BOOST_TEST(result.header.fin == (first >= 128));
                    BOOST_TEST(result.header.payload_size == length);
                    BOOST_TEST(result.header.header_size == bytes.size());
                    const auto& mask = result.header.mask;
                    BOOST_TEST(readable({reinterpret_cast<const char*>(mask.data()), 4}) ==
                               readable(support::masking_key));
                }
            }
        }
}

BOOST_AUTO_TEST_CASE(judges_each_of_the_256_first_bytes_by_itself)
{
    for (unsigned byte = 0; byte < 256; ++byte) {
        const std::string first(1, static_cast<char>(byte));
        if (const auto why = fault_of_first_byte(byte))
            check_fails_at_its_end(first, *why);
        else
            BOOST_TEST(parse(first).status == frame_header_result::need_more, readable(first));
    }
}

BOOST_AUTO_TEST_CASE(refuses_a_frame_without_a_mask_at_its_second_byte)
{
    for (const unsigned first : {0x81u, 0x02u, 0x00u, 0x88u, 0x89u, 0x8Au})
        for (unsigned length = 0; length < 128; ++length)
            check_fails_at_its_end({static_cast<char>(first), static_cast<char>(length)},
                                   error::frame_not_masked);
}

BOOST_AUTO_TEST_CASE(refuses_a_control_frame_of_more_than_125_bytes_at_its_second_byte)
{
    for (const unsigned first : {0x88u, 0x89u, 0x8Au}) {
        for (const unsigned length : {126u, 127u})
            check_fails_at_its_end({static_cast<char>(first), static_cast<char>(128 + length)},
                                   error::control_frame_too_long);
        BOOST_TEST(parse(support::client_header(first, 125)).status == frame_header_result::done);
    }
}

BOOST_AUTO_TEST_CASE(refuses_every_two_byte_length_that_fits_in_one)
{
    for (unsigned length = 0; length < 126; ++length)
        check_fails_at_its_end(support::frame_front(0x81, length, 2, true),
                               error::length_not_minimal);
}

BOOST_AUTO_TEST_CASE(refuses_an_eight_byte_length_that_fits_in_two)
{
    for (const unsigned length : {0u, 1u, 125u, 126u, 127u, 0x1000u, 0xFFFFu})
        check_fails_at_its_end(support::frame_front(0x82, length, 8, true),
                               error::length_not_minimal);
}

BOOST_AUTO_TEST_CASE(refuses_a_length_with_its_highest_bit_set_at_that_bit)
{
    for (unsigned byte = 128; byte < 256; ++byte)
        check_fails_at_its_end({'\x82', '\xFF', static_cast<char>(byte)},
                               error::length_not_minimal);
}

BOOST_AUTO_TEST_CASE(tells_control_frames_from_data_frames)
{
    using crier::opcode;
    for (const opcode code : {opcode::continuation, opcode::text, opcode::binary})
        BOOST_TEST(!crier::is_control(code));
    for (const opcode code : {opcode::close, opcode::ping, opcode::pong})
        BOOST_TEST(crier::is_control(code));
}

BOOST_AUTO_TEST_CASE(writes_a_final_unmasked_header_of_the_announced_size)
{
    for (const crier::opcode code :
         {crier::opcode::text, crier::opcode::binary, crier::opcode::close, crier::opcode::ping,
          crier::opcode::pong})
        for (const std::uint64_t length : lengths) {
            std::array<char, crier::max_server_header_size + 1> room;
            room.fill('#');
            const std::size_t size = crier::write_frame_header(room.data(), code, length);
            const std::string expected =
                support::frame_front(0x80 | static_cast<unsigned>(code), length,
                                     support::minimal_length_bytes(length), false);
            BOOST_TEST(readable({room.data(), size}) == readable(expected));
            BOOST_TEST(crier::server_header_size(length) == size);
            BOOST_TEST(room[size] == '#'); // nothing behind the header
        }
}

BOOST_AUTO_TEST_SUITE_END()
