#ifndef CRIER_THREADS_HPP
#define CRIER_THREADS_HPP

#include <crier/detail/crew.hpp>

#include <chrono>

namespace crier {

/// Component: lets a server work on several threads, one for each core say.
///
///     using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
///                                     crier::backend<crier::tcp, crier::text_line>, crier::threads>;
///     push server{{.transport = {.port = 1234}}, {.transport = {.port = 5678}}, {.count = 4}};
///
/// Each connection is used by one thread. A uid belongs to one of them (a keyed hash says which), and
/// a client moves there when it says its uid; so all that holds for one uid with one thread holds with
/// several: the registry's rules, and the order of messages. A line of a back end, or a push, reaches
/// another thread in at most one hop. What goes to everybody, to a topic or to a list of uids is encoded
/// once, whatever the number of threads.
///
/// The first thread is the one that runs the server's io_context. The others start with the server,
/// have all signals blocked, and end when it stops.
///
/// What is different from one thread:
/// - Hooks, peers' handlers and the observer are one object each, and called on all threads, at the
///   same time: they have to be safe for that. For one connection the calls still come one after the
///   other. on_opening and on_open may come on another thread than what follows; user_data moves
///   along.
/// - Each thread has a copy of each authenticator, overflow policy, reply and registry table.
///   max_connections_per_uid and the like hold as before; a registry's size() is its thread's.
/// - While it stops, a broadcast may reach the connections of one thread and not those of another.
/// - A push from within a hook has an exact result only if that uid's thread is this one; a push to
///   several receivers has none (push_status::posted), though those of this thread have it at once.
///   async_push says what became of it.
/// - addresses() and port() are asked before the io_context is run, or on the thread that runs it;
///   not in a hook, which may be called on another.
/// - counts() throws std::logic_error while several threads run; async_counts() does not.
/// - What a codec's encode throws on another thread leaves the io_context's run() all the same.
///
/// A registry needs a route (registry_routes), a transport a move_to (stream_moves). But for back ends
/// a transport that can share its port (transport_shares: tcp, tls) listens on all threads; other
/// connections are accepted by the first thread and dealt out in turn.
struct threads
{
    unsigned count = 0; ///< 0: as many as the machine has cores

    /// A thread that has nothing to do asks for so long whether there is something before it sleeps.
    /// That saves the time to wake up, some microseconds of each message's way at a low rate, and
    /// costs a core meanwhile. For threads that have a core of their own. 0: it sleeps at once.
    std::chrono::microseconds busy_poll{0};

    /// Used by server.
    template <class... Components>
    using crew = detail::crew<threads, Components...>;
};

} // namespace crier

#endif
