// expect: a transport has a nested type `stream`, public, that can be moved
#include <crier/concepts/transport.hpp>

struct transport
{
    struct stream : crier::transport_archetype::stream
    {
#ifdef CRIER_MISTAKE
        stream() = default;
        stream(const stream&) = delete; // and so there is no move constructor
#else
        stream() = default;
        stream(stream&&) noexcept;
#endif
    };

    struct acceptor
    {
        acceptor(crier::executor, const transport&) {}
        std::optional<stream> accept(crier::error_code&) { return std::nullopt; }
        void watch(crier::watcher&) {}
        std::string address() const { return "nowhere"; }
        void close() noexcept {}
    };
};
static_assert(crier::check_transport<transport>());
