// expect: a codec with a close handshake has `static crier::frame encode_close(crier::close_code, std::string_view reason)`
#include <crier/concepts/codec.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);
    };

    static crier::frame encode(crier::message_view);

#ifdef CRIER_MISTAKE
    static crier::frame encode_close(crier::close_code); // nobody would ever call it
#else
    static crier::frame encode_close(crier::close_code, std::string_view reason);
#endif
};
static_assert(crier::check_codec<codec>());
