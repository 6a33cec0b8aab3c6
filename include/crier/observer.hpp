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
// clang-format 14 knows no requires expressions:
// clang-format off

class hooks;
class opening_request;

/// Hears everything that happens in a server and changes nothing: for logs, metrics, traces. Derive,
/// and write the functions that you need with just these signatures; another signature does not
/// compile. The rest costs nothing: they are calls of empty inline functions.
///
/// What is only to be counted is counted already: server::counts().
///
/// Thread safety: called on the thread that runs the server, one at a time; with crier::threads on all
/// threads at once (threads.hpp). The functions must not throw. What they do to a connection's server
/// takes effect later than they return: they get it const.
///
/// Example (declarations):
///     struct log_ends : crier::observer
///     {
///         void on_end(const crier::connection& c, crier::error_code why)
///         {
///             std::clog << '#' << c.id() << ' ' << crier::printable(c.uid()) << ": "
///                       << why.message() << '\n';
///         }
///     };
///     using server = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
///                                       crier::backend<crier::tcp, crier::text_line>, log_ends>;
class observer
{
public:
    /// Each connection of every listener, before anything was read.
    void on_accept(const connection&) {}

    /// accept failed: no descriptors left, say. It is tried again. Or admission has turned a connection
    /// away: error::too_many_connections, say. Then it is called for each, and a flood may be a hundred
    /// thousand in a second: count them, and log that now and then.
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

    /// Messages that were queued for a slow consumer, or were to be, were dropped, or have made way for
    /// newer ones with the same key: how many.
    void on_overflow(const connection&, std::size_t) {}

    /// A hook, handler or authenticator threw. The connection ends; a connection that is ending
    /// goes on to do so.
    void on_exception(const connection&, std::exception_ptr) {}

    /// A connection is gone; called once for each on_accept.
    void on_end(const connection&, error_code) {}
};

/// `void on_accept(const connection&)`.
template <class Observer>
concept observer_has_on_accept = requires(Observer& o, const connection& c) {
    { o.on_accept(c) } -> std::same_as<void>;
};

/// `void on_accept_failed(error_code)`.
template <class Observer>
concept observer_has_on_accept_failed = requires(Observer& o, error_code ec) {
    { o.on_accept_failed(ec) } -> std::same_as<void>;
};

/// `void on_open(const connection&)`.
template <class Observer>
concept observer_has_on_open = requires(Observer& o, const connection& c) {
    { o.on_open(c) } -> std::same_as<void>;
};

/// `void on_registered(const connection&)`.
template <class Observer>
concept observer_has_on_registered = requires(Observer& o, const connection& c) {
    { o.on_registered(c) } -> std::same_as<void>;
};

/// `void on_message(const connection&, message_view)`.
template <class Observer>
concept observer_has_on_message = requires(Observer& o, const connection& c, message_view m) {
    { o.on_message(c, m) } -> std::same_as<void>;
};

/// `void on_line(const connection&, const line_result&)`.
template <class Observer>
concept observer_has_on_line = requires(Observer& o, const connection& c, const line_result& line) {
    { o.on_line(c, line) } -> std::same_as<void>;
};

/// `void on_push(const push_result&)`.
template <class Observer>
concept observer_has_on_push = requires(Observer& o, const push_result& result) {
    { o.on_push(result) } -> std::same_as<void>;
};

/// `void on_overflow(const connection&, std::size_t)`.
template <class Observer>
concept observer_has_on_overflow = requires(Observer& o, const connection& c, std::size_t n) {
    { o.on_overflow(c, n) } -> std::same_as<void>;
};

/// `void on_exception(const connection&, std::exception_ptr)`.
template <class Observer>
concept observer_has_on_exception =
    requires(Observer& o, const connection& c, std::exception_ptr e) {
        { o.on_exception(c, e) } -> std::same_as<void>;
    };

/// `void on_end(const connection&, error_code)`.
template <class Observer>
concept observer_has_on_end = requires(Observer& o, const connection& c, error_code ec) {
    { o.on_end(c, ec) } -> std::same_as<void>;
};

/// A class derived from crier::observer whose functions can all be called as there.
template <class Observer>
concept server_observer =
    std::derived_from<Observer, observer> && std::copy_constructible<Observer> &&
    observer_has_on_accept<Observer> && observer_has_on_accept_failed<Observer> &&
    observer_has_on_open<Observer> && observer_has_on_registered<Observer> &&
    observer_has_on_message<Observer> && observer_has_on_line<Observer> &&
    observer_has_on_push<Observer> && observer_has_on_overflow<Observer> &&
    observer_has_on_exception<Observer> && observer_has_on_end<Observer>;

static_assert(server_observer<observer>);

namespace detail {

/// An observer with a function that only hooks have: it would never be called.
template <class Observer>
concept means_to_be_hooks =
    !std::derived_from<Observer, hooks> &&
    (requires(Observer& o, connection& c, error_code ec) { o.on_close(c, ec); } ||
     requires(Observer& o, connection& c, const opening_request& r) { o.on_opening(c, r); });

} // namespace detail

/// Says what is wrong, one sentence each: `static_assert(crier::check_observer<my_observer>());`
template <class Observer>
consteval bool check_observer()
{
    static_assert(std::derived_from<Observer, observer>,
                  "observers derive publicly from crier::observer (crier/observer.hpp)");
    static_assert(std::copy_constructible<Observer>,
                  "observers are copied into the server: give them pointers or references to what "
                  "they share");
    static_assert(observer_has_on_accept<Observer>,
                  "the signature is `void on_accept(const crier::connection&)`, public "
                  "(crier/observer.hpp)");
    static_assert(observer_has_on_accept_failed<Observer>,
                  "the signature is `void on_accept_failed(crier::error_code)`, public "
                  "(crier/observer.hpp)");
    static_assert(observer_has_on_open<Observer>,
                  "the signature is `void on_open(const crier::connection&)`, public "
                  "(crier/observer.hpp)");
    static_assert(observer_has_on_registered<Observer>,
                  "the signature is `void on_registered(const crier::connection&)`, public "
                  "(crier/observer.hpp)");
    static_assert(observer_has_on_message<Observer>,
                  "the signature is `void on_message(const crier::connection&, "
                  "crier::message_view)`, public (crier/observer.hpp)");
    static_assert(observer_has_on_line<Observer>,
                  "the signature is `void on_line(const crier::connection&, const "
                  "crier::line_result&)`, public (crier/observer.hpp)");
    static_assert(observer_has_on_push<Observer>,
                  "the signature is `void on_push(const crier::push_result&)`, public "
                  "(crier/observer.hpp)");
    static_assert(observer_has_on_overflow<Observer>,
                  "the signature is `void on_overflow(const crier::connection&, std::size_t)`, "
                  "public (crier/observer.hpp)");
    static_assert(observer_has_on_exception<Observer>,
                  "the signature is `void on_exception(const crier::connection&, "
                  "std::exception_ptr)`, public (crier/observer.hpp)");
    static_assert(observer_has_on_end<Observer>,
                  "the signature is `void on_end(const crier::connection&, crier::error_code)`, "
                  "public (crier/observer.hpp)");
    static_assert(!detail::means_to_be_hooks<Observer>,
                  "on_close and on_opening are the hooks' (crier/hooks.hpp); observers have on_end "
                  "and on_open (crier/observer.hpp)");
    return server_observer<Observer>;
}

// clang-format on
} // namespace crier

#endif
