#ifndef CRIER_DETAIL_SIPHASH_HPP
#define CRIER_DETAIL_SIPHASH_HPP

#include <boost/system/system_error.hpp>

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <sys/random.h>

namespace crier::detail {

/// SipHash-1-3 (Aumasson and Bernstein): a keyed hash for tables whose keys strangers choose.
class siphash
{
public:
    siphash(std::uint64_t key0, std::uint64_t key1) noexcept : key0_(key0), key1_(key1) {}

    /// Keyed by the system's random numbers; throws boost::system::system_error if it has none.
    static siphash random_key()
    {
        std::uint64_t key[2];
        if (::getentropy(key, sizeof(key)) == -1)
            throw boost::system::system_error(errno, boost::system::system_category(),
                                              "getentropy");
        return {key[0], key[1]};
    }

    std::uint64_t operator()(std::string_view bytes) const noexcept
    {
        state s{key0_ ^ 0x736f6d6570736575u, key1_ ^ 0x646f72616e646f6du,
                key0_ ^ 0x6c7967656e657261u, key1_ ^ 0x7465646279746573u};
        const char* at = bytes.data();
        std::size_t left = bytes.size();
        for (; left >= 8; left -= 8, at += 8)
            s.absorb(load<std::uint64_t>(at));
        s.absorb(last_word(at, left, bytes.size() >= 8) | std::uint64_t(bytes.size()) << 56);
        s.v2 ^= 0xFF;
        for (int i = 0; i < 3; ++i)
            s.round();
        return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
    }

private:
    struct state
    {
        std::uint64_t v0, v1, v2, v3;

        void round() noexcept
        {
            v0 += v1;
            v1 = std::rotl(v1, 13) ^ v0;
            v0 = std::rotl(v0, 32);
            v2 += v3;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 += v3;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 += v1;
            v1 = std::rotl(v1, 17) ^ v2;
            v2 = std::rotl(v2, 32);
        }

        void absorb(std::uint64_t word) noexcept
        {
            v3 ^= word;
            round();
            v0 ^= word;
        }
    };

    /// The bytes there as a number, the first lowest.
    template <class Number>
    static Number load(const char* at) noexcept
    {
        Number number;
        std::memcpy(&number, at, sizeof(number));
        if constexpr (std::endian::native == std::endian::big)
            number = sizeof(number) == 8 ? Number(__builtin_bswap64(number))
                                         : Number(__builtin_bswap32(std::uint32_t(number)));
        return number;
    }

    /// The last bytes, less than eight, filled up with zeros. `more` says that eight may be read in front
    /// of their end.
    static std::uint64_t last_word(const char* at, std::size_t left, bool more) noexcept
    {
        if (left == 0)
            return 0;
        if (more)
            return load<std::uint64_t>(at + left - 8) >> (64 - 8 * left);
        if (left >= 4)
            return load<std::uint32_t>(at) | std::uint64_t(load<std::uint32_t>(at + left - 4))
                                                 << (8 * left - 32);
        const auto byte = [&](std::size_t i) {
            return std::uint64_t(static_cast<unsigned char>(at[i])) << (8 * i);
        };
        return byte(0) | byte(left / 2) | byte(left - 1);
    }

    std::uint64_t key0_, key1_;
};

} // namespace crier::detail

#endif
