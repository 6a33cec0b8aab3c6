// expect: a registry has a nested type `table`, public, with a constructor `explicit table(const Registry& options)`
#include <crier/concepts/registry.hpp>

// The state among the options: they are copied, and it would be too.
struct registry
{
#ifndef CRIER_MISTAKE
    struct table
    {
        explicit table(const registry&) {}
#endif
        bool bind(std::string_view uid, crier::connection& c);
        void unbind(crier::connection& c) noexcept;
        void visit(std::string_view uid, crier::connection_visitor f);
        void visit_all(crier::connection_visitor f);
        std::size_t size() const noexcept;
#ifndef CRIER_MISTAKE
    };
#endif
};
static_assert(crier::check_registry<registry>());
