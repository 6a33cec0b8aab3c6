#ifndef CRIER_LISTENER_HPP
#define CRIER_LISTENER_HPP

#include <crier/admission.hpp>
#include <crier/authenticator/anyone.hpp>
#include <crier/authenticator/first_message.hpp>
#include <crier/concepts/authenticator.hpp>
#include <crier/concepts/codec.hpp>
#include <crier/concepts/overflow.hpp>
#include <crier/concepts/reply.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/detail/backend_role.hpp>
#include <crier/detail/clients_role.hpp>
#include <crier/detail/member_names.hpp>
#include <crier/detail/peers_role.hpp>
#include <crier/hooks.hpp>
#include <crier/limits.hpp>
#include <crier/overflow/close_slow.hpp>
#include <crier/reply/ok_fail.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace crier {

namespace detail {

/// The one among the extras that models a concept, or the default.
template <template <class> class Models, class Default, class... Extras>
struct extra_or
{
    using type = Default;
};

template <template <class> class Models, class Default, class First, class... Rest>
struct extra_or<Models, Default, First, Rest...>
{
    using type = typename std::conditional_t<Models<First>::value, std::type_identity<First>,
                                             extra_or<Models, Default, Rest...>>::type;
};

template <class T>
using models_authenticator = std::bool_constant<crier::authenticator<T>>;
template <class T>
using models_overflow = std::bool_constant<crier::overflow<T>>;
template <class T>
using models_reply = std::bool_constant<crier::reply<T>>;

template <template <class> class Models, class... Extras>
inline constexpr std::size_t extras_that = (std::size_t(Models<Extras>::value) + ... + 0);

/// Says what is wrong with an extra, by what it seems to be. Whether it may stand there is another
/// question, which each listener asks by itself.
template <class Extra>
consteval bool check_extra()
{
    if constexpr (has_judge<Extra>)
        check_authenticator<Extra>();
    else if constexpr (has_make_room<Extra>)
        check_overflow<Extra>();
    else if constexpr (has_write<Extra>)
        check_reply<Extra>();
    return true;
}

/// Says what is wrong with a listener's first two parameters. They are not constrained, since a
/// constraint names what is missing and no more.
template <class Transport, class Codec>
consteval bool check_listener()
{
    if constexpr (!transport<Transport> && framing_codec<Transport>) {
        static_assert(transport<Transport>, "a listener has its transport first, then its codec: "
                                            "clients<crier::tcp, crier::websocket>");
        return false;
    } else {
        return check_transport<Transport>() && check_codec<Codec>();
    }
}

} // namespace detail

/// Listener: the receivers. Each connection says who it is, by its first message unless an
/// authenticator knows better; from then on it is pushed what is said for that uid, and what else it
/// says goes to hooks::on_message.
///
/// Extras, in any order: an authenticator (default: first_message), an overflow policy (default:
/// close_slow).
///
/// Example:
///     crier::clients<crier::tcp, crier::websocket> options{.transport = {.port = 1234}};
template <class Transport, class Codec, class... Extras>
struct clients
{
    static_assert(detail::check_listener<Transport, Codec>());
    static_assert((detail::check_extra<Extras>() && ...));
    static_assert(((crier::authenticator<Extras> || crier::overflow<Extras>)&&...),
                  "the extras of clients<> are an authenticator, which has `crier::verdict "
                  "judge(const crier::question&)`, and an overflow policy, which has "
                  "`crier::overflow_action make_room(crier::backlog&)`; a registry, "
                  "hooks, an observer and crier::threads stand next to clients<>");
    static_assert(detail::extras_that<detail::models_authenticator, Extras...> <= 1,
                  "a listener has one authenticator; every<> makes one of several");
    static_assert(detail::extras_that<detail::models_overflow, Extras...> <= 1,
                  "a listener has one overflow policy");

    using transport_type = Transport;
    using codec_type = Codec;
    using authenticator_type =
        typename detail::extra_or<detail::models_authenticator, first_message, Extras...>::type;
    using overflow_type =
        typename detail::extra_or<detail::models_overflow, close_slow, Extras...>::type;

    Transport transport{};              ///< where to listen
    Codec codec{};                      ///< how messages are framed
    crier::limits limits{};             ///< what one connection may cost
    crier::admission admission{};       ///< how many there may be
    authenticator_type authenticator{}; ///< who may stay, and as whom
    overflow_type overflow{};           ///< what to do for slow consumers

    /// Used by server.
    template <class Around>
    auto make_role(const Around& around) const
    {
        using role = detail::clients_role<Around, authenticator_type, overflow_type>;
        return std::make_unique<role>(detail::encoder_of<Codec, overflow_type>, limits,
                                      authenticator, overflow, around);
    }
};

/// Listener: those who push. Each message is a line of JSON that names its receivers (see
/// command_parser); they get the line as it came, as text. Each line is answered, in the order of the
/// lines.
///
/// Extras, in any order: an authenticator (default: anyone; shared_secret, peer_credentials), a reply
/// (default: ok_fail).
///
/// A back end that does not read its answers is not read from either, until it does.
template <class Transport, class Codec, class... Extras>
struct backend
{
    static_assert(detail::check_listener<Transport, Codec>());
    static_assert((detail::check_extra<Extras>() && ...));
    static_assert(((crier::authenticator<Extras> || crier::reply<Extras>)&&...),
                  "the extras of backend<> are an authenticator, which has "
                  "`crier::verdict judge(const crier::question&)`, and a reply, which has "
                  "`void write(const crier::line_result&, std::string&) const`; a registry, "
                  "hooks, an observer and crier::threads stand next to backend<>");
    static_assert(detail::extras_that<detail::models_authenticator, Extras...> <= 1,
                  "a listener has one authenticator; every<> makes one of several");
    static_assert(detail::extras_that<detail::models_reply, Extras...> <= 1,
                  "a listener has one reply");

    using transport_type = Transport;
    using codec_type = Codec;
    using authenticator_type =
        typename detail::extra_or<detail::models_authenticator, anyone, Extras...>::type;
    using reply_type = typename detail::extra_or<detail::models_reply, ok_fail, Extras...>::type;

    Transport transport{};        ///< where to listen; without an address, on this machine only
    Codec codec{};                ///< how lines are framed
    crier::limits limits{};       ///< what one connection may cost
    crier::admission admission{}; ///< how many there may be
    authenticator_type authenticator{}; ///< who may push
    reply_type reply{};                 ///< what a line is answered

    /// Without an authenticator, and where other machines may connect, start() throws error::exposed,
    /// since whoever can connect may push to everybody. True: it listens there all the same.
    bool open_to_all = false;

    /// Used by server.
    template <class Around>
    auto make_role(const Around& around) const
    {
        using role =
            detail::backend_role<Around, authenticator_type, reply_type, codec_varies<Codec>,
                                 !codec_resynchronizes<Codec> && !codec_opens<Codec>>;
        return std::make_unique<role>(detail::encoder_of<Codec>, limits, authenticator, reply,
                                      around);
    }
};

/// Listener: connections of any other purpose. Each message goes to the handler, which answers with
/// connection::send. No uid, no registry: nothing reaches a peer later, outside its hook. For answers
/// that take time use clients<>, whose uid one can keep.
///
/// The handler has the functions of crier::hooks and derives from it; on_registered is not called.
/// A peer that does not read its answers is not read from either, until it does.
template <class Transport, class Codec, class Handler>
struct peers
{
    static_assert(detail::check_listener<Transport, Codec>());
    static_assert(check_hooks<Handler>());

    Transport transport{};        ///< where to listen
    Codec codec{};                ///< how messages are framed
    crier::limits limits{};       ///< what one connection may cost
    crier::admission admission{}; ///< how many there may be
    Handler handler{};            ///< copied into the server

    using transport_type = Transport;
    using codec_type = Codec;

    /// Used by server. The role refers to this listener's handler.
    template <class Around>
    auto make_role(const Around& around)
    {
        return std::make_unique<detail::peers_role<Around, Handler>>(detail::encoder_of<Codec>,
                                                                     limits, handler, around);
    }
};

/// What a server listens with: clients<>, backend<> or peers<>.
template <class T>
concept listener = transport<typename T::transport_type> && framing_codec<typename T::codec_type> &&
    requires(T& t)
{
    {
        t.transport
        } -> std::same_as<typename T::transport_type&>;
    {
        t.codec
        } -> std::same_as<typename T::codec_type&>;
};

namespace detail {

template <class T>
inline constexpr bool is_clients = false;
template <class Transport, class Codec, class... Extras>
inline constexpr bool is_clients<clients<Transport, Codec, Extras...>> = true;

template <class T>
inline constexpr bool is_backend = false;
template <class Transport, class Codec, class... Extras>
inline constexpr bool is_backend<backend<Transport, Codec, Extras...>> = true;

template <class T>
inline constexpr bool is_peers = false;
template <class Transport, class Codec, class Handler>
inline constexpr bool is_peers<peers<Transport, Codec, Handler>> = true;

/// A listener, or one of ours with a mistake in it, which says so itself.
template <class T>
concept means_to_listen = is_clients<T> || is_backend<T> || is_peers<T> || listener<T>;

} // namespace detail

} // namespace crier

#endif
