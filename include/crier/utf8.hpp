#ifndef CRIER_UTF8_HPP
#define CRIER_UTF8_HPP

#include <cstdint>
#include <cstring>
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
                at = skip_ascii(at, end);
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
    static const char* skip_ascii(const char* at, const char* end) noexcept
    {
        while (end - at >= 8) {
            std::uint64_t word;
            std::memcpy(&word, at, 8);
            if (word & 0x8080808080808080u)
                break;
            at += 8;
        }
        while (at != end && static_cast<unsigned char>(*at) < 0x80)
            ++at;
        return at;
    }

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

/// True if the bytes are one complete UTF-8 text.
inline bool is_valid_utf8(std::string_view bytes) noexcept
{
    utf8_validator validator;
    return validator.consume(bytes) && validator.complete();
}

} // namespace crier

#endif
