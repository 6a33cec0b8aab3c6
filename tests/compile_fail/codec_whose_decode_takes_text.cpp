// expect: the decoder of a framing_codec has `crier::decoded decode(std::span<char>& in)`
#include <crier/concepts/codec.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
#ifdef CRIER_MISTAKE
        crier::decoded decode(const std::string_view& in);
#else
        crier::decoded decode(std::span<char>& in);
#endif
    };

    static crier::frame encode(crier::message_view)
    {
        return {};
    }
};
static_assert(crier::check_codec<codec>());
