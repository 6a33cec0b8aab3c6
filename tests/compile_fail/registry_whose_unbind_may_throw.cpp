// expect: the table of a registry has `void unbind(crier::connection&) noexcept`
#include <crier/concepts/registry.hpp>

struct registry
{
    struct table
    {
        explicit table(const registry&) {}
        bool bind(std::string_view uid, crier::connection& c);
#ifdef CRIER_MISTAKE
        void unbind(crier::connection& c);
#else
        void unbind(crier::connection& c) noexcept;
#endif
        void visit(std::string_view uid, crier::connection_visitor f);
        void visit_all(crier::connection_visitor f);
        std::size_t size() const noexcept;
    };
};
static_assert(crier::check_registry<registry>());
