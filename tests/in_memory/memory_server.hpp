#ifndef CRIER_TESTS_IN_MEMORY_MEMORY_SERVER_HPP
#define CRIER_TESTS_IN_MEMORY_MEMORY_SERVER_HPP

#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>

#include "page.hpp"

namespace support {

/// The README's server, on two networks in memory.
template <class Registry = crier::uid_registry>
class memory_server
{
public:
    using server_type =
        crier::push_server<crier::clients<crier::test::memory_transport, crier::websocket>,
                           crier::backend<crier::test::memory_transport, crier::text_line>,
                           Registry>;

    explicit memory_server(const crier::limits& limits = {})
        : server(context, {.transport = {pages}, .codec = {}, .limits = limits},
                 {.transport = {back_ends}, .codec = {}, .limits = limits})
    {
        server.start();
    }

    /// Runs until nothing is left to do now.
    void settle() { crier::test::memory_network::settle(context); }

    page open(std::string_view uid) { return support::open(pages, uid); }

    crier::test::memory_network pages, back_ends;
    boost::asio::io_context context;
    server_type server;
};

} // namespace support

#endif
