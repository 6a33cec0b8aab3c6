// expect: a registry has a nested type `table`, public, with a constructor `explicit table(const Registry& options)`
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

class registry
{
#ifndef CRIER_MISTAKE
public:
#endif
    struct table : crier::registry_archetype::table
    {
        explicit table(const registry&) : crier::registry_archetype::table({}) {}
    };
};

crier::push_server<pages, registry> server;
