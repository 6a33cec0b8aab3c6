#ifndef CRIER_TESTS_READABLE_HPP
#define CRIER_TESTS_READABLE_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// Bytes as a string literal would show them, for comparisons whose failure a person reads:
/// `BOOST_TEST(readable(got) == readable(expected))`. Long ones are cut in the middle; their size and
/// a hash stand for what is left out, so that equal texts still mean equal bytes.
inline std::string readable(std::string_view bytes)
{
    static constexpr std::size_t shown_in_full = 320;
    static constexpr char digits[] = "0123456789abcdef";
    const auto escape = [](std::string_view some, std::string& out) {
        for (const char c : some) {
            const auto byte = static_cast<unsigned char>(c);
            switch (c) {
            case '\r':
                out += "\\r";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\t':
                out += "\\t";
                break;
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            default:
                if (byte >= 0x20 && byte < 0x7F)
                    out += c;
                else
                    out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
            }
        }
    };

    std::string out = "\"";
    if (bytes.size() <= shown_in_full) {
        escape(bytes, out);
    } else {
        std::uint64_t hash = 0xcbf29ce484222325; // FNV-1a
        for (const char c : bytes)
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        escape(bytes.substr(0, 80), out);
        out += "\" ... " + std::to_string(bytes.size()) + " bytes, hash " + std::to_string(hash) +
               " ... \"";
        escape(bytes.substr(bytes.size() - 40), out);
    }
    return out += '"';
}

/// A list, one element a line.
inline std::string lines(const std::vector<std::string>& list)
{
    std::string out;
    for (const std::string& element : list)
        out += "\n  " + element;
    return out;
}

} // namespace support

#endif
