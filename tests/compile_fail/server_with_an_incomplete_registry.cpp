// expect: the table of a registry has `std::size_t size() const noexcept`
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;
using scripts = crier::backend<crier::tcp, crier::text_line>;

struct registry
{
    struct table : crier::registry_archetype::table
    {
        explicit table(const registry&) : crier::registry_archetype::table({}) {}
#ifdef CRIER_MISTAKE
        int size() const noexcept
        {
            return 0;
        }
#endif
    };
};

crier::push_server<pages, scripts, registry> server;
