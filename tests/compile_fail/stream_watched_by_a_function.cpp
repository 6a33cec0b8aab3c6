// expect: a stream has `void watch(crier::watcher&)`
#include <crier/concepts/transport.hpp>

#include <functional>

struct transport
{
    struct stream : crier::transport_archetype::stream
    {
#ifdef CRIER_MISTAKE
        void watch(std::function<void()> ready);
#else
        void watch(crier::watcher&);
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
