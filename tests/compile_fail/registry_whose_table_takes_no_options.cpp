// expect: a registry has a nested type `table`, public, with a constructor `explicit table(const Registry& options)`
#include <crier/concepts/registry.hpp>

struct registry
{
    struct table
    {
#ifdef CRIER_MISTAKE
        table() = default;
#else
        explicit table(const registry&) {}
#endif
        bool bind(std::string_view uid, crier::connection& c);
        void unbind(crier::connection& c) noexcept;
        void visit(std::string_view uid, crier::connection_visitor f);
        void visit_all(crier::connection_visitor f);
        std::size_t size() const noexcept;
    };
};
static_assert(crier::check_registry<registry>());
