#ifndef CRIER_HOOKS_HPP
#define CRIER_HOOKS_HPP

#include <crier/connection.hpp>
#include <crier/error.hpp>
#include <crier/message.hpp>
#include <crier/opening.hpp>

#include <concepts>

namespace crier {
// clang-format 14 knows no requires expressions:
// clang-format off

class observer;

/// What a program may want to hear from its server. Derive, and write the functions that you need
/// with just these signatures; another signature does not compile, another name is not called.
///
/// An exception that leaves a hook closes the connection it was called for, no other: with 1011, or
/// without a word if its opening is not answered yet.
///
/// Thread safety: called on the thread that runs the server, one at a time; with crier::threads on all
/// threads at once (threads.hpp).
///
/// Example (declarations):
///     struct welcome : crier::hooks
///     {
///         using server = crier::push_server<crier::clients<crier::tcp, crier::websocket>, welcome>;
///         server* told = nullptr; // the server has a copy of this object: see hook() below
///
///         void on_registered(crier::connection& c)
///         {
///             told->broadcast(std::string(c.uid()) + " has come");
///         }
///     };
///
///     void run_it()
///     {
///         welcome::server s{{.transport = {.port = 1234}}};
///         s.hook().told = &s;
///         s.run();
///     }
class hooks
{
public:
    /// A client's HTTP request. Decides whether it becomes a WebSocket connection, and answers plain
    /// requests. Default: accepts upgrades, answers all else with 426.
    ///
    /// A connection that is refused here has no on_open and no on_close: do not leave in its
    /// user_data what somebody must delete.
    opening_answer on_opening(connection&, const opening_request&)
    {
        return opening_answer::accept();
    }

    /// A connection is open: after the opening handshake if its codec has one. Back ends' too; see
    /// connection::kind().
    void on_open(connection&) {}

    /// A client said its uid and receives from now on.
    void on_registered(connection&) {}

    /// A client said something after its uid.
    void on_message(connection&, message_view) {}

    /// The connection is gone; called once for each on_open, so for back ends too, and for clients
    /// that never registered. One that the registry has refused (error::uid_refused) has a uid()
    /// though on_registered never came, and with latest_only the newer one's on_registered comes
    /// before the older one's on_close (error::replaced): that a uid is gone is not said here.
    /// `why` compares with `error`, `condition` and the system's errors: a reset is one of these. peer()
    /// is not known any more where the peer was first to go: ask in on_open. Of connections that end before
    /// they are open, observer::on_end tells.
    void on_close(connection&, error_code) {}
};

/// `opening_answer on_opening(connection&, const opening_request&)`.
template <class Hooks>
concept hooks_have_on_opening = requires(Hooks& h, connection& c, const opening_request& request) {
    { h.on_opening(c, request) } -> std::same_as<opening_answer>;
};

/// `void on_open(connection&)`.
template <class Hooks>
concept hooks_have_on_open = requires(Hooks& h, connection& c) {
    { h.on_open(c) } -> std::same_as<void>;
};

/// `void on_registered(connection&)`.
template <class Hooks>
concept hooks_have_on_registered = requires(Hooks& h, connection& c) {
    { h.on_registered(c) } -> std::same_as<void>;
};

/// `void on_message(connection&, message_view)`.
template <class Hooks>
concept hooks_have_on_message = requires(Hooks& h, connection& c, message_view message) {
    { h.on_message(c, message) } -> std::same_as<void>;
};

/// `void on_close(connection&, error_code)`.
template <class Hooks>
concept hooks_have_on_close = requires(Hooks& h, connection& c, error_code why) {
    { h.on_close(c, why) } -> std::same_as<void>;
};

/// A class derived from crier::hooks whose functions can all be called as there.
template <class Hooks>
concept server_hooks =
    std::derived_from<Hooks, hooks> && std::copy_constructible<Hooks> &&
    hooks_have_on_opening<Hooks> && hooks_have_on_open<Hooks> && hooks_have_on_registered<Hooks> &&
    hooks_have_on_message<Hooks> && hooks_have_on_close<Hooks>;

static_assert(server_hooks<hooks>);

namespace detail {

/// Hooks with a function that only observers have: it would never be called.
template <class Hooks>
concept means_to_observe =
    !std::derived_from<Hooks, observer> &&
    (requires(Hooks& h, connection& c) { h.on_accept(c); } ||
     requires(Hooks& h, connection& c, error_code ec) { h.on_end(c, ec); });

} // namespace detail

/// Says what is wrong, one sentence each: `static_assert(crier::check_hooks<my_hooks>());`
template <class Hooks>
consteval bool check_hooks()
{
    static_assert(std::derived_from<Hooks, hooks>,
                  "hooks derive publicly from crier::hooks (crier/hooks.hpp)");
    static_assert(!std::derived_from<Hooks, observer> || server_hooks<Hooks>,
                  "hooks and an observer have functions of the same names: make them two classes "
                  "(crier/hooks.hpp)");
    static_assert(std::copy_constructible<Hooks>,
                  "hooks are copied into the server: give them pointers or references to what they "
                  "share");
    static_assert(hooks_have_on_opening<Hooks>,
                  "the signature is `crier::opening_answer on_opening(crier::connection&, "
                  "const crier::opening_request&)`, public (crier/hooks.hpp)");
    static_assert(hooks_have_on_open<Hooks>,
                  "the signature is `void on_open(crier::connection&)`, public (crier/hooks.hpp)");
    static_assert(hooks_have_on_registered<Hooks>,
                  "the signature is `void on_registered(crier::connection&)`, public "
                  "(crier/hooks.hpp)");
    static_assert(hooks_have_on_message<Hooks>,
                  "the signature is `void on_message(crier::connection&, crier::message_view)`, "
                  "public (crier/hooks.hpp)");
    static_assert(hooks_have_on_close<Hooks>,
                  "the signature is `void on_close(crier::connection&, crier::error_code)`, public "
                  "(crier/hooks.hpp)");
    static_assert(!detail::means_to_observe<Hooks>,
                  "on_accept and on_end are an observer's (crier/observer.hpp); hooks have on_open "
                  "and on_close (crier/hooks.hpp)");
    return server_hooks<Hooks>;
}

// clang-format on
} // namespace crier

#endif
