// expect: an acceptor that tells who reaches it has `bool is_private() const`
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct transport : crier::tcp
{
    struct acceptor : crier::tcp::acceptor
    {
        acceptor(crier::executor, const transport&);
#ifdef CRIER_MISTAKE
        bool is_private();
#else
        bool is_private() const;
#endif
    };

    transport inner() const;
};
crier::backend<transport, crier::text_line> listener;
