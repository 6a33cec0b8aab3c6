// expect: a framing_codec has a nested type `decoder`, public, with a constructor `explicit decoder(const Codec& options)`
#include <crier/concepts/codec.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
#ifndef CRIER_MISTAKE
        explicit decoder(const codec&) {}
#endif
        crier::decoded decode(std::span<char>& in);
    };

    static crier::frame encode(crier::message_view);
};
static_assert(crier::check_codec<codec>());
