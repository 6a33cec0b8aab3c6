#ifndef CRIER_LISTENER_HPP
#define CRIER_LISTENER_HPP

#include <crier/concepts/codec.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/detail/roles.hpp>
#include <crier/hooks.hpp>
#include <crier/limits.hpp>

#include <concepts>
#include <memory>

namespace crier {

/// Listener: the receivers. Each connection's first message is its uid; from then on it is pushed
/// what is said for that uid, and what else it says goes to hooks::on_message.
///
/// Example:
///     crier::clients<crier::tcp, crier::websocket> options{.transport = {.port = 1234}};
template <transport Transport, framing_codec Codec>
struct clients
{
    Transport transport{};  ///< where to listen
    Codec codec{};          ///< how messages are framed
    crier::limits limits{}; ///< what one connection may cost

    using transport_type = Transport;
    using codec_type = Codec;

    /// Used by server.
    template <class Registry, class Hooks>
    std::unique_ptr<detail::clients_role<Registry, Hooks>>
    make_role(detail::switchboard<Registry>& board, Hooks& h) const
    {
        return std::make_unique<detail::clients_role<Registry, Hooks>>(detail::encoder_of<Codec>,
                                                                       limits, board, h);
    }
};

/// Listener: those who push. Each message is a line of JSON that names its receivers (see
/// command_parser); they get the line as it came, as text. The answer is `ok` or `fail`, one for
/// each line, in the order of the lines.
///
/// A back end that does not read its answers is not read from either, until it does.
template <transport Transport, framing_codec Codec>
struct backend
{
    Transport transport{};  ///< where to listen; without an address, on this machine only
    Codec codec{};          ///< how lines are framed
    crier::limits limits{}; ///< what one connection may cost

    using transport_type = Transport;
    using codec_type = Codec;

    /// Used by server.
    template <class Registry, class Hooks>
    std::unique_ptr<detail::backend_role<Registry, Hooks>>
    make_role(detail::switchboard<Registry>& board, Hooks& h) const
    {
        return std::make_unique<detail::backend_role<Registry, Hooks>>(detail::encoder_of<Codec>,
                                                                       limits, board, h);
    }
};

/// Listener: connections of any other purpose. Each message goes to the handler, which answers with
/// connection::send. No uid, no registry.
///
/// The handler has the functions of crier::hooks and derives from it; on_registered is not called.
/// A peer that does not read its answers is not read from either, until it does.
template <transport Transport, framing_codec Codec, server_hooks Handler>
struct peers
{
    Transport transport{};  ///< where to listen
    Codec codec{};          ///< how messages are framed
    crier::limits limits{}; ///< what one connection may cost
    Handler handler{};      ///< copied into the server

    using transport_type = Transport;
    using codec_type = Codec;

    /// Used by server. The role refers to this listener's handler.
    template <class Registry, class Hooks>
    std::unique_ptr<detail::peers_role<Handler>> make_role(detail::switchboard<Registry>&, Hooks&)
    {
        return std::make_unique<detail::peers_role<Handler>>(detail::encoder_of<Codec>, limits,
                                                             handler);
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
template <class Transport, class Codec>
inline constexpr bool is_clients<clients<Transport, Codec>> = true;

template <class T>
inline constexpr bool is_backend = false;
template <class Transport, class Codec>
inline constexpr bool is_backend<backend<Transport, Codec>> = true;

} // namespace detail

} // namespace crier

#endif
