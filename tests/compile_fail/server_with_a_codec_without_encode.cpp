// expect: a framing_codec has `static crier::frame encode(crier::message_view message)`
// without: at least one
#include <crier/crier.hpp>

struct codec
{
    std::size_t max_unfinished_bytes() const { return 0; }

    struct decoder
    {
        explicit decoder(const codec&) {}
        crier::decoded decode(std::span<char>& in);
    };

#ifndef CRIER_MISTAKE
    static crier::frame encode(crier::message_view);
#endif
};

crier::push_server<crier::clients<crier::tcp, codec>> server{{.transport = {.port = 1234}}};
