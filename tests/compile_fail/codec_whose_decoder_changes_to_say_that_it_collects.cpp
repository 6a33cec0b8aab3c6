// expect: a decoder that collects messages has `bool in_message() const`
#include <crier/concepts/codec.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);
#ifdef CRIER_MISTAKE
        bool in_message(); // nobody would ever ask it
#else
        bool in_message() const;
#endif
    };

    static crier::frame encode(crier::message_view);
};
static_assert(crier::check_codec<codec>());
