// expect: the beside of a transport is `Transport beside(acceptor& first) const`
#include <crier/codec/text_line.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/listener.hpp>

struct transport : crier::transport_archetype
{
    struct acceptor : crier::transport_archetype::acceptor
    {
        acceptor(crier::executor, const transport&);
    };

#ifdef CRIER_MISTAKE
    transport beside() const;
#else
    transport beside(acceptor& first) const;
#endif
};
crier::clients<transport, crier::text_line> listener;
