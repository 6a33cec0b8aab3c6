// In which words a server is spoken to. Lines are the wire contract of the README: a client says its uid
// first, a back end says a line and reads ok or fail. With nchan, which is HTTP, a client subscribes
// to a channel by the path of its request, and a back end posts the same line to that channel: 201 if
// somebody is subscribed, 202 if nobody is. What is delivered and verified is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace bench {

enum class protocol { lines, nchan };

inline const std::map<std::string, protocol> protocols{{"lines", protocol::lines},
                                                       {"nchan", protocol::nchan}};

enum class reply { none, ok, fail, wrong };

// The most bytes of a reply that has not come whole.
inline std::size_t longest_half_reply(protocol p)
{
    return p == protocol::lines ? 4 : 4096;
}

// What stands before the line.
inline std::string post_header(std::string_view channel, std::size_t line_bytes)
{
    return "POST /pub/" + std::string{channel} +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(line_bytes) +
           "\r\n\r\n";
}

namespace detail {

inline reply take_line(std::string_view& bytes)
{
    for (const auto& [text, meaning] : {std::pair{"ok\n", reply::ok}, {"fail\n", reply::fail}})
        if (bytes.starts_with(text)) {
            bytes.remove_prefix(std::string_view{text}.size());
            return meaning;
        }
    return reply::none; // a half one, or what is too long for one
}

inline reply take_response(std::string_view& bytes)
{
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == bytes.npos)
        return reply::none;
    const std::string_view header = bytes.substr(0, end + 2);
    static constexpr std::string_view length_field = "\r\nContent-Length: ";
    std::size_t length = 0;
    if (const std::size_t at = header.find(length_field); at != header.npos)
        for (std::size_t i = at + length_field.size(); header[i] >= '0' && header[i] <= '9'; ++i)
            length = length * 10 + static_cast<std::size_t>(header[i] - '0');
    else
        return reply::wrong;
    if (bytes.size() - end - 4 < length)
        return reply::none;
    const reply meaning = header.starts_with("HTTP/1.1 201 ")   ? reply::ok
                          : header.starts_with("HTTP/1.1 202 ") ? reply::fail
                                                                : reply::wrong;
    if (meaning != reply::wrong)
        bytes.remove_prefix(end + 4 + length);
    return meaning;
}

} // namespace detail

// Takes one reply from the front, if a whole one is there.
inline reply take_reply(protocol p, std::string_view& bytes)
{
    return p == protocol::lines ? detail::take_line(bytes) : detail::take_response(bytes);
}

} // namespace bench
