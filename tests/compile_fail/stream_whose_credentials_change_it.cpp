// expect: the credentials of a stream are `std::optional<crier::process_credentials> credentials() const`
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct transport : crier::tcp
{
    struct stream : crier::tcp::stream
    {
#ifdef CRIER_MISTAKE
        std::optional<crier::process_credentials> credentials();
#else
        std::optional<crier::process_credentials> credentials() const;
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
