// The README's server, and it compresses for clients that offer it:
// crier_server_deflate CLIENTS_PORT BACKEND_PORT
#include <crier/codec/websocket_deflate.hpp>
#include <crier/crier.hpp>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: crier_server_deflate CLIENTS_PORT BACKEND_PORT\n";
        return 2;
    }
    const auto port = [&](int i) { return static_cast<std::uint16_t>(std::atoi(argv[i])); };
    using server = crier::push_server<crier::clients<crier::tcp, crier::websocket_deflate<>>,
                                      crier::backend<crier::tcp, crier::text_line>>;
    try {
        server s{{.transport = {.address = "127.0.0.1", .port = port(1)}},
                 {.transport = {.port = port(2)}}};
        s.run();
    } catch (const std::exception& e) {
        std::cerr << "crier_server_deflate: " << e.what() << '\n';
        return 1;
    }
}
