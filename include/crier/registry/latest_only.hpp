#ifndef CRIER_REGISTRY_LATEST_ONLY_HPP
#define CRIER_REGISTRY_LATEST_ONLY_HPP

#include <crier/concepts/registry.hpp>
#include <crier/detail/uid_table.hpp>

#include <cstddef>
#include <string_view>

namespace crier {

/// Registry: one connection for each uid. The newest takes the place of the older one, which is
/// closed with `code`. Nothing is lost between the two: what was queued for the older one is still
/// written to it, what comes later goes to the newer one.
///
/// Models: registry.
struct latest_only
{
    close_code code = static_cast<close_code>(4001); ///< what the older connection is told

    /// With crier::threads each uid is one thread's.
    static std::string_view route(std::string_view uid) noexcept { return uid; }

    class table
    {
    public:
        explicit table(const latest_only& options) : code_(options.code) {}

        /// Always true; closes the connection that held the uid.
        bool bind(std::string_view uid, connection& c)
        {
            if (connection* const older = uids_.find(uid)) {
                uids_.erase(*older);
                older->close(code_, "replaced by a newer connection", error::replaced);
            }
            uids_.insert(uid, c);
            return true;
        }

        void unbind(connection& c) noexcept
        {
            if (uids_.contains(c))
                uids_.erase(c);
        }

        void visit(std::string_view uid, connection_visitor f) const
        {
            if (connection* const c = uids_.find(uid))
                f(*c);
        }

        void visit_all(connection_visitor f) const { uids_.for_each(f); }

        std::size_t size() const noexcept { return uids_.size(); }

    private:
        close_code code_;
        detail::uid_table uids_;
    };
};

static_assert(registry<latest_only> && registry_routes<latest_only>);

} // namespace crier

#endif
