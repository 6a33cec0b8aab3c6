#ifndef CRIER_UTF8_HPP
#define CRIER_UTF8_HPP

#include <crier/detail/scan.hpp>
#include <crier/detail/utf8_blocks.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace crier {

/// Validates UTF-8 piece by piece and fails at the first byte that no valid text can have there
/// (RFC 3629; the table of well-formed sequences of the Unicode standard, section 3.9). No overlong
/// forms, no surrogates, nothing above U+10FFFF.
class utf8_validator
{
public:
    /// Takes the next bytes. False as soon as the text cannot become valid any more; the validator
    /// must then be reset.
    bool consume(std::string_view bytes) noexcept
    {
        const char* at = bytes.data();
        const char* const end = at + bytes.size();
        while (at != end) {
            if (missing_ == 0) {
                at = detail::skip_ascii(bytes.data(), at, end);
                if (at == end)
                    return true;
                if (!lead(static_cast<unsigned char>(*at++)))
                    return false;
            } else {
                const auto byte = static_cast<unsigned char>(*at++);
                if (byte < lowest_ || byte > highest_)
                    return false;
                lowest_ = 0x80;
                highest_ = 0xBF;
                --missing_;
            }
        }
        return true;
    }

    /// True if the text may end here: no sequence is unfinished.
    bool complete() const noexcept { return missing_ == 0; }

    /// Forgets everything, for the next text.
    void reset() noexcept { *this = {}; }

private:
    bool lead(unsigned char byte) noexcept
    {
        if (byte >= 0xC2 && byte <= 0xDF) {
            missing_ = 1;
        } else if (byte >= 0xE0 && byte <= 0xEF) {
            missing_ = 2;
            if (byte == 0xE0)
                lowest_ = 0xA0; // shorter would be overlong
            else if (byte == 0xED)
                highest_ = 0x9F; // beyond lie the surrogates
        } else if (byte >= 0xF0 && byte <= 0xF4) {
            missing_ = 3;
            if (byte == 0xF0)
                lowest_ = 0x90; // shorter would be overlong
            else if (byte == 0xF4)
                highest_ = 0x8F; // beyond lies U+110000
        } else {
            return false;
        }
        return true;
    }

    std::uint8_t missing_ = 0;
    std::uint8_t lowest_ = 0x80;
    std::uint8_t highest_ = 0xBF;
};

/// The number of bytes of the character that these bytes begin with, 1 to 4, or 0 if they begin with
/// no whole and valid one.
inline std::size_t utf8_character_size(std::string_view bytes) noexcept
{
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const auto tail = [&](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
    if (bytes.empty())
        return 0;
    const unsigned char lead = at(0);
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    if (lead < 0xE0)
        return bytes.size() >= 2 && tail(1) ? 2 : 0;
    if (lead < 0xF0) {
        if (bytes.size() < 3 || !tail(1) || !tail(2))
            return 0;
        const bool overlong = lead == 0xE0 && at(1) < 0xA0;
        const bool surrogate = lead == 0xED && at(1) > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (bytes.size() < 4 || !tail(1) || !tail(2) || !tail(3))
        return 0;
    const bool overlong = lead == 0xF0 && at(1) < 0x90;
    const bool beyond = lead == 0xF4 && at(1) > 0x8F;
    return overlong || beyond ? 0 : 4;
}

namespace detail {

/// is_valid_utf8 of the text from `begin` on, in which all is right up to `at`.
[[gnu::noinline]] inline bool is_valid_utf8_from(const char* begin, const char* at,
                                                 const char* end) noexcept
{
    for (; at != end; at = skip_ascii(begin, at, end)) {
        const std::size_t size = utf8_character_size({at, static_cast<std::size_t>(end - at)});
        if (size == 0)
            return false;
        at += size;
#if defined(__SSE2__)
        if (at - begin >= utf8_blocks::before &&
            end - begin >= utf8_blocks::before + utf8_blocks::size) {
            utf8_blocks rest;
            for (; end - at >= utf8_blocks::size; at += utf8_blocks::size)
                rest.judge(at);
            rest.judge(end - utf8_blocks::size);
            const auto from_end = [&](int n) { return static_cast<unsigned char>(end[-n]); };
            return rest.good() && from_end(1) < 0xC0 && from_end(2) < 0xE0 && from_end(3) < 0xF0;
        }
#endif
    }
    return true;
}

} // namespace detail

/// True if the bytes are one complete UTF-8 text.
inline bool is_valid_utf8(std::string_view bytes) noexcept
{
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
    const char* const at = detail::skip_ascii(begin, begin, end);
    return at == end || detail::is_valid_utf8_from(begin, at, end);
}

} // namespace crier

#endif
