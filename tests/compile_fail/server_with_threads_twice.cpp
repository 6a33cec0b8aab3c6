// expect: crier::threads stands once in a server
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

#ifdef CRIER_MISTAKE
crier::push_server<pages, crier::threads, crier::threads> server;
#else
crier::push_server<pages, crier::threads> server;
#endif
