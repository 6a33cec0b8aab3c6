#ifndef CRIER_DETAIL_HTTP_GRAMMAR_HPP
#define CRIER_DETAIL_HTTP_GRAMMAR_HPP

#include <crier/config.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

/// The grammar of what stands in the opening request's header fields, which an HTTP parser hands out
/// as they came.
namespace crier::detail {

inline char to_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

CRIER_COLD inline bool iequals(std::string_view a, std::string_view b) noexcept
{
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (to_lower(a[i]) != to_lower(b[i]))
            return false;
    return true;
}

CRIER_COLD inline std::string_view trim(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls f(element) for each element of a comma-separated list that is not empty.
template <class F>
void for_each_in_list(std::string_view list, F f)
{
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (const auto element = trim(list.substr(0, comma)); !element.empty())
            f(element);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    }
}

/// RFC 7230 section 3.2.6.
CRIER_COLD inline bool is_token(std::string_view text) noexcept
{
    for (const char c : text) {
        const bool letter_or_digit =
            (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9');
        if (!letter_or_digit &&
            std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos)
            return false;
    }
    return !text.empty();
}

/// A name, perhaps with a value that is a token or, unquoted, would be one (RFC 6455 section 9.1).
CRIER_COLD inline bool is_extension_parameter(std::string_view text)
{
    const auto equals = text.find('=');
    if (!is_token(trim(text.substr(0, equals))))
        return false;
    if (equals == std::string_view::npos)
        return true;
    const std::string_view value = trim(text.substr(equals + 1));
    if (!value.starts_with('"'))
        return is_token(value);
    std::string unquoted;
    std::size_t at = 1;
    for (; at < value.size() && value[at] != '"'; ++at) {
        if (value[at] == '\\')
            ++at;
        if (at < value.size())
            unquoted += value[at];
    }
    return at + 1 == value.size() && is_token(unquoted);
}

/// One element of Sec-WebSocket-Extensions: a name and parameters (RFC 6455 section 9.1).
CRIER_COLD inline bool is_extension(std::string_view text)
{
    auto semicolon = text.find(';');
    if (!is_token(trim(text.substr(0, semicolon))))
        return false;
    while (semicolon != std::string_view::npos) {
        text.remove_prefix(semicolon + 1);
        semicolon = text.find(';');
        if (!is_extension_parameter(text.substr(0, semicolon)))
            return false;
    }
    return true;
}

/// True for a line that only HTTP has: the first one of a request, or the one that names the host.
CRIER_COLD inline bool is_http_line(std::string_view line) noexcept
{
    const bool is_request = line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0");
    return (is_request && line.front() != '{') || iequals(line.substr(0, 5), "Host:");
}

/// No other characters may stand in a host and port (RFC 3986 section 3.2).
CRIER_COLD inline bool may_be_host(std::string_view text) noexcept
{
    for (const char c : text)
        if (!is_token({&c, 1}) && std::string_view("(),;=:[]").find(c) == std::string_view::npos)
            return false;
    return text.find_first_of("#^`|") == std::string_view::npos;
}

} // namespace crier::detail

#endif
