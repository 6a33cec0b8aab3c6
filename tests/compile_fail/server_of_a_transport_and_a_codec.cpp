// expect: a server's components are listeners (clients<>, backend<>, peers<>)
#include <crier/crier.hpp>

#ifdef CRIER_MISTAKE
crier::push_server<crier::tcp, crier::websocket> server;
#else
crier::push_server<crier::clients<crier::tcp, crier::websocket>> server;
#endif
