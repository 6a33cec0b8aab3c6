// Sends every WebSocket message back as it came. The same codec and transport as in a push server,
// without uids and back ends: the pieces compose into something else, and conformance suites have
// something to talk to.
#include <crier/codec/websocket_deflate.hpp>
#include <crier/server.hpp>
#include <crier/transport/tcp.hpp>
#include <crier/version.hpp>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <exception>
#include <iostream>
#include <string>

#include "../address.hpp"

namespace {

struct echo : crier::hooks
{
    void on_message(crier::connection& peer, crier::message_view message) { peer.send(message); }
};

} // namespace

int main(int argc, char** argv)
{
    std::string listen = "127.0.0.1:9001";
    crier::websocket_deflate<> codec;
    codec.max_message_bytes = 16 * 1024 * 1024;
    codec.accept_offers = false;

    CLI::App app("Sends every WebSocket message back as it came.");
    app.set_version_flag("--version", "websocket_echo (crier) " CRIER_VERSION_STRING);
    app.add_option("--listen", listen, "where to listen, HOST:PORT")->capture_default_str();
    app.add_option("--max-message-bytes", codec.max_message_bytes, "larger messages end with 1009")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    app.add_flag("--deflate", codec.accept_offers,
                 "accepts permessage-deflate from clients that offer it");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }

    try {
        const auto [host, port] = parse_host_and_port(listen);
        crier::server<crier::peers<crier::tcp, crier::websocket_deflate<>, echo>> server{
            {.transport = {.address = host, .port = port}, .codec = codec}};
        server.run();
    } catch (const std::invalid_argument& e) {
        std::cerr << "websocket_echo: --listen: " << e.what() << '\n';
        return 2;
    } catch (const std::exception& e) {
        std::cerr << "websocket_echo: " << e.what() << '\n';
        return 1;
    }
}
