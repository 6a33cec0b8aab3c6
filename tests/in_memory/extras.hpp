#ifndef CRIER_TESTS_IN_MEMORY_EXTRAS_HPP
#define CRIER_TESTS_IN_MEMORY_EXTRAS_HPP

#include <crier/crier.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace support {

using crier::test::memory_client;
using crier::test::memory_network;
using crier::test::memory_transport;

/// A server of any two listeners on networks in memory, and any further components.
template <class Clients, class Backend, class... More>
class extras_server
{
public:
    using server_type = crier::push_server<Clients, Backend, More...>;

    explicit extras_server(Clients clients = {}, Backend backend = {}, More... more)
        : server(context, with_network(std::move(clients), pages),
                 with_network(std::move(backend), back_ends), std::move(more)...)
    {
        server.start();
    }

    void settle() { memory_network::settle(context); }

    /// A client that has said something, and been heard.
    memory_client say(std::string_view text)
    {
        memory_client c = pages.connect();
        c.send(std::string(text) + '\n');
        settle();
        return c;
    }

    /// What a back end on a connection of its own is answered.
    std::string tell(std::string_view lines)
    {
        memory_client script = back_ends.connect();
        script.send(std::string(lines) + '\n');
        settle();
        return script.receive();
    }

    /// What f() says on the server's thread.
    template <class F>
    auto on_server_thread(F f)
    {
        return memory_network::ask(context, std::move(f));
    }

    memory_network pages, back_ends;
    boost::asio::io_context context;
    server_type server;

private:
    template <class Listener>
    static Listener with_network(Listener l, memory_network& network)
    {
        l.transport = {network};
        return l;
    }
};

} // namespace support

#endif
