// expect: a registry, hooks, an observer and crier::threads stand next to clients<>
#include <crier/crier.hpp>

#ifdef CRIER_MISTAKE
using pages = crier::clients<crier::tcp, crier::websocket, crier::threads>;
crier::push_server<pages> server;
#else
using pages = crier::clients<crier::tcp, crier::websocket>;
crier::push_server<pages, crier::threads> server{{}, {.count = 2}};
#endif
