// expect: a server has one hooks class
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

struct greeting : crier::hooks
{
    void on_open(crier::connection&) {}
};

struct farewell : crier::hooks
{
    void on_close(crier::connection&, crier::error_code) {}
};

#ifdef CRIER_MISTAKE
crier::push_server<pages, greeting, farewell> server;
#else
crier::push_server<pages, greeting> server;
#endif
