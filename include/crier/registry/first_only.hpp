#ifndef CRIER_REGISTRY_FIRST_ONLY_HPP
#define CRIER_REGISTRY_FIRST_ONLY_HPP

#include <crier/concepts/registry.hpp>
#include <crier/detail/uid_table.hpp>

#include <cstddef>
#include <string_view>

namespace crier {

/// Registry: one connection for each uid. While it is there, newer ones are refused (uid_refused;
/// 1008 where the codec has close codes).
///
/// Models: registry.
struct first_only
{
    /// With crier::threads each uid is one thread's.
    static std::string_view route(std::string_view uid) noexcept { return uid; }

    class table
    {
    public:
        explicit table(const first_only&) {}

        /// False if the uid has a connection.
        bool bind(std::string_view uid, connection& c)
        {
            if (uids_.find(uid))
                return false;
            uids_.insert(uid, c);
            return true;
        }

        void unbind(connection& c) noexcept { uids_.erase(c); }

        void visit(std::string_view uid, connection_visitor f) const
        {
            if (connection* const c = uids_.find(uid))
                f(*c);
        }

        void visit_all(connection_visitor f) const { uids_.for_each(f); }

        std::size_t size() const noexcept { return uids_.size(); }

    private:
        detail::uid_table uids_;
    };
};

static_assert(registry<first_only> && registry_routes<first_only>);

} // namespace crier

#endif
