// expect: a server with crier::threads needs transports whose stream has `void move_to(
#include <crier/crier.hpp>

struct transport : crier::transport_archetype
{
    struct stream : crier::transport_archetype::stream
    {
#ifndef CRIER_MISTAKE
        void move_to(crier::executor) noexcept {}
#endif
    };

    struct acceptor : crier::transport_archetype::acceptor
    {
        acceptor(crier::executor ex, const transport&)
            : crier::transport_archetype::acceptor(ex, {})
        {}
        std::optional<stream> accept(crier::error_code&) { return std::nullopt; }
    };
};

using scripts = crier::backend<crier::tcp, crier::text_line>;

crier::push_server<crier::clients<transport, crier::text_line>, scripts, crier::threads> server;
