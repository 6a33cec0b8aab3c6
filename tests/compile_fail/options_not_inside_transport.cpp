// expect: no matching
#include <crier/crier.hpp>

using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>>;

#ifdef CRIER_MISTAKE
push server{{.port = 1234}};
#else
push server{{.transport = {.port = 1234}}};
#endif
