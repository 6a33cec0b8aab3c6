// expect: the route of a registry is `static std::string_view route(std::string_view uid)`
#include <crier/concepts/registry.hpp>

struct registry : crier::registry_archetype
{
    struct table : crier::registry_archetype::table
    {
        explicit table(const registry&) : crier::registry_archetype::table({}) {}
    };

#ifdef CRIER_MISTAKE
    static std::size_t route(std::string_view uid);
#else
    static std::string_view route(std::string_view uid);
#endif
};
static_assert(crier::check_registry<registry>());
