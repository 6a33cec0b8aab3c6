#ifndef CRIER_TESTS_WEBSOCKET_SCRIPT_HPP
#define CRIER_TESTS_WEBSOCKET_SCRIPT_HPP

#include <crier/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "readable.hpp"

// A WebSocket client's bytes and a server's answers, written down without help of the library.

namespace support {

// The first byte of a frame is `fin | op::text`, say.
inline constexpr unsigned fin = 0x80;

namespace op {

inline constexpr unsigned continuation = 0x0, text = 0x1, binary = 0x2;
inline constexpr unsigned close = 0x8, ping = 0x9, pong = 0xA;

} // namespace op

/// The request of RFC 6455 section 1.3, its last fields left out.
inline constexpr std::string_view upgrade_request =
    "GET /chat HTTP/1.1\r\n"
    "Host: server.example.com\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "\r\n";

/// The answer to it.
inline constexpr std::string_view switching_protocols =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "\r\n";

inline std::string big_endian(std::uint64_t number, std::size_t bytes)
{
    std::string out;
    for (std::size_t i = bytes; i-- > 0;)
        out += static_cast<char>(number >> (8 * i) & 0xFF);
    return out;
}

/// First byte and length, which stands in `length_bytes` bytes: 1, 2 or 8.
inline std::string frame_front(unsigned first, std::uint64_t length, std::size_t length_bytes,
                               bool masked)
{
    const unsigned flag = masked ? 0x80 : 0;
    std::string out(1, static_cast<char>(first));
    if (length_bytes == 1)
        return out += static_cast<char>(flag | length);
    out += static_cast<char>(flag | (length_bytes == 2 ? 126u : 127u));
    return out += big_endian(length, length_bytes);
}

inline std::size_t minimal_length_bytes(std::uint64_t length)
{
    return length < 126 ? 1 : length < 65536 ? 2 : 8;
}

inline constexpr std::string_view masking_key = "\x37\xFA\x21\x3D";

inline std::string masked(std::string_view payload, std::string_view key = masking_key)
{
    std::string out(payload);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<char>(out[i] ^ key[i % 4]);
    return out;
}

/// The header of a client's frame.
inline std::string client_header(unsigned first, std::uint64_t length,
                                 std::string_view key = masking_key)
{
    return frame_front(first, length, minimal_length_bytes(length), true).append(key);
}

/// A client's frame.
inline std::string client_frame(unsigned first, std::string_view payload = {},
                                std::string_view key = masking_key)
{
    return client_header(first, payload.size(), key) + masked(payload, key);
}

/// A server's frame.
inline std::string server_frame(unsigned first, std::string_view payload = {})
{
    return frame_front(first, payload.size(), minimal_length_bytes(payload.size()), false)
        .append(payload);
}

/// The payload of a close frame.
inline std::string close_payload(unsigned code, std::string_view reason = {})
{
    return big_endian(code, 2).append(reason);
}

// What to_event (replay.hpp) makes of a decoder's events.

inline std::string text_event(std::string_view payload)
{
    return "text " + readable(payload);
}
inline std::string binary_event(std::string_view payload)
{
    return "binary " + readable(payload);
}

inline std::string pong_event(std::string_view payload)
{
    return "reply " + readable(server_frame(fin | op::pong, payload));
}

/// A close frame with this code, answered by the same code; 0 is none.
inline std::string closed_event(unsigned code)
{
    return "closed " + std::to_string(code) + ", reply " +
           readable(server_frame(fin | op::close, code ? close_payload(code) : std::string()));
}

/// The end of a connection whose client broke a rule. It is told so.
inline std::string failed_event(crier::error why)
{
    const unsigned code = why == crier::error::invalid_utf8        ? 1007
                          : why == crier::error::message_too_large ? 1009
                                                                   : 1002;
    const std::string reason = make_error_code(why).message();
    return "failed: " + reason + ", reply " +
           readable(server_frame(fin | op::close, close_payload(code, reason)));
}

} // namespace support

#endif
