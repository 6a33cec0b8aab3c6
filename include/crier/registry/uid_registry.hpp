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
    /// A newer connection above this number is refused; 0 is no limit. Registering takes time in
    /// proportion to it, at most.
    std::size_t max_connections_per_uid = 0;

    /// With crier::threads each uid is one thread's.
    static std::string_view route(std::string_view uid) noexcept { return uid; }

    class table
    {
    public:
        explicit table(const uid_registry& options) : most_(options.max_connections_per_uid) {}

        /// False if the uid has as many connections as it may.
        bool bind(std::string_view uid, connection& c)
        {
            if (most_ != 0 && is_full(uid))
                return false;
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
        bool is_full(std::string_view uid) const noexcept
        {
            std::size_t n = 0;
            connection* const first = uids_.find(uid);
            for (connection* c = first; c && n < most_; c = uids_.next(c, first))
                ++n;
            return n == most_;
        }

        std::size_t most_;
        detail::uid_table uids_;
    };
};

static_assert(registry<uid_registry> && registry_routes<uid_registry>);

} // namespace crier

#endif
