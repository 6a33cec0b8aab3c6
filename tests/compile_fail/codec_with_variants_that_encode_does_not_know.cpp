// expect: a codec with variants has `static constexpr std::size_t variants`, 1 to 256
#include <crier/concepts/codec.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);

        std::size_t variant() const;
    };

    static crier::frame encode(crier::message_view);
    static constexpr std::size_t variants = 2;

#ifndef CRIER_MISTAKE // all would be sent the same
    static crier::frame encode(crier::message_view, std::size_t variant);
#endif
};
static_assert(crier::check_codec<codec>());
