// expect: the table of a registry has `bool bind(std::string_view uid, crier::connection&)`
#include <crier/concepts/registry.hpp>

struct registry
{
    struct table
    {
        explicit table(const registry&) {}
#ifdef CRIER_MISTAKE
        bool bind(const std::string& uid, crier::connection& c);
#else
        bool bind(std::string_view uid, crier::connection& c);
#endif
        void unbind(crier::connection& c) noexcept;
        void visit(std::string_view uid, crier::connection_visitor f);
        void visit_all(crier::connection_visitor f);
        std::size_t size() const noexcept;
    };
};
static_assert(crier::check_registry<registry>());
