// expect: an acceptor has `std::string address() const`
#include <crier/concepts/transport.hpp>

struct transport
{
    struct stream : crier::transport_archetype::stream
    {};

    struct acceptor
    {
        acceptor(crier::executor, const transport&) {}
        std::optional<stream> accept(crier::error_code&) { return std::nullopt; }
        void watch(crier::watcher&) {}
#ifndef CRIER_MISTAKE
        std::string address() const
        {
            return "nowhere";
        }
#endif
        void close() noexcept {}
    };
};
static_assert(crier::check_transport<transport>());
