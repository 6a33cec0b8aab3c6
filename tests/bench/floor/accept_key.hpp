// The answer to Sec-WebSocket-Key (RFC 6455 section 4.2.2): base64(SHA-1(key + guid)).
// The floor brings its own so that it depends on nothing that it is the yardstick of.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

// SHA-1 of a whole message (FIPS 180-4 section 6.1). Here messages are about 60 bytes.
inline std::array<unsigned char, 20> sha1(std::string_view message)
{
    std::string padded{message};
    padded.push_back('\x80');
    while (padded.size() % 64 != 56)
        padded.push_back('\0');
    const std::uint64_t bits = std::uint64_t{message.size()} * 8;
    for (int shift = 56; shift >= 0; shift -= 8)
        padded.push_back(static_cast<char>(bits >> shift));

    std::array<std::uint32_t, 5> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    for (std::size_t block = 0; block < padded.size(); block += 64) {
        std::array<std::uint32_t, 80> w;
        for (std::size_t t = 0; t < 16; ++t) {
            w[t] = 0;
            for (std::size_t i = 0; i < 4; ++i)
                w[t] = w[t] << 8 | static_cast<unsigned char>(padded[block + 4 * t + i]);
        }
        for (std::size_t t = 16; t < 80; ++t)
            w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

        auto [a, b, c, d, e] = state;
        for (std::size_t t = 0; t < 80; ++t) {
            std::uint32_t mixed;
            if (t < 20)
                mixed = ((b & c) | (~b & d)) + 0x5a827999;
            else if (t < 40)
                mixed = (b ^ c ^ d) + 0x6ed9eba1;
            else if (t < 60)
                mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
            else
                mixed = (b ^ c ^ d) + 0xca62c1d6;
            const std::uint32_t next = std::rotl(a, 5) + mixed + e + w[t];
            e = d;
            d = c;
            c = std::rotl(b, 30);
            b = a;
            a = next;
        }
        state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e};
    }

    std::array<unsigned char, 20> digest;
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] = static_cast<unsigned char>(state[i / 4] >> (24 - 8 * (i % 4)));
    return digest;
}

// Base64 with padding (RFC 4648 section 4) of a digest.
inline std::string base64(const std::array<unsigned char, 20>& bytes)
{
    static constexpr char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t have = bytes.size() - i < 3 ? bytes.size() - i : 3;
        std::uint32_t group = std::uint32_t{bytes[i]} << 16;
        if (have > 1)
            group |= std::uint32_t{bytes[i + 1]} << 8;
        if (have > 2)
            group |= bytes[i + 2];
        for (std::size_t k = 0; k < 4; ++k)
            text.push_back(k <= have ? alphabet[group >> (18 - 6 * k) & 63] : '=');
    }
    return text;
}

inline std::string accept_key(std::string_view key)
{
    return base64(sha1(std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

} // namespace bench
