// expect: a push_server needs at least one clients<> listener
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;
using scripts = crier::backend<crier::tcp, crier::text_line>;

#ifdef CRIER_MISTAKE
crier::push_server<scripts> server;
#else
crier::push_server<pages, scripts> server;
#endif
