// The README's server: browsers on 1234, back ends on 5678.
#include <crier/crier.hpp>

int main()
{
    using server = crier::push_server<
        crier::clients<crier::tcp, crier::websocket>, // browsers: say who you are, then listen
        crier::backend<crier::tcp, crier::text_line>, // back end: one JSON line in, ok or fail out
        crier::uid_registry>;                         // uid -> connections
    server s{{.transport = {.port = 1234}}, {.transport = {.port = 5678}}};
    s.run(); // until SIGINT or SIGTERM, then drains
}
