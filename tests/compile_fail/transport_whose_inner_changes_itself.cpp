// expect: the inner of a transport is `Transport inner() const`
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct transport : crier::tcp
{
    struct acceptor : crier::tcp::acceptor
    {
        acceptor(crier::executor, const transport&);
    };

#ifdef CRIER_MISTAKE
    void inner();
#else
    transport inner() const;
#endif
};
crier::backend<transport, crier::text_line> listener;
