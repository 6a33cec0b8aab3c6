// expect: a framing_codec has `static crier::frame encode(crier::message_view message)`
#include <crier/concepts/codec.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);
    };

#ifdef CRIER_MISTAKE
    crier::frame encode(crier::message_view);
#else
    static crier::frame encode(crier::message_view);
#endif
};
static_assert(crier::check_codec<codec>());
