// expect: all else stands in a listener: clients<transport, codec, authenticator, overflow policy>
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

#ifdef CRIER_MISTAKE
using scripts = crier::backend<crier::tcp, crier::text_line>;
crier::push_server<pages, scripts, crier::shared_secret> server;
#else
using scripts = crier::backend<crier::tcp, crier::text_line, crier::shared_secret>;
crier::push_server<pages, scripts> server;
#endif
