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

/// Says what is wrong with a component of a server, by what it seems to be.
template <class T>
consteval bool check_component()
{
    if constexpr (std::is_base_of_v<hooks, T>)
        return check_hooks<T>();
    else if constexpr (std::is_base_of_v<observer, T>)
        return check_observer<T>();
    else if constexpr (has_table<T>)
        return check_registry<T>();
    else
        static_assert(
            listener<T>,
            "a server's components are listeners (clients<>, backend<>, peers<>), at most "
            "one registry, at most one class derived from crier::hooks, and at most one derived "
            "from crier::observer; all else stands in a listener: clients<transport, codec, "
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

    using registry_type = typename component_or<registry_at, uid_registry, Components...>::type;
    using hooks_type = typename component_or<hooks_at, hooks, Components...>::type;
    using observer_type = typename component_or<observer_at, observer, Components...>::type;
};

/// A server's components and its io_context, its own or the user's.
template <class... Components>
class component_storage
{
public:
    using components_type = std::tuple<Components...>;

    struct unpacked
    {};

    CRIER_COLD component_storage(unpacked, components_type components)
        : components_(std::move(components)),
          own_context_(std::in_place, hint),
          context_(*own_context_)
    {}

    CRIER_COLD component_storage(unpacked, boost::asio::io_context& context,
                                 components_type components)
        : components_(std::move(components)), context_(context)
    {}

    component_storage(const component_storage&) = delete;
    component_storage& operator=(const component_storage&) = delete;

protected:
    ~component_storage() = default;

    // One thread runs it, others only post: the sockets need no locks, the queue does.
    static constexpr int hint = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;

    components_type components_;
    std::optional<boost::asio::io_context> own_context_;
    boost::asio::io_context& context_;
};

/// Constructors that take the first N components, or fewer: the others have their defaults. They
/// are no templates, so that `server s{{.transport = {.port = 1234}}}` knows what the braces mean.
template <class Storage, class Indices>
class component_constructors;

template <class Storage>
class component_constructors<Storage, std::index_sequence<>> : public Storage
{
public:
    using Storage::Storage;

    CRIER_COLD component_constructors() : Storage(typename Storage::unpacked{}, {}) {}

    CRIER_COLD explicit component_constructors(boost::asio::io_context& context)
        : Storage(typename Storage::unpacked{}, context, {})
    {}
};

template <class Storage, std::size_t... I>
    requires(sizeof...(I) > 0)
class component_constructors<Storage, std::index_sequence<I...>>
    : public component_constructors<Storage, std::make_index_sequence<sizeof...(I) - 1>>
{
    using base = component_constructors<Storage, std::make_index_sequence<sizeof...(I) - 1>>;
    using components_type = typename Storage::components_type;
    using unpacked = typename Storage::unpacked;

public:
    using base::base;

    CRIER_COLD explicit component_constructors(std::tuple_element_t<I, components_type>... first)
        : base(unpacked{}, pad(std::forward_as_tuple(std::move(first)...)))
    {}

    CRIER_COLD explicit component_constructors(boost::asio::io_context& context,
                                               std::tuple_element_t<I, components_type>... first)
        : base(unpacked{}, context, pad(std::forward_as_tuple(std::move(first)...)))
    {}

private:
    using given = std::tuple<std::tuple_element_t<I, components_type>&&...>;

    CRIER_COLD static components_type pad(given first)
    {
        return pad(first, std::make_index_sequence<std::tuple_size_v<components_type>>{});
    }

    template <std::size_t... All>
    CRIER_COLD static components_type pad(given& first, std::index_sequence<All...>)
    {
        return components_type(given_or_default<All>(first)...);
    }

    template <std::size_t At>
    CRIER_COLD static std::tuple_element_t<At, components_type> given_or_default(given& first)
    {
        using component = std::tuple_element_t<At, components_type>;
        if constexpr (At < sizeof...(I)) {
            return std::get<At>(std::move(first));
        } else {
            static_assert(std::is_default_constructible_v<component>,
                          "a component without a default constructor cannot be left out of the "
                          "server's arguments");
            return component();
        }
    }
};

} // namespace crier::detail

#endif
