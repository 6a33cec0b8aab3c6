// expect: a server with crier::threads needs a registry with `static std::string_view route(
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;
using scripts = crier::backend<crier::tcp, crier::text_line>;

struct registry : crier::registry_archetype
{
    struct table : crier::registry_archetype::table
    {
        explicit table(const registry&) : crier::registry_archetype::table({}) {}
    };

#ifndef CRIER_MISTAKE
    static std::string_view route(std::string_view uid)
    {
        return uid;
    }
#endif
};

crier::push_server<pages, scripts, registry, crier::threads> server;
