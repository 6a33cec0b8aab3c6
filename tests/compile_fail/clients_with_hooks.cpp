// expect: a registry, hooks, an observer and crier::threads stand next to clients<>
#include <crier/crier.hpp>

struct my_hooks : crier::hooks
{};

#ifdef CRIER_MISTAKE
using pages = crier::clients<crier::tcp, crier::websocket, my_hooks>;
crier::push_server<pages> server;
#else
using pages = crier::clients<crier::tcp, crier::websocket>;
crier::push_server<pages, my_hooks> server;
#endif
