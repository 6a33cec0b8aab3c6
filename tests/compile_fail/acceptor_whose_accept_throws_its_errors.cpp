// expect: an acceptor has `std::optional<stream> accept(crier::error_code&)`
#include <crier/concepts/transport.hpp>

struct transport
{
    struct stream : crier::transport_archetype::stream
    {};

    struct acceptor
    {
        acceptor(crier::executor, const transport&) {}
#ifdef CRIER_MISTAKE
        std::optional<stream> accept();
#else
        std::optional<stream> accept(crier::error_code&);
#endif
        void watch(crier::watcher&) {}
        std::string address() const
        {
            return "nowhere";
        }
        void close() noexcept {}
    };
};
static_assert(crier::check_transport<transport>());
