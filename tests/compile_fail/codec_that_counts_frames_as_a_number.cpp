// expect: a decoder that counts frames has `crier::frame_counts take_counts()`
#include <crier/concepts/codec.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);
#ifdef CRIER_MISTAKE
        std::size_t take_counts();
#else
        crier::frame_counts take_counts();
#endif
    };

    static crier::frame encode(crier::message_view);
};
static_assert(crier::check_codec<codec>());
