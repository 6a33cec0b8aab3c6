// expect: a codec with variants has `static constexpr std::size_t variants`, 1 to 256
#include <crier/concepts/codec.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);

#ifdef CRIER_MISTAKE
        std::size_t variant();
#else
        std::size_t variant() const;
#endif
    };

    static crier::frame encode(crier::message_view);
    static constexpr std::size_t variants = 2;
    static crier::frame encode(crier::message_view, std::size_t variant);
};
static_assert(crier::check_codec<codec>());
