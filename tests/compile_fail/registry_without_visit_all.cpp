// expect: the table of a registry has `void visit(std::string_view uid, crier::connection_visitor)` and `void visit_all(crier::connection_visitor)`
#include <crier/concepts/registry.hpp>

struct registry
{
    struct table
    {
        explicit table(const registry&) {}
        bool bind(std::string_view uid, crier::connection& c);
        void unbind(crier::connection& c) noexcept;
        void visit(std::string_view uid, crier::connection_visitor f);
#ifndef CRIER_MISTAKE
        void visit_all(crier::connection_visitor f);
#endif
        std::size_t size() const noexcept;
    };
};
static_assert(crier::check_registry<registry>());
