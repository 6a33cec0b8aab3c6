// expect: the native_handle of a stream is `int native_handle() const`
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct transport : crier::tcp
{
    struct stream : crier::tcp::stream
    {
#ifdef CRIER_MISTAKE
        long native_handle() const;
#else
        int native_handle() const;
#endif
    };

    struct acceptor : crier::tcp::acceptor
    {
        acceptor(crier::executor, const transport&);
        std::optional<stream> accept(crier::error_code&);
    };

    transport inner() const;
};
crier::backend<transport, crier::text_line> listener;
