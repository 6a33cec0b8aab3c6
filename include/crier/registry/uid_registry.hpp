#ifndef CRIER_REGISTRY_UID_REGISTRY_HPP
#define CRIER_REGISTRY_UID_REGISTRY_HPP

#include <crier/concepts/registry.hpp>
#include <crier/detail/uid_table.hpp>

#include <cstddef>
#include <string_view>

namespace crier {

/// Registry: all connections of a uid receive, in the order in which they registered. A connection
/// that leaves takes only itself out.
///
/// Models: registry.
struct uid_registry
{
    class table
    {
    public:
        explicit table(const uid_registry&) {}

        /// Always true.
        bool bind(std::string_view uid, connection& c)
        {
            uids_.insert(uid, c);
            return true;
        }

        void unbind(connection& c) noexcept { uids_.erase(c); }

        void visit(std::string_view uid, connection_visitor f) const
        {
            connection* const first = uids_.find(uid);
            for (connection* c = first; c; c = uids_.next(c, first))
                f(*c);
        }

        void visit_all(connection_visitor f) const { uids_.for_each(f); }

        std::size_t size() const noexcept { return uids_.size(); }

    private:
        detail::uid_table uids_;
    };
};

static_assert(registry<uid_registry>);

} // namespace crier

#endif
