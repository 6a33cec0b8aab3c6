// expect: a server has one registry
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

#ifdef CRIER_MISTAKE
crier::push_server<pages, crier::uid_registry, crier::latest_only> server;
#else
crier::push_server<pages, crier::latest_only> server;
#endif
