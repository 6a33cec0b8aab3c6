// expect: the source of a stream is `std::optional<crier::source_address> source() const`
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct transport : crier::tcp
{
    struct stream : crier::tcp::stream
    {
        using crier::tcp::stream::stream;
#ifdef CRIER_MISTAKE
        std::string source() const;
#else
        std::optional<crier::source_address> source() const;
#endif
    };

    struct acceptor : crier::tcp::acceptor
    {
        acceptor(crier::executor, const transport&);
        std::optional<stream> accept(crier::error_code&);
    };

    transport inner() const;
};
crier::clients<transport, crier::text_line> listener;
