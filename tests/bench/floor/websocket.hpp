// RFC 6455 as far as the floor goes: whole, short frames of a client, and frames to it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "accept_key.hpp"

namespace bench {

// The answer to an upgrade request; empty if it has no key.
inline std::string upgrade_answer(std::string_view header)
{
    static constexpr std::string_view name = "\nsec-websocket-key:";
    const auto same = [](char a, char b) {
        return a == b || (a >= 'A' && a <= 'Z' && a + ('a' - 'A') == b);
    };
    const auto at = std::search(header.begin(), header.end(), name.begin(), name.end(), same);
    if (at == header.end())
        return {};
    std::string_view key{at + name.size(), header.end()};
    key = key.substr(0, key.find('\r'));
    while (!key.empty() && key.front() == ' ')
        key.remove_prefix(1);
    while (!key.empty() && key.back() == ' ')
        key.remove_suffix(1);
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
           accept_key(key) + "\r\n\r\n";
}

inline void append_text_frame(std::string& out, std::string_view text)
{
    unsigned char header[10] = {0x81};
    std::size_t header_bytes = 2;
    if (text.size() < 126) {
        header[1] = static_cast<unsigned char>(text.size());
    } else if (text.size() < 65536) {
        header[1] = 126;
        header[2] = static_cast<unsigned char>(text.size() >> 8);
        header[3] = static_cast<unsigned char>(text.size());
        header_bytes = 4;
    } else {
        header[1] = 127;
        for (std::size_t i = 0; i < 8; ++i)
            header[2 + i] = static_cast<unsigned char>(std::uint64_t{text.size()} >> (56 - 8 * i));
        header_bytes = 10;
    }
    out.append(reinterpret_cast<const char*>(header), header_bytes);
    out.append(text);
}

struct client_frame
{
    enum class verdict { need_more, whole, refused } result = verdict::need_more;
    unsigned opcode = 0;
    std::string payload;
    std::size_t size = 0; // of the whole frame
};

inline client_frame read_client_frame(std::string_view bytes)
{
    client_frame frame;
    if (bytes.size() < 2)
        return frame;
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    std::size_t size = second & 0x7f;
    std::size_t at = 2;
    if (size == 126) {
        if (bytes.size() < 4)
            return frame;
        size = std::size_t{static_cast<unsigned char>(bytes[2])} << 8 |
               static_cast<unsigned char>(bytes[3]);
        at = 4;
    }
    if (!(second & 0x80) || !(first & 0x80) || size == 127) {
        frame.result = client_frame::verdict::refused;
        return frame;
    }
    if (bytes.size() < at + 4 + size)
        return frame;
    frame.result = client_frame::verdict::whole;
    frame.opcode = first & 0x0f;
    frame.payload = bytes.substr(at + 4, size);
    for (std::size_t i = 0; i < size; ++i)
        frame.payload[i] = static_cast<char>(frame.payload[i] ^ bytes[at + i % 4]);
    frame.size = at + 4 + size;
    return frame;
}

} // namespace bench
