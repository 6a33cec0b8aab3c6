// expect: the move_to of a stream is `void move_to(crier::executor) noexcept`
#include <crier/codec/text_line.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/listener.hpp>

struct transport : crier::transport_archetype
{
    struct stream : crier::transport_archetype::stream
    {
#ifdef CRIER_MISTAKE
        void move_to(crier::executor);
#else
        void move_to(crier::executor) noexcept;
#endif
    };

    struct acceptor : crier::transport_archetype::acceptor
    {
        acceptor(crier::executor, const transport&);
        std::optional<stream> accept(crier::error_code&);
    };
};
crier::backend<transport, crier::text_line> listener;
