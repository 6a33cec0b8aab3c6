// The client's side of RFC 6455, strict about what a server may send and no more than that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// The key is the RFC's own example, so that the right answer is known without computing it.
inline std::string upgrade_request(const std::string& host, const std::string& target)
{
    return "GET " + target + " HTTP/1.1\r\nHost: " + host +
           "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

// Empty when the answer is right, else what is wrong with it. The header ends in an empty line.
inline std::string judge_upgrade(std::string_view header)
{
    const auto lower = [](std::string_view text) {
        std::string result{text};
        for (char& c : result)
            if (c >= 'A' && c <= 'Z')
                c = static_cast<char>(c + ('a' - 'A'));
        return result;
    };
    if (!header.starts_with("HTTP/1.1 101 "))
        return "the answer is " + std::string{header.substr(0, header.find('\r'))};
    bool upgrade = false;
    bool connection = false;
    bool accept = false;
    for (std::size_t at = header.find("\r\n") + 2; at < header.size();) {
        const std::size_t end = header.find("\r\n", at);
        const std::string_view line = header.substr(at, end - at);
        at = end + 2;
        const std::size_t colon = line.find(':');
        if (colon == line.npos)
            continue;
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && value.front() == ' ')
            value.remove_prefix(1);
        while (!value.empty() && value.back() == ' ')
            value.remove_suffix(1);
        const std::string name = lower(line.substr(0, colon));
        if (name == "upgrade")
            upgrade = lower(value) == "websocket";
        else if (name == "connection")
            connection = lower(value).find("upgrade") != std::string::npos;
        else if (name == "sec-websocket-accept")
            accept = value == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        else if (name == "sec-websocket-extensions" || name == "sec-websocket-protocol")
            return name + " that nobody asked for";
    }
    if (!upgrade)
        return "no Upgrade: websocket";
    if (!connection)
        return "no Connection: Upgrade";
    if (!accept)
        return "a wrong Sec-WebSocket-Accept";
    return {};
}

// A short masked frame; a client's payloads here are uids and echoes of pings.
inline std::string client_frame(unsigned char opcode, std::string_view payload)
{
    static constexpr unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    std::string frame;
    frame.push_back(static_cast<char>(0x80 | opcode));
    if (payload.size() < 126) {
        frame.push_back(static_cast<char>(0x80 | payload.size()));
    } else {
        frame.push_back(static_cast<char>(0x80 | 126));
        frame.push_back(static_cast<char>(payload.size() >> 8));
        frame.push_back(static_cast<char>(payload.size()));
    }
    frame.append(reinterpret_cast<const char*>(mask), 4);
    for (std::size_t i = 0; i < payload.size(); ++i)
        frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    return frame;
}

struct server_frame
{
    enum class verdict { need_more, whole, bad } result = verdict::need_more;
    unsigned char opcode = 0;
    bool compressed = false;
    std::string_view payload;
    std::size_t size = 0;    // of the whole frame
    const char* reason = ""; // why it is bad
};

inline constexpr std::size_t max_server_payload = 128 * 1024;

inline server_frame read_server_frame(std::string_view bytes, bool may_be_compressed = false)
{
    server_frame frame;
    const auto bad = [&](const char* reason) {
        frame.result = server_frame::verdict::bad;
        frame.reason = reason;
        return frame;
    };
    if (bytes.size() < 2)
        return frame;
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    if (second & 0x80)
        return bad("a masked frame");
    frame.compressed = (first & 0x70) == 0x40 && may_be_compressed && (first & 0x0f) == 1;
    if ((first & 0x70) && !frame.compressed)
        return bad("a reserved bit is set");
    if (!(first & 0x80))
        return bad("no FIN: the message is in pieces");
    frame.opcode = first & 0x0f;
    std::uint64_t size = second;
    std::size_t header = 2;
    if (size >= 126) {
        header = size == 126 ? 4 : 10;
        const std::uint64_t least = size == 126 ? 126 : 65536;
        if (bytes.size() < header)
            return frame;
        size = 0;
        for (std::size_t i = 2; i < header; ++i)
            size = size << 8 | static_cast<unsigned char>(bytes[i]);
        if (size < least)
            return bad("the length is not in its shortest form");
        if (size > max_server_payload)
            return bad("longer than anything that was sent");
    }
    if (frame.opcode >= 8 && size > 125)
        return bad("a control frame of more than 125 bytes");
    if (frame.opcode != 1 && (frame.opcode < 8 || frame.opcode > 10))
        return bad(frame.opcode == 2 ? "a binary message" : "an opcode out of place");
    if (bytes.size() < header + size)
        return frame;
    frame.result = server_frame::verdict::whole;
    frame.payload = bytes.substr(header, static_cast<std::size_t>(size));
    frame.size = header + static_cast<std::size_t>(size);
    return frame;
}

} // namespace bench
