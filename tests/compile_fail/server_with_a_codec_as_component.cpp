// expect: a server's components are listeners (clients<>, backend<>, peers<>)
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;
using scripts = crier::backend<crier::tcp, crier::text_line>;

#ifdef CRIER_MISTAKE
crier::push_server<pages, crier::text_line> server;
#else
crier::push_server<pages, scripts> server;
#endif
