// The README's server with ports of one's choice: crier_server CLIENTS_PORT BACKEND_PORT
// crier_server_threads CLIENTS_PORT BACKEND_PORT [THREADS [BUSY_POLL_MICROSECONDS]] is the same with
// crier::threads.
#include <crier/crier.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>

int main(int argc, char** argv)
{
#if defined(CRIER_BENCH_THREADS)
    const bool right = argc >= 3 && argc <= 5;
    const char* const more = " [THREADS [BUSY_POLL_MICROSECONDS]]";
#else
    const bool right = argc == 3;
    const char* const more = "";
#endif
    if (!right) {
        std::cerr << "usage: " << argv[0] << " CLIENTS_PORT BACKEND_PORT" << more << '\n';
        return 2;
    }
    const auto port = [&](int i) { return static_cast<std::uint16_t>(std::atoi(argv[i])); };
    using server = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
#if defined(CRIER_BENCH_THREADS)
                                      crier::threads,
#endif
                                      crier::backend<crier::tcp, crier::text_line>>;
    try {
        server s
        {
            {.transport = {.address = "127.0.0.1", .port = port(1)}},
#if defined(CRIER_BENCH_THREADS)
                {.count = argc > 3 ? static_cast<unsigned>(std::atoi(argv[3])) : 2,
                 .busy_poll = std::chrono::microseconds(argc == 5 ? std::atoi(argv[4]) : 0)},
#endif
            {
                .transport = {.port = port(2) }
            }
        };
        s.run();
    } catch (const std::exception& e) {
        std::cerr << "crier_server: " << e.what() << '\n';
        return 1;
    }
}
