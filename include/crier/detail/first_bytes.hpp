#ifndef CRIER_DETAIL_FIRST_BYTES_HPP
#define CRIER_DETAIL_FIRST_BYTES_HPP

#include <crier/config.hpp>
#include <crier/detail/http_grammar.hpp>

#include <string_view>

namespace crier::detail {

/// What the first bytes of a connection have been so far. A web page can make a browser of this machine
/// connect to any port and say one of two things that the page has a part in: an HTTP request, with any
/// word as its method (RFC 9112 section 3), or a TLS ClientHello (RFC 8446 sections 4 and 5.1).
enum class first_bytes : unsigned char {
    none,
    word,     ///< characters of a token: perhaps a method
    blank,    ///< and a blank behind it
    scheme_1, ///< and the first ones of an absolute URL
    scheme_2,
    scheme_3,
    tls_1, ///< so many of a record with a ClientHello
    tls_2,
    tls_3,
    tls_4,
    tls_5,
    browser, ///< it is one of these
    other    ///< it is neither
};

/// True if more bytes may make a browser's of them. Those that came so far are decoded: what pushes
/// anything has a brace, and none of them is one.
constexpr bool may_be_browser(first_bytes seen) noexcept
{
    return seen < first_bytes::browser;
}

CRIER_COLD inline first_bytes with_next(first_bytes seen, char c) noexcept
{
    using enum first_bytes;
    switch (seen) {
    case none:
        if (c == '{') // of JSON, nearly always
            return other;
        if (c == '\x16') // a handshake
            return tls_1;
        return is_token({&c, 1}) ? word : other;
    case word:
        return c == ' ' ? blank : is_token({&c, 1}) ? word : other;
    case blank:
        return c == '/' || c == '*' ? browser : c == 'h' ? scheme_1 : other;
    case scheme_1:
        return c == 't' ? scheme_2 : other;
    case scheme_2:
        return c == 't' ? scheme_3 : other;
    case scheme_3:
        return c == 'p' ? browser : other;
    case tls_1:
        return c == 3 ? tls_2 : other; // the version
    case tls_2:
        return c >= 0 && c <= 4 ? tls_3 : other;
    case tls_3:
        return tls_4; // the length
    case tls_4:
        return tls_5;
    case tls_5:
        return c == 1 ? browser : other; // a ClientHello
    default:
        return seen; // it is known
    }
}

/// With all bytes of the next piece.
CRIER_COLD inline first_bytes with_next(first_bytes seen, std::string_view piece) noexcept
{
    for (const char c : piece) {
        if (!may_be_browser(seen))
            break;
        seen = with_next(seen, c);
    }
    return seen;
}

} // namespace crier::detail

#endif
