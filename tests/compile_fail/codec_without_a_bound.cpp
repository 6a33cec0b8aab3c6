// expect: a framing_codec has `std::size_t max_unfinished_bytes() const`
#include <crier/concepts/codec.hpp>

struct codec
{
#ifdef CRIER_MISTAKE
    std::size_t max_unfinished_bytes()
    {
        return 0;
    } // not const
#else
    std::size_t max_unfinished_bytes() const
    {
        return 0;
    }
#endif

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);
    };

    static crier::frame encode(crier::message_view)
    {
        return {};
    }
};
static_assert(crier::check_codec<codec>());
