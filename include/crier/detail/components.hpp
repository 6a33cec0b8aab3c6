#ifndef CRIER_DETAIL_COMPONENTS_HPP
#define CRIER_DETAIL_COMPONENTS_HPP

#include <crier/concepts/registry.hpp>
#include <crier/config.hpp>
#include <crier/detail/member_names.hpp>
#include <crier/hooks.hpp>
#include <crier/listener.hpp>
#include <crier/observer.hpp>
#include <crier/registry/uid_registry.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace crier::detail {

template <class... Components>
class solo;

/// The default where crier::threads may stand.
struct one_thread
{
    template <class... Components>
    using crew = solo<Components...>;
};

template <template <class...> class Crew>
struct crew_name;

/// Says how many threads do a server's work: crier::threads.
template <class T>
concept threading = requires
{
    typename crew_name<T::template crew>;
};

/// Says what is wrong with a component of a server, by what it seems to be.
template <class T>
consteval bool check_component()
{
    if constexpr (means_to_listen<T> || threading<T>)
        return true;
    else if constexpr (std::is_base_of_v<hooks, T>)
        return check_hooks<T>();
    else if constexpr (std::is_base_of_v<observer, T>)
        return check_observer<T>();
    else if constexpr (has_table<T>)
        return check_registry<T>();
    else
        static_assert(
            means_to_listen<T>,
            "a server's components are listeners (clients<>, backend<>, peers<>), at most "
            "one registry, at most one class derived from crier::hooks, at most one derived "
            "from crier::observer, and crier::threads; all else stands in a listener: "
            "clients<transport, codec, "
            "authenticator, overflow policy>, backend<transport, codec, authenticator, reply>");
    return true;
}

/// The place of the first component that models a concept, or sizeof...(Components).
template <bool... Models>
constexpr std::size_t first_of() noexcept
{
    constexpr std::array<bool, sizeof...(Models)> models{Models...};
    return static_cast<std::size_t>(std::find(models.begin(), models.end(), true) - models.begin());
}

template <std::size_t At, class Default, class... Components>
struct component_or
{
    using type = Default;
};

template <std::size_t At, class Default, class... Components>
    requires(At < sizeof...(Components))
struct component_or<At, Default, Components...>
{
    using type = std::tuple_element_t<At, std::tuple<Components...>>;
};

template <class... Components>
struct component_list
{
    static constexpr std::size_t registry_at = first_of<registry<Components>...>();
    static constexpr std::size_t hooks_at = first_of<server_hooks<Components>...>();
    static constexpr std::size_t observer_at = first_of<server_observer<Components>...>();
    static constexpr std::size_t threads_at = first_of<threading<Components>...>();

    using registry_type = typename component_or<registry_at, uid_registry, Components...>::type;
    using hooks_type = typename component_or<hooks_at, hooks, Components...>::type;
    using observer_type = typename component_or<observer_at, observer, Components...>::type;
    using threads_type = typename component_or<threads_at, one_thread, Components...>::type;
};

/// What a class derives from, once these are complete: what is wrong with a component is said first
/// then, and not by a tuple of components deep inside the base.
template <class Base, std::size_t... Sizes>
using after = Base;

/// What a component is that was not given.
template <class Component>
constexpr Component component_by_default()
{
    static_assert(std::is_default_constructible_v<Component>,
                  "a component without a default constructor cannot be left out of the server's "
                  "arguments");
    return Component();
}

/// What `{.port = 1234}` would be in the place of a component.
template <class Component>
struct misplaced
{
    using type = Component;
};

template <listener Listener>
struct misplaced<Listener>
{
    using type = typename Listener::transport_type;
};

/// Of the constructors that are there to say what is wrong: has no definition.
template <class T>
T nothing();

template <class... Components>
struct given;

/// A server's components, with constructors that take the given ones, or some of the others too:
/// what is left out has its defaults. They are no templates, so that
/// `server s{{.transport = {.port = 1234}}}` knows what the braces mean. The compiler shows each of
/// them, and its types, to those who got the braces wrong: so there are none for use in here only.
template <class Given, class... Others>
class component_storage;

template <class... First, class Next, class... Rest>
class component_storage<given<First...>, Next, Rest...>
    : public component_storage<given<First..., Next>, Rest...>
{
    using base = component_storage<given<First..., Next>, Rest...>;

public:
    using base::base;

    CRIER_COLD explicit component_storage(First... first)
        : base(std::move(first)..., component_by_default<Next>())
    {}

    CRIER_COLD explicit component_storage(boost::asio::io_context& context, First... first)
        : base(context, std::move(first)..., component_by_default<Next>())
    {}

    /// For a transport's options that stand one level too high. As a template it is never preferred.
    template <class Nobody = void>
    explicit component_storage(typename misplaced<First>::type...)
        : component_storage(nothing<First>()...)
    {
        static_assert(!std::is_void_v<Nobody>,
                      "where a listener listens is one of its options, `.transport`: "
                      "`server s{{.transport = {.port = 1234}}}`");
    }
};

/// All of them, and their io_context, the server's own or the user's.
template <class... Components>
class component_storage<given<Components...>>
{
public:
    CRIER_COLD explicit component_storage(Components... all)
        : components_(std::move(all)...), own_context_(std::in_place, hint), context_(*own_context_)
    {}

    CRIER_COLD explicit component_storage(boost::asio::io_context& context, Components... all)
        : components_(std::move(all)...), context_(context)
    {}

    /// For a transport's options that stand one level too high. As a template it is never preferred.
    template <class Nobody = void>
    explicit component_storage(typename misplaced<Components>::type...)
        : component_storage(nothing<Components>()...)
    {
        static_assert(!std::is_void_v<Nobody>,
                      "where a listener listens is one of its options, `.transport`: "
                      "`server s{{.transport = {.port = 1234}}}`");
    }

    component_storage(const component_storage&) = delete;
    component_storage& operator=(const component_storage&) = delete;

protected:
    ~component_storage() = default;

    // One thread runs it, others only post: the sockets need no locks, the queue does.
    static constexpr int hint = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;

    std::tuple<Components...> components_;
    std::optional<boost::asio::io_context> own_context_;
    boost::asio::io_context& context_;
};

} // namespace crier::detail

#endif
