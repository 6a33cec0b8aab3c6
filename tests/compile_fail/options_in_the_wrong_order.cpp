// expect: no matching
#include <crier/crier.hpp>

using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                crier::backend<crier::local, crier::text_line>>;

#ifdef CRIER_MISTAKE
push server{{.transport = {.path = "push.sock"}}, {.transport = {.port = 1234}}};
#else
push server{{.transport = {.port = 1234}}, {.transport = {.path = "push.sock"}}};
#endif
