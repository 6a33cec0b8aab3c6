// expect: a stream has `crier::io_result read_some(std::span<char> into)`
#include <crier/concepts/transport.hpp>

struct transport
{
    struct stream : crier::transport_archetype::stream
    {
#ifdef CRIER_MISTAKE
        crier::io_result read_some(char* into, std::size_t size);
#else
        crier::io_result read_some(std::span<char> into);
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
