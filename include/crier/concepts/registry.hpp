#ifndef CRIER_CONCEPTS_REGISTRY_HPP
#define CRIER_CONCEPTS_REGISTRY_HPP

#include <crier/detail/member_names.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace crier {
// clang-format 14 knows no requires expressions:
// clang-format off

class connection;

/// What a registry's visit calls for each connection: a reference to some callable.
///
/// Lifetime: for the length of one call of visit or visit_all.
class connection_visitor
{
public:
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, connection_visitor>) &&
                std::invocable<F&, connection&>
    connection_visitor(F&& f) noexcept
        : object_(const_cast<void*>(static_cast<const void*>(&f))),
          call_([](void* object, connection& c) {
              (*static_cast<std::remove_reference_t<F>*>(object))(c);
          })
    {}

    void operator()(connection& c) const { call_(object_, c); }

private:
    void* object_;
    void (*call_)(void*, connection&);
};

/// The registry is a copyable type whose members are its options.
template <class Registry>
concept registry_is_policy = std::copyable<Registry>;

/// `typename Registry::table`, which knows the connections, is made from the registry's options.
template <class Registry>
concept registry_has_table = std::constructible_from<typename Registry::table, const Registry&>;

/// `bool table::bind(std::string_view uid, connection&)`: false refuses the connection.
template <class Registry>
concept registry_binds =
    requires(typename Registry::table& table, std::string_view uid, connection& c) {
        { table.bind(uid, c) } -> std::same_as<bool>;
    };

/// `void table::unbind(connection&) noexcept`: takes this connection out, and no other.
template <class Registry>
concept registry_unbinds = requires(typename Registry::table& table, connection& c) {
    { table.unbind(c) } noexcept;
};

/// `void table::visit(std::string_view uid, connection_visitor)` and
/// `void table::visit_all(connection_visitor)`.
template <class Registry>
concept registry_visits =
    requires(typename Registry::table& table, std::string_view uid, connection_visitor f) {
        table.visit(uid, f);
        table.visit_all(f);
    };

/// `std::size_t table::size() const noexcept`: connections that a visit_all would reach.
template <class Registry>
concept registry_counts = requires(const typename Registry::table& table) {
    { table.size() } noexcept -> std::same_as<std::size_t>;
};

/// Who is there under which uid.
///
/// - `bind(uid, c)`: `uid` equals `c.uid()` and stays valid and unchanged until `unbind(c)`. Returns
///   true if messages for this uid shall reach `c` from now on. It may call `close` on others. False
///   closes `c` (uid_refused; 1008 where the codec has close codes).
/// - `unbind(c)` is called exactly once for each connection that was bound with true, also for one
///   that the table itself has dropped in the meantime.
/// - `visit(uid, f)` calls f for each connection that a message for the uid is for, `visit_all(f)` for
///   every one. f neither binds nor unbinds. Pushes to uids, joins and leaves ask visit; `except`
///   compares with `c.uid()`, byte for byte.
///
/// Thread safety: a table is used by one thread. Test yours with
/// `crier::test::registry_conformance` (crier/test/registry_conformance.hpp).
template <class Registry>
concept registry = registry_is_policy<Registry> && registry_has_table<Registry> &&
                   registry_binds<Registry> && registry_unbinds<Registry> &&
                   registry_visits<Registry> && registry_counts<Registry>;

/// Optional, for servers with crier::threads: `static std::string_view route(std::string_view uid)`, a
/// part of the uid or all of it. Uids of the same route are in the same thread's table: those that one
/// visit(uid) reaches, and those that one bind(uid) may close or refuse, must have it. Thread
/// safety: called from any thread.
template <class Registry>
concept registry_routes = requires(std::string_view uid) {
    { Registry::route(uid) } -> std::same_as<std::string_view>;
};

/// The least that is a registry: a list of uids and connections.
struct registry_archetype
{
    class table
    {
    public:
        explicit table(const registry_archetype&) {}

        bool bind(std::string_view uid, connection& c)
        {
            bound_.emplace_back(uid, &c);
            return true;
        }

        void unbind(connection& c) noexcept
        {
            std::erase_if(bound_, [&](const auto& entry) { return entry.second == &c; });
        }

        void visit(std::string_view uid, connection_visitor f)
        {
            for (const auto& [bound_uid, c] : bound_)
                if (bound_uid == uid)
                    f(*c);
        }

        void visit_all(connection_visitor f)
        {
            for (const auto& [bound_uid, c] : bound_)
                f(*c);
        }

        std::size_t size() const noexcept { return bound_.size(); }

    private:
        std::vector<std::pair<std::string, connection*>> bound_;
    };
};

static_assert(registry<registry_archetype>);

namespace detail {

/// A `route` must not be ignored because its signature is another.
template <class Registry>
concept means_to_route = requires { requires of_function<decltype(&Registry::route)>; };

} // namespace detail

/// Says what is missing, one sentence each: `static_assert(crier::check_registry<my_registry>());`
template <class Registry>
consteval bool check_registry()
{
    static_assert(registry_is_policy<Registry>,
                  "a registry is copyable: an aggregate whose members are its options, pointers "
                  "and not references to what it shares (see registry_archetype in "
                  "crier/concepts/registry.hpp)");
    static_assert(registry_has_table<Registry>,
                  "a registry has a nested type `table`, public, with a constructor "
                  "`explicit table(const Registry& options)` (crier/concepts/registry.hpp)");
    static_assert(registry_binds<Registry>,
                  "the table of a registry has "
                  "`bool bind(std::string_view uid, crier::connection&)` "
                  "(crier/concepts/registry.hpp)");
    static_assert(registry_unbinds<Registry>,
                  "the table of a registry has `void unbind(crier::connection&) noexcept` "
                  "(crier/concepts/registry.hpp)");
    static_assert(registry_visits<Registry>,
                  "the table of a registry has "
                  "`void visit(std::string_view uid, crier::connection_visitor)` and "
                  "`void visit_all(crier::connection_visitor)` (crier/concepts/registry.hpp)");
    static_assert(registry_counts<Registry>,
                  "the table of a registry has `std::size_t size() const noexcept` "
                  "(crier/concepts/registry.hpp)");
    static_assert(registry_routes<Registry> || !detail::means_to_route<Registry>,
                  "the route of a registry is `static std::string_view route(std::string_view uid)` "
                  "(crier/concepts/registry.hpp)");
    return registry<Registry>;
}

// clang-format on
} // namespace crier

#endif
