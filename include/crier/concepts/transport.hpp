#ifndef CRIER_CONCEPTS_TRANSPORT_HPP
#define CRIER_CONCEPTS_TRANSPORT_HPP

#include <crier/admission.hpp>
#include <crier/connection.hpp>
#include <crier/detail/member_names.hpp>
#include <crier/error.hpp>
#include <crier/io_result.hpp>
#include <crier/watcher.hpp>

#include <boost/asio/io_context.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include <sys/uio.h>

namespace crier {
// clang-format 14 knows no requires expressions:
// clang-format off

/// Where the server's work runs. One thread runs the io_context.
using executor = boost::asio::io_context::executor_type;

/// The transport is a copyable type whose members are its options.
template <class Transport>
concept transport_is_policy = std::copyable<Transport>;

/// `Transport::stream`, one connection, can be moved.
template <class Transport>
concept transport_has_stream = std::move_constructible<typename Transport::stream>;

/// `io_result stream::read_some(std::span<char> into)`, never blocking.
template <class Transport>
concept stream_reads = requires(typename Transport::stream& stream, std::span<char> into) {
    { stream.read_some(into) } -> std::same_as<io_result>;
};

/// `io_result stream::write_some(std::span<const iovec> gather)`, never blocking.
template <class Transport>
concept stream_writes = requires(typename Transport::stream& stream, std::span<const iovec> from) {
    { stream.write_some(from) } -> std::same_as<io_result>;
};

/// `io_result stream::handshake()` before the first byte, `io_result stream::shutdown()` after the
/// last: ok when done, want_read or want_write to be called again when the stream is ready; the
/// handshake also io_status::again. ok at once where there is nothing to do.
template <class Transport>
concept stream_shakes_hands = requires(typename Transport::stream& stream) {
    { stream.handshake() } -> std::same_as<io_result>;
    { stream.shutdown() } -> std::same_as<io_result>;
};

/// `void stream::watch(watcher&)`, called once, before the first operation: from then on, until
/// close(), `watcher.ready()` is called when the stream may be ready for what was answered with
/// want_read or want_write before, and at the start for what it is ready for already. More calls
/// than that do no harm. Never from within a call of the stream.
template <class Transport>
concept stream_is_watched = requires(typename Transport::stream& stream, watcher& w) {
    stream.watch(w);
};

/// `std::string stream::peer() const`: who is at the other end, for logs.
template <class Transport>
concept stream_names_peer = requires(const typename Transport::stream& stream) {
    { stream.peer() } -> std::convertible_to<std::string>;
};

/// `void stream::close() noexcept`.
template <class Transport>
concept stream_closes = requires(typename Transport::stream& stream) {
    { stream.close() } noexcept;
};

/// `Transport::acceptor(executor, const Transport&)` listens, or throws with the address and
/// reason.
template <class Transport>
concept transport_has_acceptor =
    std::constructible_from<typename Transport::acceptor, executor, const Transport&>;

/// `std::optional<stream> acceptor::accept(error_code&)`: a connection, or none and no error
/// (wait), or an error. Never blocking.
template <class Transport>
concept acceptor_accepts = requires(typename Transport::acceptor& acceptor, error_code& ec) {
    { acceptor.accept(ec) } -> std::same_as<std::optional<typename Transport::stream>>;
};

/// `void acceptor::watch(watcher&)`: as for a stream; readable means that there is something to
/// accept.
template <class Transport>
concept acceptor_is_watched = requires(typename Transport::acceptor& acceptor, watcher& w) {
    acceptor.watch(w);
};

/// `std::string acceptor::address() const`: where it listens, for people.
template <class Transport>
concept acceptor_names_address = requires(const typename Transport::acceptor& acceptor) {
    { acceptor.address() } -> std::convertible_to<std::string>;
};

/// `void acceptor::close() noexcept`.
template <class Transport>
concept acceptor_closes = requires(typename Transport::acceptor& acceptor) {
    { acceptor.close() } noexcept;
};

/// How bytes travel: non-blocking operations and readiness.
///
/// - `Transport` is a copyable aggregate; its members are its options (an address, say). If it
///   has `Transport inner() const`, a backend<> listens with what that returns: the same options,
///   reachable from this machine only unless they say otherwise.
/// - `Transport::stream` is one connection, `Transport::acceptor` what listens for them. If a stream
///   has `std::optional<process_credentials> credentials() const`, connection::credentials() says
///   that: who the process at the other end is.
/// - The engine calls a stream from one thread, unless it has move_to, and moves the object only
///   before watch().
///
/// Test yours with `crier::test::transport_conformance` (crier/test/transport_conformance.hpp).
template <class Transport>
concept transport =
    transport_is_policy<Transport> && transport_has_stream<Transport> && stream_reads<Transport> &&
    stream_writes<Transport> && stream_shakes_hands<Transport> && stream_is_watched<Transport> &&
    stream_names_peer<Transport> && stream_closes<Transport> && transport_has_acceptor<Transport> &&
    acceptor_accepts<Transport> && acceptor_is_watched<Transport> &&
    acceptor_names_address<Transport> && acceptor_closes<Transport>;

/// Optional: `Transport inner() const`, what a backend<> listens with.
template <class Transport>
concept transport_has_inner = requires(const Transport& transport) {
    { transport.inner() } -> std::same_as<Transport>;
};

/// Optional, for servers with crier::threads: `void stream::move_to(executor) noexcept`. It unwatches,
/// if it is watched, and the next calls, beginning with watch(), come on that executor's thread. Called
/// before the handshake or at any time until close(), on the old thread.
template <class Transport>
concept stream_moves = requires(typename Transport::stream& stream, executor ex) {
    { stream.move_to(ex) } noexcept;
};

/// Optional: `Transport beside(acceptor& first) const`, the options for one more acceptor on the same
/// address and port as an acceptor that listens there already; the system shares out what comes. A
/// server with crier::threads has such acceptors, one on each thread, for all but back ends.
/// Without it the first thread accepts for all of them.
template <class Transport>
concept transport_shares =
    requires(const Transport& transport, typename Transport::acceptor& first) {
        { transport.beside(first) } -> std::same_as<Transport>;
    };

/// Optional: `std::optional<crier::source_address> stream::source() const`, where it comes from, for
/// admission::max_connections_per_address. Nothing where all are of this machine.
template <class Transport>
concept stream_names_source = requires(const typename Transport::stream& stream) {
    { stream.source() } -> std::same_as<std::optional<source_address>>;
};

/// Optional: `int stream::native_handle() const`, its descriptor: for admission::spare_descriptors,
/// limits::max_read_share, and to see what a slow reader has yet to take (limits::write_stall_timeout).
/// What reading costs is then bounded for each turn; without it crier takes the stream for one in memory.
template <class Transport>
concept stream_has_descriptor = requires(const typename Transport::stream& stream) {
    { stream.native_handle() } -> std::same_as<int>;
};

/// Optional: `std::optional<process_credentials> stream::credentials() const`, who is at the other end.
template <class Transport>
concept stream_has_credentials = requires(const typename Transport::stream& stream) {
    { stream.credentials() } -> std::same_as<std::optional<process_credentials>>;
};

/// Optional: `bool acceptor::is_private() const`: true if no other machine can connect. A backend<>
/// without an authenticator does not listen where this is false, or not said, unless it is told to.
template <class Transport>
concept acceptor_tells_reach = requires(const typename Transport::acceptor& acceptor) {
    { acceptor.is_private() } -> std::same_as<bool>;
};

/// The least that is a transport: nobody ever connects.
struct transport_archetype
{
    struct stream
    {
        io_result read_some(std::span<char>) { return {io_status::eof, 0, {}}; }
        io_result write_some(std::span<const iovec>) { return {io_status::want_write, 0, {}}; }
        io_result handshake() { return {}; }
        io_result shutdown() { return {}; }
        void watch(watcher&) {}
        std::string peer() const { return "nobody"; }
        void close() noexcept {}
    };

    struct acceptor
    {
        acceptor(executor, const transport_archetype&) {}
        std::optional<stream> accept(error_code&) { return std::nullopt; }
        void watch(watcher&) {}
        std::string address() const { return "nowhere"; }
        void close() noexcept {}
    };
};

static_assert(transport<transport_archetype>);

namespace detail {

/// An `inner` must not be ignored because its signature is another: the port would be open to all.
template <class Transport>
concept means_to_have_inner = requires { requires of_function<decltype(&Transport::inner)>; };

template <class Transport>
concept means_to_move = requires { requires of_function<decltype(&Transport::stream::move_to)>; };

template <class Transport>
concept means_to_name_source =
    requires { requires of_function<decltype(&Transport::stream::source)>; };

template <class Transport>
concept means_to_have_descriptor =
    requires { requires of_function<decltype(&Transport::stream::native_handle)>; };

template <class Transport>
concept means_to_have_credentials =
    requires { requires of_function<decltype(&Transport::stream::credentials)>; };

template <class Transport>
concept means_to_tell_reach =
    requires { requires of_function<decltype(&Transport::acceptor::is_private)>; };

template <class Address>
struct class_of
{
    using type = void;
};
template <class Member, class Class>
struct class_of<Member Class::*>
{
    using type = Class;
};

/// One that is inherited is about the base's acceptors; without one of its own it has none.
template <class Transport>
concept means_to_share = requires {
    requires of_function<decltype(&Transport::beside)> &&
             (!std::is_member_pointer_v<decltype(&Transport::beside)> ||
              std::is_same_v<typename class_of<decltype(&Transport::beside)>::type, Transport>);
};

} // namespace detail

/// Says what is missing, one sentence each:
/// `static_assert(crier::check_transport<my_transport>());`
template <class Transport>
consteval bool check_transport()
{
    static_assert(transport_is_policy<Transport>,
                  "a transport is copyable: an aggregate whose members are its options, "
                  "pointers and not references to what it shares (see transport_archetype in "
                  "crier/concepts/transport.hpp)");
    static_assert(transport_has_stream<Transport>,
                  "a transport has a nested type `stream`, public, that can be moved "
                  "(crier/concepts/transport.hpp)");
    static_assert(stream_reads<Transport>,
                  "a stream has `crier::io_result read_some(std::span<char> into)` "
                  "(crier/concepts/transport.hpp)");
    static_assert(stream_writes<Transport>,
                  "a stream has `crier::io_result write_some(std::span<const iovec> gather)` "
                  "(crier/concepts/transport.hpp)");
    static_assert(stream_shakes_hands<Transport>,
                  "a stream has `crier::io_result handshake()` and `crier::io_result shutdown()` "
                  "(crier/concepts/transport.hpp)");
    static_assert(stream_is_watched<Transport>, "a stream has `void watch(crier::watcher&)` "
                                                "(crier/concepts/transport.hpp)");
    static_assert(stream_names_peer<Transport>,
                  "a stream has `std::string peer() const` (crier/concepts/transport.hpp)");
    static_assert(stream_closes<Transport>,
                  "a stream has `void close() noexcept` (crier/concepts/transport.hpp)");
    static_assert(transport_has_acceptor<Transport>,
                  "a transport has a nested type `acceptor`, public, with a constructor "
                  "`acceptor(crier::executor, const Transport&)` (crier/concepts/transport.hpp)");
    static_assert(acceptor_accepts<Transport>,
                  "an acceptor has `std::optional<stream> accept(crier::error_code&)` "
                  "(crier/concepts/transport.hpp)");
    static_assert(acceptor_is_watched<Transport>,
                  "an acceptor has `void watch(crier::watcher&)` (crier/concepts/transport.hpp)");
    static_assert(acceptor_names_address<Transport>,
                  "an acceptor has `std::string address() const` (crier/concepts/transport.hpp)");
    static_assert(acceptor_closes<Transport>,
                  "an acceptor has `void close() noexcept` (crier/concepts/transport.hpp)");
    static_assert(transport_has_inner<Transport> || !detail::means_to_have_inner<Transport>,
                  "the inner of a transport is `Transport inner() const` "
                  "(crier/concepts/transport.hpp)");
    static_assert(stream_moves<Transport> || !detail::means_to_move<Transport>,
                  "the move_to of a stream is `void move_to(crier::executor) noexcept` "
                  "(crier/concepts/transport.hpp)");
    static_assert(transport_shares<Transport> || !detail::means_to_share<Transport>,
                  "the beside of a transport is `Transport beside(acceptor& first) const` "
                  "(crier/concepts/transport.hpp)");
    static_assert(stream_names_source<Transport> || !detail::means_to_name_source<Transport>,
                  "the source of a stream is `std::optional<crier::source_address> source() const` "
                  "(crier/concepts/transport.hpp)");
    static_assert(stream_has_descriptor<Transport> || !detail::means_to_have_descriptor<Transport>,
                  "the native_handle of a stream is `int native_handle() const` "
                  "(crier/concepts/transport.hpp)");
    static_assert(stream_has_credentials<Transport> ||
                      !detail::means_to_have_credentials<Transport>,
                  "the credentials of a stream are `std::optional<crier::process_credentials> "
                  "credentials() const` (crier/concepts/transport.hpp)");
    static_assert(acceptor_tells_reach<Transport> || !detail::means_to_tell_reach<Transport>,
                  "an acceptor that tells who reaches it has `bool is_private() const` "
                  "(crier/concepts/transport.hpp)");
    return transport<Transport>;
}

// clang-format on
} // namespace crier

#endif
