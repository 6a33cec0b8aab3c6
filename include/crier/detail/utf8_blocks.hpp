#ifndef CRIER_DETAIL_UTF8_BLOCKS_HPP
#define CRIER_DETAIL_UTF8_BLOCKS_HPP

#if defined(__SSE2__)

#include <cstddef>
#include <emmintrin.h>

namespace crier::detail {

/// Judges UTF-8 sixteen bytes at a time, whatever the characters are: each byte by itself and by the
/// three before it, without a branch.
class utf8_blocks
{
public:
    static constexpr std::ptrdiff_t size = 16;
    static constexpr std::ptrdiff_t before = 3; // bytes of the same text

    /// The sixteen bytes from `at` on. That a character goes on behind them is not judged.
    void judge(const char* at) noexcept
    {
        const __m128i byte = load(at);
        const __m128i last = load(at - 1); // the byte before each
        const __m128i second_last = load(at - 2);
        const __m128i third_last = load(at - 3);

        // A byte is the continuation of a character if, and only if, it has to be.
        const __m128i is_continuation = _mm_cmplt_epi8(byte, all(0xC0)); // as signed numbers
        const __m128i has_to_be = _mm_or_si128(
            _mm_or_si128(above(last, 0xBF), above(second_last, 0xDF)), above(third_last, 0xEF));
        const __m128i has_not = _mm_cmpeq_epi8(has_to_be, _mm_setzero_si128());
        wrong_ = _mm_or_si128(wrong_, _mm_cmpeq_epi8(is_continuation, has_not));

        // No character begins with these.
        wrong_ = _mm_or_si128(wrong_, equal(_mm_and_si128(byte, all(0xFE)), 0xC0));
        wrong_ = _mm_or_si128(wrong_, above(byte, 0xF4));

        // Behind these only a part of the continuations may stand: no overlong forms, no surrogates,
        // nothing above U+10FFFF.
        const __m128i below_90 = _mm_cmplt_epi8(byte, all(0x90));
        const __m128i below_A0 = _mm_cmplt_epi8(byte, all(0xA0));
        wrong_ = _mm_or_si128(wrong_, _mm_and_si128(equal(last, 0xE0), below_A0));
        wrong_ = _mm_or_si128(wrong_, _mm_andnot_si128(below_A0, equal(last, 0xED)));
        wrong_ = _mm_or_si128(wrong_, _mm_and_si128(equal(last, 0xF0), below_90));
        wrong_ = _mm_or_si128(wrong_, _mm_andnot_si128(below_90, equal(last, 0xF4)));
    }

    /// All that was judged is right.
    bool good() const noexcept
    {
        return _mm_movemask_epi8(_mm_cmpeq_epi8(wrong_, _mm_setzero_si128())) == 0xFFFF;
    }

private:
    static __m128i load(const char* at) noexcept
    {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    }

    static __m128i all(int value) noexcept { return _mm_set1_epi8(static_cast<char>(value)); }

    static __m128i equal(__m128i bytes, int value) noexcept
    {
        return _mm_cmpeq_epi8(bytes, all(value));
    }

    /// Not zero where a byte is.
    static __m128i above(__m128i bytes, int value) noexcept
    {
        return _mm_subs_epu8(bytes, all(value));
    }

    __m128i wrong_ = _mm_setzero_si128();
};

} // namespace crier::detail

#endif

#endif
