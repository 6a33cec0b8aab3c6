// expect: the table of a registry has `std::size_t size() const noexcept`
#include <crier/concepts/registry.hpp>

struct registry
{
    struct table
    {
        explicit table(const registry&) {}
        bool bind(std::string_view uid, crier::connection& c);
        void unbind(crier::connection& c) noexcept;
        void visit(std::string_view uid, crier::connection_visitor f);
        void visit_all(crier::connection_visitor f);
#ifdef CRIER_MISTAKE
        std::size_t size() const;
#else
        std::size_t size() const noexcept;
#endif
    };
};
static_assert(crier::check_registry<registry>());
