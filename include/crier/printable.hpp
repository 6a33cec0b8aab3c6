#ifndef CRIER_PRINTABLE_HPP
#define CRIER_PRINTABLE_HPP

#include <string>
#include <string_view>

namespace crier {

/// Any text as printable ASCII, for logs: each other byte is written as `\xNN`. So a uid, a header or
/// a message makes no line of its own there, and moves no terminal's cursor. A `\` stays one.
inline std::string printable(std::string_view text)
{
    constexpr const char* digits = "0123456789abcdef";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c >= ' ' && c <= '~') {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

} // namespace crier

#endif
