// expect: a transport has a nested type `acceptor`, public, with a constructor `acceptor(crier::executor, const Transport&)`
#include <crier/concepts/transport.hpp>

struct transport
{
    struct stream : crier::transport_archetype::stream
    {};

    struct acceptor
    {
#ifdef CRIER_MISTAKE
        explicit acceptor(const transport&) {}
#else
        acceptor(crier::executor, const transport&) {}
#endif
        std::optional<stream> accept(crier::error_code&)
        {
            return std::nullopt;
        }
        void watch(crier::watcher&) {}
        std::string address() const
        {
            return "nowhere";
        }
        void close() noexcept {}
    };
};
static_assert(crier::check_transport<transport>());
