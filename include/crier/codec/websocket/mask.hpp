#ifndef CRIER_CODEC_WEBSOCKET_MASK_HPP
#define CRIER_CODEC_WEBSOCKET_MASK_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace crier {

/// Applies a masking key in place (RFC 6455 section 5.3): byte i is xored with key[(phase + i) %
/// 4]. Masking and unmasking are the same. Returns the phase for the byte that follows.
inline unsigned apply_mask(char* data, std::size_t size, std::array<unsigned char, 4> key,
                           unsigned phase = 0) noexcept
{
    std::array<unsigned char, 8> pattern;
    for (unsigned i = 0; i < 8; ++i)
        pattern[i] = key[(phase + i) % 4];
    std::uint64_t wide;
    std::memcpy(&wide, pattern.data(), 8);

    std::size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, data + at, 8);
        word ^= wide;
        std::memcpy(data + at, &word, 8);
    }
    for (; at < size; ++at)
        data[at] = static_cast<char>(static_cast<unsigned char>(data[at]) ^ pattern[at % 8]);
    return static_cast<unsigned>((phase + size) % 4);
}

} // namespace crier

#endif
