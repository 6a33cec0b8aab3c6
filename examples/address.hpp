#ifndef CRIER_EXAMPLES_ADDRESS_HPP
#define CRIER_EXAMPLES_ADDRESS_HPP

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

/// "127.0.0.1:1234", "[::1]:1234" or "localhost:1234", taken apart.
struct host_and_port
{
    std::string host;
    std::uint16_t port;
};

/// Throws std::invalid_argument with a sentence for the user.
inline host_and_port parse_host_and_port(std::string_view text)
{
    const auto colon = text.rfind(':');
    std::string_view host = text.substr(0, colon);
    std::string_view digits =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        host = {}; // an IPv6 address without brackets: which colon is the port's?
    std::uint16_t port = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (host.empty() || digits.empty() || ec != std::errc() || end != digits.data() + digits.size())
        throw std::invalid_argument("\"" + std::string(text) +
                                    "\" is not an address: write HOST:PORT, such as 127.0.0.1:1234 "
                                    "or [::1]:1234, with a port from 0 to 65535");
    return {std::string(host), port};
}

#endif
