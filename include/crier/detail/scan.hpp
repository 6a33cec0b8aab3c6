#ifndef CRIER_DETAIL_SCAN_HPP
#define CRIER_DETAIL_SCAN_HPP

#include <bit>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Runs of bytes that need no second look, sixteen or eight at a time.
namespace crier::detail {

/// The first byte from `at` on that is not ASCII, or `end`.
inline const char* skip_ascii(const char* at, const char* end) noexcept
{
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        if (const auto found = static_cast<unsigned>(_mm_movemask_epi8(bytes)))
            return at + std::countr_zero(found);
    }
#endif
    for (; end - at >= 8; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        if (word & 0x8080808080808080u)
            break;
    }
    while (at != end && static_cast<unsigned char>(*at) < 0x80)
        ++at;
    return at;
}

#if defined(__SSE2__)
/// Which of sixteen bytes are no plain characters of a JSON string.
inline unsigned special_json(const char* at) noexcept
{
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    // As signed numbers, bytes that are not ASCII are below zero.
    const __m128i other = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    return static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), other)));
}
#endif

/// The first byte from `at` on that is no plain character of a JSON string: a quote, a backslash, a
/// control character, or not ASCII; or `end`. `begin` is where the text begins: what may be read.
inline const char* skip_plain_json(const char* begin, const char* at, const char* end) noexcept
{
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16)
        if (const unsigned found = special_json(at))
            return at + std::countr_zero(found);
    if (end - begin >= 16) { // the last sixteen, without those before `at`
        const auto before = static_cast<unsigned>(16 - (end - at));
        const unsigned found = special_json(end - 16) >> before;
        return found ? at + std::countr_zero(found) : end;
    }
#else
    static_cast<void>(begin);
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t high = 0x8080808080808080u;
    for (; end - at >= 8; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, at, 8);
        const std::uint64_t quote = word ^ (ones * '"');
        const std::uint64_t slash = word ^ (ones * '\\');
        if (((word - ones * 0x20) | (quote - ones) | (slash - ones) | word) & high)
            break; // perhaps; the bytes tell
    }
#endif
    while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20 &&
           static_cast<unsigned char>(*at) < 0x80)
        ++at;
    return at;
}

} // namespace crier::detail

#endif
