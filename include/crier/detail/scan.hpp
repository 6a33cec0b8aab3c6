#ifndef CRIER_DETAIL_SCAN_HPP
#define CRIER_DETAIL_SCAN_HPP

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Runs of bytes that need no second look, sixteen or eight at a time.
namespace crier::detail {

/// Eight bytes, on any processor. What is found is the high bit of a byte.
class word_block
{
public:
    static constexpr std::ptrdiff_t size = 8;
    using found = std::uint64_t;

    explicit word_block(const char* at) noexcept
    {
        std::memcpy(&bytes_, at, size);
        if constexpr (std::endian::native == std::endian::big)
            bytes_ = __builtin_bswap64(bytes_);
    }

    found not_ascii() const noexcept { return bytes_ & high; }

    found not_plain_json() const noexcept
    {
        const auto below = [](std::uint64_t bytes, std::uint64_t limit) { // of each byte
            return ~(((bytes & ~high) + ones * (0x80 - limit)) | bytes) & high;
        };
        return below(bytes_, 0x20) | below(bytes_ ^ (ones * '"'), 1) |
               below(bytes_ ^ (ones * '\\'), 1);
    }

    static std::uint64_t mask(found f) noexcept { return f; }
    static int first(std::uint64_t mask) noexcept { return std::countr_zero(mask) / 8; }
    static std::uint64_t without(std::uint64_t mask, std::ptrdiff_t n) noexcept
    {
        return mask >> (8 * n) << (8 * n);
    }

private:
    static constexpr std::uint64_t ones = 0x0101010101010101u;
    static constexpr std::uint64_t high = 0x8080808080808080u;

    std::uint64_t bytes_;
};

#if defined(__SSE2__)
/// Sixteen bytes, on processors that have SSE2.
class sse2_block
{
public:
    static constexpr std::ptrdiff_t size = 16;
    using found = __m128i; // the high bits of its bytes

    explicit sse2_block(const char* at) noexcept
        : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)))
    {}

    found not_ascii() const noexcept { return bytes_; }

    found not_plain_json() const noexcept
    {
        // With this bit turned, a quote and the control characters are the bytes up to 0x20.
        const __m128i turned = _mm_xor_si128(bytes_, _mm_set1_epi8(0x02));
        const __m128i low = _mm_subs_epu8(_mm_set1_epi8(char(0x80 + 0x20)), turned);
        return low | _mm_cmpeq_epi8(bytes_, _mm_set1_epi8('\\'));
    }

    static unsigned mask(found f) noexcept { return static_cast<unsigned>(_mm_movemask_epi8(f)); }
    static int first(unsigned mask) noexcept { return std::countr_zero(mask); }
    static unsigned without(unsigned mask, std::ptrdiff_t n) noexcept { return mask >> n << n; }

private:
    __m128i bytes_;
};

using scan_block = sse2_block;
#else
using scan_block = word_block;
#endif

/// The first byte from `at` on that Stops finds in a block, or `end`. Memory may be read from
/// `begin` on. `stops` says the same of a single byte.
template <class Block, auto Stops, class StopsAt>
[[gnu::noinline]] const char* skip_blocks(const char* begin, const char* at, const char* end,
                                          StopsAt stops) noexcept
{
    constexpr std::ptrdiff_t size = Block::size;
    const auto look = [](const char* block) { return (Block(block).*Stops)(); };
    while (end - at >= 4 * size &&
           Block::mask(look(at) | look(at + size) | look(at + 2 * size) | look(at + 3 * size)) == 0)
        at += 4 * size;
    for (; end - at >= size; at += size)
        if (const auto found = Block::mask(look(at)))
            return at + Block::first(found);
    if (at != end && end - begin >= size) { // the last block, without those before `at`
        const char* const last = end - size;
        const auto found = Block::without(Block::mask(look(last)), at - last);
        return found ? last + Block::first(found) : end;
    }
    while (at != end && !stops(static_cast<unsigned char>(*at)))
        ++at;
    return at;
}

/// The first byte from `at` on that is not ASCII, or `end`. `begin` is where the text begins: what
/// may be read.
template <class Block = scan_block>
const char* skip_ascii(const char* begin, const char* at, const char* end) noexcept
{
    return skip_blocks<Block, &Block::not_ascii>(begin, at, end,
                                                 [](unsigned char c) { return c >= 0x80; });
}

/// The first byte from `at` on that is no plain character of a JSON string: a quote, a backslash or
/// a control character; or `end`. `begin` is where the text begins: what may be read.
template <class Block = scan_block>
[[gnu::always_inline]] inline const char* skip_plain_json(const char* begin, const char* at,
                                                          const char* end) noexcept
{
    if (end - at >= Block::size) // nearly always it is near
        if (const auto found = Block::mask(Block(at).not_plain_json()))
            return at + Block::first(found);
    return skip_blocks<Block, &Block::not_plain_json>(
        begin, at, end, [](unsigned char c) { return c == '"' || c == '\\' || c < 0x20; });
}

} // namespace crier::detail

#endif
