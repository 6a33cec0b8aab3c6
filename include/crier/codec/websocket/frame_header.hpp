#ifndef CRIER_CODEC_WEBSOCKET_FRAME_HEADER_HPP
#define CRIER_CODEC_WEBSOCKET_FRAME_HEADER_HPP

#include <crier/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace crier {

/// The kinds of frames (RFC 6455 section 5.2).
enum class opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xA,
};

constexpr bool is_control(opcode code) noexcept
{
    return (static_cast<std::uint8_t>(code) & 0x8) != 0;
}

/// A client's frame header.
struct frame_header
{
    opcode code = opcode::continuation;
    bool fin = false;
    std::array<unsigned char, 4> mask{};
    std::uint64_t payload_size = 0; ///< as announced; at most 2^63-1
    std::size_t header_size = 0;    ///< bytes that the header itself takes, 6 to 14
};

/// What parse_frame_header found.
struct frame_header_result
{
    enum { need_more, done, failed } status = need_more;
    frame_header header{}; ///< if done
    error_code ec{};       ///< if failed
};

/// Reads a client's frame header from the front of `in` and judges all that can be judged without
/// the connection's history. Fails at the first byte that breaks a rule, not at the header's end.
inline frame_header_result parse_frame_header(std::span<const char> in) noexcept
{
    const auto fail = [](error e) {
        return frame_header_result{frame_header_result::failed, {}, make_error_code(e)};
    };
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in[i]); };

    frame_header_result result;
    frame_header& header = result.header;
    if (in.empty())
        return result;
    if (byte(0) & 0x70)
        return fail(error::reserved_bit_set);
    const auto code = static_cast<std::uint8_t>(byte(0) & 0x0F);
    if ((code > 0x2 && code < 0x8) || code > 0xA)
        return fail(error::unknown_opcode);
    header.code = static_cast<opcode>(code);
    header.fin = (byte(0) & 0x80) != 0;
    if (is_control(header.code) && !header.fin)
        return fail(error::control_frame_fragmented);

    if (in.size() < 2)
        return result;
    if (!(byte(1) & 0x80))
        return fail(error::frame_not_masked);
    const unsigned length = byte(1) & 0x7F;
    if (is_control(header.code) && length > 125)
        return fail(error::control_frame_too_long);

    const std::size_t extra = length < 126 ? 0 : length == 126 ? 2 : 8;
    header.payload_size = length;
    if (extra) {
        if (in.size() > 2 && extra == 8 && (byte(2) & 0x80))
            return fail(error::length_not_minimal);
        if (in.size() < 2 + extra)
            return result;
        header.payload_size = 0;
        for (std::size_t i = 0; i < extra; ++i)
            header.payload_size = header.payload_size << 8 | byte(2 + i);
        if (header.payload_size < (extra == 2 ? 126u : 65536u))
            return fail(error::length_not_minimal);
    }

    header.header_size = 2 + extra + 4;
    if (in.size() < header.header_size)
        return result;
    for (std::size_t i = 0; i < 4; ++i)
        header.mask[i] = byte(2 + extra + i);
    result.status = frame_header_result::done;
    return result;
}

/// The most bytes that a server's frame header takes.
inline constexpr std::size_t max_server_header_size = 10;

/// Bytes that write_frame_header will write for a payload of this size.
constexpr std::size_t server_header_size(std::uint64_t payload_size) noexcept
{
    return payload_size < 126 ? 2 : payload_size < 65536 ? 4 : 10;
}

/// Writes the header of an unfragmented, unmasked server frame and returns its size.
inline std::size_t write_frame_header(char* out, opcode code, std::uint64_t payload_size) noexcept
{
    out[0] = static_cast<char>(0x80 | static_cast<std::uint8_t>(code));
    if (payload_size < 126) {
        out[1] = static_cast<char>(payload_size);
        return 2;
    }
    const std::size_t extra = payload_size < 65536 ? 2 : 8;
    out[1] = extra == 2 ? 126 : 127;
    for (std::size_t i = 0; i < extra; ++i)
        out[2 + i] = static_cast<char>(payload_size >> (8 * (extra - 1 - i)));
    return 2 + extra;
}

} // namespace crier

#endif
