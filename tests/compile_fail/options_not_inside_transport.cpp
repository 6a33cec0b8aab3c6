// expect: where a listener listens is one of its options, `.transport`: `server s{{.transport = {.port = 1234}}}`
#include <crier/crier.hpp>

using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>>;

#ifdef CRIER_MISTAKE
push server{{.port = 1234}};
#else
push server{{.transport = {.port = 1234}}};
#endif
