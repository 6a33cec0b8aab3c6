// expect: a decoder with an opening handshake has `const crier::opening_request& request() const`
#include <crier/concepts/codec.hpp>
#include <crier/opening.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);
#ifdef CRIER_MISTAKE
        crier::opening_request request() const;
#else
        const crier::opening_request& request() const;
#endif
        std::string_view answer(const crier::opening_answer&);
    };

    static crier::frame encode(crier::message_view);
};
static_assert(crier::check_codec<codec>());
