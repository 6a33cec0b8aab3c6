#ifndef CRIER_OBSERVER_HPP
#define CRIER_OBSERVER_HPP

#include <crier/concepts/reply.hpp>
#include <crier/connection.hpp>
#include <crier/error.hpp>
#include <crier/message.hpp>
#include <crier/push_result.hpp>

#include <concepts>
#include <cstddef>
#include <exception>

namespace crier {
// Version 14 knows no requires expressions:
// clang-format off

/// Hears everything that happens in a server and changes nothing: for logs, metrics, traces. Derive,
/// and write the functions that you need with just these signatures; another signature does not
/// compile. The rest costs nothing: they are calls of empty inline functions.
///
///     crier::push_server<clients<...>, backend<...>, my_observer> server;
///
/// What is only to be counted is counted already: server::counts().
///
/// Thread safety: called on the thread that runs the server, one at a time. The functions must not
/// throw. What they do to a connection's server takes effect later than they return: they get it
/// const.
class observer
{
public:
    /// Each connection of every listener, before anything was read.
    void on_accept(const connection&) {}

    /// accept failed: no descriptors left, say. It is tried again.
    void on_accept_failed(error_code) {}

    /// The opening handshake is done, if the codec has one.
    void on_open(const connection&) {}

    /// A client receives from now on what is pushed to its uid.
    void on_registered(const connection&) {}

    /// A client's message after its uid.
    void on_message(const connection&, message_view) {}

    /// A back end's line was judged, and is answered.
    void on_line(const connection&, const line_result&) {}

    /// The program itself has pushed something, and this came of it.
    void on_push(const push_result&) {}

    /// Messages that were queued for a slow consumer, or were to be, were dropped: how many.
    void on_overflow(const connection&, std::size_t) {}

    /// A hook, handler or authenticator threw. The connection ends; a connection that is ending
    /// goes on to do so.
    void on_exception(const connection&, std::exception_ptr) {}

    /// A connection is gone; called once for each on_accept.
    void on_end(const connection&, error_code) {}
};

/// A class derived from crier::observer whose functions can all be called as there.
template <class Observer>
concept server_observer =
    std::derived_from<Observer, observer> && std::copy_constructible<Observer> &&
    requires(Observer& o, const connection& c, message_view m, const line_result& line,
             const push_result& push, std::exception_ptr thrown, error_code ec) {
        { o.on_accept(c) } -> std::same_as<void>;
        { o.on_accept_failed(ec) } -> std::same_as<void>;
        { o.on_open(c) } -> std::same_as<void>;
        { o.on_registered(c) } -> std::same_as<void>;
        { o.on_message(c, m) } -> std::same_as<void>;
        { o.on_line(c, line) } -> std::same_as<void>;
        { o.on_push(push) } -> std::same_as<void>;
        { o.on_overflow(c, std::size_t()) } -> std::same_as<void>;
        { o.on_exception(c, thrown) } -> std::same_as<void>;
        { o.on_end(c, ec) } -> std::same_as<void>;
    };

static_assert(server_observer<observer>);

/// Says what is wrong, one sentence each: `static_assert(crier::check_observer<my_observer>());`
template <class Observer>
consteval bool check_observer()
{
    static_assert(std::derived_from<Observer, observer>,
                  "observers derive publicly from crier::observer");
    static_assert(std::copy_constructible<Observer>,
                  "observers are copied into the server: give them pointers or references to what "
                  "they share");
    static_assert(server_observer<Observer>,
                  "the functions of an observer have the signatures that they have in "
                  "crier::observer, and return void (crier/observer.hpp)");
    return server_observer<Observer>;
}

// clang-format on
} // namespace crier

#endif
