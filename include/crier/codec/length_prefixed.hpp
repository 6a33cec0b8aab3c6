#ifndef CRIER_CODEC_LENGTH_PREFIXED_HPP
#define CRIER_CODEC_LENGTH_PREFIXED_HPP

#include <crier/decoded.hpp>
#include <crier/frame.hpp>
#include <crier/message.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace crier {

/// Codec: a message is its length, an unsigned number of `Width` bytes in this byte order, and then
/// so many bytes. The length does not count itself.
///
/// A length above max_message_bytes ends the connection (message_too_large) as soon as it is read; no
/// memory is sized from it.
///
/// Models: framing_codec.
template <unsigned Width = 4, std::endian Order = std::endian::big>
struct length_prefixed
{
    static_assert(Width == 1 || Width == 2 || Width == 4 || Width == 8,
                  "the length of length_prefixed is 1, 2, 4 or 8 bytes wide");
    static_assert(Order == std::endian::big || Order == std::endian::little,
                  "the byte order of length_prefixed is std::endian::big or std::endian::little");

    std::size_t max_message_bytes = 64 * 1024; ///< without the length

    /// The decoding state of one connection: none.
    class decoder
    {
    public:
        explicit decoder(const length_prefixed& options) noexcept
            : max_message_bytes_(options.max_message_bytes)
        {}

        /// Takes at most one message from the front of `in`.
        decoded decode(std::span<char>& in) const noexcept
        {
            if (in.size() < Width)
                return decoded::need_more();
            const std::uint64_t size = read(in.data());
            if (size > max_message_bytes_)
                return decoded::failed(error::message_too_large);
            if (in.size() - Width < size)
                return decoded::need_more();
            const std::string_view message(in.data() + Width, static_cast<std::size_t>(size));
            in = in.subspan(Width + message.size());
            return decoded::whole(message);
        }

    private:
        std::size_t max_message_bytes_;
    };

    /// The most bytes that a decoder leaves in its input.
    std::size_t max_unfinished_bytes() const noexcept
    {
        const std::uint64_t most =
            max_message_bytes < max_length ? max_message_bytes : std::uint64_t(max_length);
        return most > SIZE_MAX - Width ? SIZE_MAX : static_cast<std::size_t>(most) + Width;
    }

    /// The length and the message. The empty frame for a message that is longer than `Width` bytes
    /// can say.
    static frame encode(message_view message)
    {
        if (message.data.size() > max_length)
            return {};
        char prefix[Width];
        for (unsigned i = 0; i < Width; ++i)
            prefix[place(i)] = static_cast<char>(std::uint64_t(message.data.size()) >> (8 * i));
        return frame::join({std::string_view(prefix, Width), message.data});
    }

private:
    static constexpr std::uint64_t max_length = UINT64_MAX >> (64 - 8 * Width);

    /// Where the byte of this significance stands.
    static constexpr unsigned place(unsigned significance) noexcept
    {
        return Order == std::endian::little ? significance : Width - 1 - significance;
    }

    static std::uint64_t read(const char* from) noexcept
    {
        std::uint64_t n = 0;
        for (unsigned i = 0; i < Width; ++i)
            n |= std::uint64_t(static_cast<unsigned char>(from[place(i)])) << (8 * i);
        return n;
    }
};

} // namespace crier

#endif
