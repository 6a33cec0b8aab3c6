// expect: a framing_codec is copyable: an aggregate whose members are its options, pointers and not references
#include <crier/concepts/codec.hpp>

struct codec
{
#ifdef CRIER_MISTAKE
    const std::size_t& limit;
#else
    const std::size_t* limit;
#endif

    std::size_t max_unfinished_bytes() const
    {
        return 0;
    }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);
    };

    static crier::frame encode(crier::message_view);
};
static_assert(crier::check_codec<codec>());
