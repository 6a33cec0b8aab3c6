// expect: the table of a registry has `void visit(std::string_view uid, crier::connection_visitor)`
#include <crier/concepts/registry.hpp>

#include <functional>

struct registry
{
    struct table
    {
        explicit table(const registry&) {}
        bool bind(std::string_view uid, crier::connection& c);
        void unbind(crier::connection& c) noexcept;
#ifdef CRIER_MISTAKE
        void visit(std::string_view uid, std::function<void(crier::connection*)> f);
#else
        void visit(std::string_view uid, crier::connection_visitor f);
#endif
        void visit_all(crier::connection_visitor f);
        std::size_t size() const noexcept;
    };
};
static_assert(crier::check_registry<registry>());
