#ifndef CRIER_DETAIL_JSON_SCANNER_HPP
#define CRIER_DETAIL_JSON_SCANNER_HPP

#include <crier/detail/scan.hpp>
#include <crier/utf8.hpp>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace crier::detail {

/// Walks over a JSON text (RFC 8259) and judges it, building nothing. What it takes is valid UTF-8,
/// and strings hold no unpaired surrogates.
///
/// Why not a library: see docs in <crier/command.hpp>. Boost.JSON is the oracle of its tests.
class json_scanner
{
public:
    static constexpr std::size_t max_depth = 512; ///< as deep as PHP's json_decode goes

    explicit json_scanner(std::string_view text) noexcept
        : begin_(text.data()), at_(begin_), end_(begin_ + text.size())
    {}

    bool at_end() const noexcept { return at_ == end_; }
    char peek() const noexcept { return at_ == end_ ? '\0' : *at_; }

    void skip_space() noexcept
    {
        if (at_ != end_ && static_cast<unsigned char>(*at_) > ' ')
            return; // as nearly always
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r' || *at_ == '\n'))
            ++at_;
    }

    /// Takes this character, and the white space behind it, if it is the next one.
    bool take(char c) noexcept
    {
        if (at_ == end_ || *at_ != c)
            return false;
        ++at_;
        skip_space();
        return true;
    }

    /// Takes a string. `raw` is what stands between the quotes; `escaped` says whether it holds
    /// backslashes.
    bool take_string(std::string_view& raw, bool& escaped) noexcept
    {
        if (at_ == end_ || *at_ != '"')
            return false;
        const char* const begin = ++at_;
        at_ = skip_plain_json(begin_, at_, end_);
        escaped = false;
        if (at_ == end_ || *at_ != '"')
            return take_string_from(begin, raw, escaped);
        raw = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
    }

    /// Takes a number. `raw` is its text; `integer` is false if it has a fraction or an exponent.
    bool take_number(std::string_view& raw, bool& integer) noexcept
    {
        const char* const begin = at_;
        integer = true;
        if (at_ != end_ && *at_ == '-')
            ++at_;
        if (at_ != end_ && *at_ == '0')
            ++at_;
        else if (!take_digits())
            return false;
        if (at_ != end_ && *at_ == '.') {
            ++at_;
            integer = false;
            if (!take_digits())
                return false;
        }
        if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
            ++at_;
            integer = false;
            if (at_ != end_ && (*at_ == '+' || *at_ == '-'))
                ++at_;
            if (!take_digits())
                return false;
        }
        raw = {begin, static_cast<std::size_t>(at_ - begin)};
        return true;
    }

    bool take_word(std::string_view word) noexcept
    {
        if (static_cast<std::size_t>(end_ - at_) < word.size() ||
            std::memcmp(at_, word.data(), word.size()) != 0)
            return false;
        at_ += word.size();
        return true;
    }

    /// Takes any value, arrays and objects included, and the white space behind it. The value
    /// itself lies in `outer` arrays and objects already.
    bool skip_value(std::size_t outer) noexcept
    {
        if (peek() != '{' && peek() != '[') {
            if (!skip_scalar())
                return false;
            skip_space();
            return true;
        }
        std::bitset<max_depth> in_object;
        std::size_t depth = outer;
        for (;;) {
            // A value begins here.
            const char c = peek();
            if (c == '{' || c == '[') {
                if (depth == max_depth)
                    return false;
                in_object[depth++] = c == '{';
                take(c);
                if (c == '{' && peek() != '}') {
                    if (!skip_key())
                        return false;
                    continue;
                }
                if (c == '[' && peek() != ']')
                    continue;
            } else if (!skip_scalar()) {
                return false;
            }
            // A value ended, or an empty array or object is open: close what closes here.
            for (bool next = false; !next;) {
                skip_space();
                if (depth == outer)
                    return true;
                const bool object = in_object[depth - 1];
                if (take_close(object)) {
                    --depth;
                    continue;
                }
                if (!take(',') || (object && !skip_key()))
                    return false;
                next = true;
            }
        }
    }

    /// What a string with escapes means. `raw` comes from take_string.
    static void unescape(std::string_view raw, std::string& out)
    {
        out.clear();
        for (std::size_t i = 0; i < raw.size(); ++i) {
            if (raw[i] != '\\') {
                out += raw[i];
                continue;
            }
            const char c = raw[++i];
            switch (c) {
            case 'b':
                out += '\b';
                break;
            case 'f':
                out += '\f';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 't':
                out += '\t';
                break;
            case 'u': {
                std::uint32_t code = static_cast<std::uint32_t>(hex4(raw.data() + i + 1));
                i += 4;
                if (code >= 0xD800 && code < 0xDC00) {
                    code = 0x10000 + ((code - 0xD800) << 10) +
                           (static_cast<std::uint32_t>(hex4(raw.data() + i + 3)) - 0xDC00);
                    i += 6;
                }
                append_utf8(code, out);
                break;
            }
            default:
                out += c; // quote, backslash, slash
            }
        }
    }

private:
    /// The rest of a string that began at `begin`, from something on that is no plain character.
    [[gnu::noinline]] bool take_string_from(const char* begin, std::string_view& raw,
                                            bool& escaped) noexcept
    {
        for (; at_ != end_ && *at_ != '"'; at_ = skip_plain_json(begin_, at_, end_)) {
            if (*at_ == '\\') {
                escaped = true;
                if (!take_escape())
                    return false;
            } else if (!take_beyond_ascii()) {
                return false; // or a control character
            }
        }
        if (at_ == end_)
            return false;
        raw = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
    }

    /// A run of characters that are not ASCII; at least one.
    bool take_beyond_ascii() noexcept
    {
        const char* const begin = at_;
        while (at_ != end_ && static_cast<unsigned char>(*at_) >= 0x80) {
            const std::size_t size =
                utf8_character_size({at_, static_cast<std::size_t>(end_ - at_)});
            if (size == 0)
                return false;
            at_ += size;
        }
        return at_ != begin;
    }

    bool take_escape() noexcept
    {
        ++at_; // the backslash
        if (at_ == end_)
            return false;
        const char c = *at_++;
        if (c != 'u')
            return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
        const int first = take_hex4();
        if (first < 0 || (first >= 0xDC00 && first < 0xE000))
            return false;
        if (first < 0xD800 || first >= 0xDC00)
            return true;
        if (!take_word("\\u"))
            return false;
        const int second = take_hex4();
        return second >= 0xDC00 && second < 0xE000;
    }

    int take_hex4() noexcept
    {
        if (end_ - at_ < 4)
            return -1;
        const int value = hex4(at_);
        at_ += 4;
        return value;
    }

    static int hex4(const char* at) noexcept
    {
        int value = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = at[i];
            int digit;
            if (c >= '0' && c <= '9')
                digit = c - '0';
            else if (c >= 'a' && c <= 'f')
                digit = c - 'a' + 10;
            else if (c >= 'A' && c <= 'F')
                digit = c - 'A' + 10;
            else
                return -1;
            value = value << 4 | digit;
        }
        return value;
    }

    static void append_utf8(std::uint32_t code, std::string& out)
    {
        const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
        if (code < 0x80) {
            add(code);
        } else if (code < 0x800) {
            add(0xC0 | code >> 6);
            add(0x80 | (code & 0x3F));
        } else if (code < 0x10000) {
            add(0xE0 | code >> 12);
            add(0x80 | (code >> 6 & 0x3F));
            add(0x80 | (code & 0x3F));
        } else {
            add(0xF0 | code >> 18);
            add(0x80 | (code >> 12 & 0x3F));
            add(0x80 | (code >> 6 & 0x3F));
            add(0x80 | (code & 0x3F));
        }
    }

    bool take_digits() noexcept
    {
        const char* const begin = at_;
        while (at_ != end_ && *at_ >= '0' && *at_ <= '9')
            ++at_;
        return at_ != begin;
    }

    bool skip_scalar() noexcept
    {
        std::string_view raw;
        bool flag;
        switch (peek()) {
        case '"':
            return take_string(raw, flag);
        case 't':
            return take_word("true");
        case 'f':
            return take_word("false");
        case 'n':
            return take_word("null");
        default:
            return take_number(raw, flag);
        }
    }

    bool skip_key() noexcept
    {
        std::string_view raw;
        bool escaped;
        if (!take_string(raw, escaped))
            return false;
        skip_space();
        return take(':');
    }

    /// Takes the closing bracket of an object or array, leaving the space behind it.
    bool take_close(bool object) noexcept
    {
        if (at_ == end_ || *at_ != (object ? '}' : ']'))
            return false;
        ++at_;
        return true;
    }

    const char* begin_;
    const char* at_;
    const char* end_;
};

} // namespace crier::detail

#endif
