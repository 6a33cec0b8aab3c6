#ifndef CRIER_DETAIL_JSON_SCANNER_HPP
#define CRIER_DETAIL_JSON_SCANNER_HPP

#include <crier/detail/scan.hpp>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace crier::detail {

/// Walks over the text of a JSON object (RFC 8259) and judges it, building nothing. In strings there
/// are no unpaired surrogates. That the text is UTF-8 is not judged here: there is a faster way for
/// the whole of it (is_valid_utf8).
///
/// The object's last brace stands behind all else, so that what looks for an end need not ask for
/// the text's: a text without it is taken for one that has nothing else.
///
/// Why not a library: see docs in <crier/command.hpp>. Boost.JSON is the oracle of its tests.
class json_scanner
{
public:
    static constexpr std::size_t max_depth = 512; ///< as deep as PHP's json_decode goes

    /// Stands at the first character that is no white space.
    explicit json_scanner(std::string_view text) noexcept
    {
        while (!text.empty() && is_space(text.back()))
            text.remove_suffix(1);
        if (text.empty() || text.back() != '}')
            text = "}";
        begin_ = at_ = text.data();
        end_ = begin_ + text.size() - 1;
        skip_space();
    }

    /// Nothing is left but the last brace.
    bool at_end() const noexcept { return at_ == end_; }
    char peek() const noexcept { return *at_; }

    [[gnu::always_inline]] void skip_space() noexcept
    {
        if (static_cast<unsigned char>(*at_) <= ' ')
            at_ = behind_space(at_);
    }

    /// Takes this character, which is no closing brace, and the white space behind it, if it is the
    /// next one.
    [[gnu::always_inline]] bool take(char c) noexcept
    {
        if (*at_ != c)
            return false;
        ++at_;
        skip_space();
        return true;
    }

    /// Takes a string. `raw` is what stands between the quotes; `escaped` says whether it holds
    /// backslashes.
    [[gnu::always_inline]] bool take_string(std::string_view& raw, bool& escaped) noexcept
    {
        if (*at_ != '"')
            return false;
        const char* const begin = ++at_;
        at_ = skip_plain_json(begin_, at_, end_);
        escaped = *at_ != '"';
        if (escaped && !(at_ = end_of_string(begin_, at_, end_)))
            return false;
        raw = {begin, static_cast<std::size_t>(at_ - begin)};
        ++at_;
        return true;
    }

    /// Takes a member's name, as take_string, and the colon and the white space behind it.
    [[gnu::always_inline]] bool take_key(std::string_view& raw, bool& escaped) noexcept
    {
        if (!take_string(raw, escaped))
            return false;
        skip_space();
        return take(':');
    }

    /// Takes a number. `raw` is its text; `integer` is false if it has a fraction or an exponent.
    [[gnu::always_inline]] bool take_number(std::string_view& raw, bool& integer) noexcept
    {
        const char* const begin = at_;
        at_ += *at_ == '-';
        if (*at_ == '0')
            ++at_;
        else if (!take_digits())
            return false;
        integer = *at_ != '.' && (*at_ | 0x20) != 'e';
        if (!integer && !(at_ = end_of_fraction(at_)))
            return false;
        raw = {begin, static_cast<std::size_t>(at_ - begin)};
        return true;
    }

    /// Takes any value, arrays and objects included, and the white space behind it. The value
    /// itself lies in `outer` arrays and objects already. After a false it stands nowhere.
    [[gnu::always_inline]] bool skip_value(std::size_t outer) noexcept
    {
        if (*at_ != '{' && *at_ != '[') {
            if (!skip_scalar())
                return false;
        } else if (!(at_ = end_of_nested(*this, outer))) {
            return false;
        }
        skip_space();
        return true;
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
    static bool is_space(char c) noexcept
    {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    [[gnu::noinline]] static const char* behind_space(const char* at) noexcept
    {
        while (is_space(*at))
            ++at;
        return at;
    }

    /// The quote at the end of a string, or null if it has none or is wrong. `at` is somewhere in it
    /// where no plain character is.
    [[gnu::noinline]] static const char* end_of_string(const char* begin, const char* at,
                                                       const char* end) noexcept
    {
        while (*at != '"') {
            if (*at != '\\' || !(at = end_of_escape(at + 1, end)))
                return nullptr; // a control character, or the end of the text
            if (*at != '\\')
                at = skip_plain_json(begin, at, end);
        }
        return at;
    }

    /// What is behind an escape, or null if it is wrong. `at` is behind the backslash.
    static const char* end_of_escape(const char* at, const char* end) noexcept
    {
        if (*at != 'u')
            return std::string_view("\"\\/bfnrt").find(*at) != std::string_view::npos ? at + 1
                                                                                      : nullptr;
        if (end - at < 5)
            return nullptr;
        const int first = hex4(at + 1);
        at += 5;
        if (first < 0xD800 || first >= 0xE000)
            return first < 0 ? nullptr : at;
        if (first >= 0xDC00 || end - at < 6 || at[0] != '\\' || at[1] != 'u')
            return nullptr;
        const int second = hex4(at + 2);
        return second >= 0xDC00 && second < 0xE000 ? at + 6 : nullptr;
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

    [[gnu::always_inline]] bool take_digits() noexcept
    {
        const char* const begin = at_;
        while (*at_ >= '0' && *at_ <= '9')
            ++at_;
        return at_ != begin;
    }

    /// What is behind a fraction, an exponent, or both, where one of them begins; null if it is wrong.
    [[gnu::noinline]] static const char* end_of_fraction(const char* at) noexcept
    {
        const auto digits = [&] {
            const char* const begin = at;
            while (*at >= '0' && *at <= '9')
                ++at;
            return at != begin;
        };
        if (*at == '.') {
            ++at;
            if (!digits())
                return nullptr;
        }
        if ((*at | 0x20) != 'e')
            return at;
        ++at;
        at += *at == '+' || *at == '-';
        return digits() ? at : nullptr;
    }

    [[gnu::always_inline]] bool take_word(std::string_view word) noexcept
    {
        if (static_cast<std::size_t>(end_ - at_) < word.size() ||
            std::memcmp(at_, word.data(), word.size()) != 0)
            return false;
        at_ += word.size();
        return true;
    }

    [[gnu::always_inline]] bool skip_scalar() noexcept
    {
        std::string_view raw;
        bool flag;
        switch (*at_) {
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

    [[gnu::always_inline]] bool skip_key() noexcept
    {
        std::string_view raw;
        bool escaped;
        return take_key(raw, escaped);
    }

    /// What is behind the array or object that begins where `json` stands; null if it is wrong.
    [[gnu::noinline]] static const char* end_of_nested(json_scanner json,
                                                       std::size_t outer) noexcept
    {
        std::bitset<max_depth> in_object;
        std::size_t depth = outer;
        bool object = false; // what is open
        for (;;) {
            // A value begins here.
            const char c = json.peek();
            if (c == '{' || c == '[') {
                if (depth == max_depth)
                    return nullptr;
                object = in_object[depth++] = c == '{';
                json.take(c);
                if (json.peek() != (object ? '}' : ']')) {
                    if (object && !json.skip_key())
                        return nullptr;
                    continue;
                }
            } else if (!json.skip_scalar()) {
                return nullptr;
            }
            // A value ended, or an empty array or object is open: close what closes here.
            for (;;) {
                json.skip_space();
                if (json.take(',')) {
                    if (object && !json.skip_key())
                        return nullptr;
                    break;
                }
                if (json.peek() != (object ? '}' : ']') || json.at_end())
                    return nullptr;
                ++json.at_;
                if (--depth == outer)
                    return json.at_;
                object = in_object[depth - 1];
            }
        }
    }

    const char* begin_;
    const char* at_;
    const char* end_;
};

} // namespace crier::detail

#endif
