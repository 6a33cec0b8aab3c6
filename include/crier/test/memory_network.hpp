#ifndef CRIER_TEST_MEMORY_NETWORK_HPP
#define CRIER_TEST_MEMORY_NETWORK_HPP

#include <crier/concepts/transport.hpp>
#include <crier/connection.hpp>
#include <crier/error.hpp>
#include <crier/io_result.hpp>
#include <crier/watcher.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier::test {

/// How the connections of a memory_network behave. May be changed at any time, through
/// memory_network::behaviour().
struct memory_behaviour
{
    std::size_t max_read_bytes = SIZE_MAX;   ///< most bytes that one read_some takes; at least 1
    std::size_t max_write_bytes = SIZE_MAX;  ///< most bytes that one write_some takes; at least 1
    std::size_t capacity_bytes = 256 * 1024; ///< written and not received yet; beyond: want_write

    /// Which operation of the server's side fails, counted from 0: accept, handshake, read_some,
    /// write_some and shutdown, of all connections together. SIZE_MAX: none.
    std::size_t failing_operation = SIZE_MAX;
    error_code failure = make_error_code(boost::system::errc::connection_reset);
};

namespace detail {

/// What both ends of a connection share.
struct memory_link
{
    std::string to_server, to_client;
    bool client_finished = false; // says no more
    bool client_reset = false;    // has gone
    bool server_finished = false;
    bool server_closed = false;
    bool wants_room = false; // stands in memory_board::full
    watcher* told = nullptr;
    std::optional<executor> runs_on;
    std::optional<process_credentials> credentials; // of the client

    /// Tells the watcher, from the executor: never from within a call of the stream.
    static void tell(const std::shared_ptr<memory_link>& link)
    {
        if (!link->told)
            return;
        boost::asio::post(*link->runs_on, [link] {
            if (link->told)
                link->told->ready({.readable = true,
                                   .writable = true,
                                   .hangup = link->client_finished || link->client_reset});
        });
    }
};

/// The server's side of a network.
struct memory_board
{
    memory_behaviour behaviour;
    std::size_t operations = 0;
    std::deque<std::shared_ptr<memory_link>> waiting; // connected, and not accepted yet
    std::vector<std::weak_ptr<memory_link>> full;     // have answered want_write
    watcher* told = nullptr;
    std::optional<executor> runs_on;

    bool next_operation_fails() noexcept { return operations++ == behaviour.failing_operation; }

    static void tell(const std::shared_ptr<memory_board>& board)
    {
        if (!board->told)
            return;
        boost::asio::post(*board->runs_on, [board] {
            if (board->told)
                board->told->ready({.readable = true});
        });
    }

    void wants_room(const std::shared_ptr<memory_link>& link)
    {
        if (!std::exchange(link->wants_room, true))
            full.push_back(link);
    }

    void there_may_be_room()
    {
        for (const std::weak_ptr<memory_link>& known : std::exchange(full, {})) {
            if (const auto link = known.lock()) {
                link->wants_room = false;
                memory_link::tell(link);
            }
        }
    }
};

} // namespace detail

/// A client's end of a connection, in the hands of a test. Nothing blocks: what was said is there,
/// once the io_context has run (memory_network::settle).
///
/// Destroyed, it closes, as a program that ends.
class memory_client
{
public:
    explicit memory_client(std::shared_ptr<detail::memory_link> link) : link_(std::move(link)) {}
    memory_client(memory_client&&) = default;
    memory_client& operator=(memory_client&&) = default;

    ~memory_client()
    {
        if (link_ && !link_->client_finished)
            reset();
    }

    /// Sends bytes to the server. After finish() or reset() they go nowhere.
    void send(std::string_view bytes)
    {
        if (link_->client_finished)
            return;
        link_->to_server.append(bytes);
        detail::memory_link::tell(link_);
    }

    /// Takes what the server has written since the last call, or the first `most` bytes of it.
    std::string receive(std::size_t most = SIZE_MAX)
    {
        std::string taken = link_->to_client.substr(0, most);
        link_->to_client.erase(0, taken.size());
        if (!taken.empty())
            detail::memory_link::tell(link_);
        return taken;
    }

    /// Bytes that the server has written and this end has not received.
    std::size_t unreceived() const noexcept { return link_->to_client.size(); }

    /// Says that no more will be sent (FIN). What the server says can still be received.
    void finish()
    {
        link_->client_finished = true;
        detail::memory_link::tell(link_);
    }

    /// Breaks the connection (RST).
    void reset()
    {
        link_->client_reset = link_->client_finished = true;
        link_->to_server.clear();
        detail::memory_link::tell(link_);
    }

    /// True if the server will write no more.
    bool ended() const noexcept { return link_->server_finished || link_->server_closed; }

    /// True if the server has let go of the connection altogether.
    bool closed() const noexcept { return link_->server_closed; }

private:
    std::shared_ptr<detail::memory_link> link_;
};

/// Connections without sockets: a test holds the clients' ends, a server with memory_transport has
/// the others. Reads and writes can be short, queues full, and any operation can be made to fail.
///
/// Copies are the same network. Thread safety: none; used on the thread that runs the io_context. So
/// it is for servers with one thread: take crier::threads out for these tests.
///
/// Example (tests):
///     crier::test::memory_network network;
///     boost::asio::io_context context;
///     crier::push_server<crier::clients<crier::test::memory_transport, crier::text_line>> server(
///         context, {.transport = {network}});
///     server.start();
///     crier::test::memory_client ann = network.connect();
///     ann.send("ann\n"); // the uid
///     network.settle(context);
///     assert(network.ask(context, [&] { return server.push("ann", "hello"); }).queued == 1);
///     assert(ann.receive() == "hello\n");
class memory_network
{
public:
    memory_network() : board_(std::make_shared<detail::memory_board>()) {}

    /// A new connection, waiting to be accepted.
    memory_client connect() { return connect_as(std::nullopt); }

    /// The same for a process of this machine, as on a local socket: the server's
    /// connection::credentials() says that it is this one.
    memory_client connect(const process_credentials& who) { return connect_as(who); }

    /// The behaviour, to be changed. Connections that are full look again for room once the
    /// io_context runs: so call this for each change, and keep no reference.
    memory_behaviour& behaviour()
    {
        board_->there_may_be_room();
        return board_->behaviour;
    }

    /// How many operations the server has tried; one of them may have failed (see
    /// memory_behaviour::failing_operation).
    std::size_t operations() const noexcept { return board_->operations; }

    /// Connections that nobody has accepted.
    std::size_t waiting() const noexcept { return board_->waiting.size(); }

    /// Runs the io_context until nothing is left to do now. It does not wait for timers: move the
    /// server's time with server::advance.
    static void settle(boost::asio::io_context& context)
    {
        do
            context.restart();
        while (context.poll() != 0);
    }

    /// Settles, calls f() on the server's thread, settles again, and returns what f returned, or
    /// throws what it threw. There push says exactly what came of it. Called by the test itself,
    /// between two settles, push only hands the message over and says push_status::posted; it is
    /// queued when the network settles.
    template <class F>
    static decltype(auto) ask(boost::asio::io_context& context, F f)
    {
        settle(context); // what was handed over before comes first
        std::packaged_task<decltype(f())()> task(std::move(f));
        auto answer = task.get_future();
        boost::asio::post(context, [task = std::move(task)]() mutable { task(); });
        settle(context);
        return answer.get();
    }

private:
    friend struct memory_transport;

    memory_client connect_as(const std::optional<process_credentials>& who)
    {
        auto link = std::make_shared<detail::memory_link>();
        link->credentials = who;
        board_->waiting.push_back(link);
        detail::memory_board::tell(board_);
        return memory_client(std::move(link));
    }

    std::shared_ptr<detail::memory_board> board_;
};

} // namespace crier::test

#endif
