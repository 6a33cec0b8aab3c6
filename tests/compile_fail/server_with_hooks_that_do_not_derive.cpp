// expect: at most one class derived from crier::hooks
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

#ifdef CRIER_MISTAKE
struct my_hooks
#else
struct my_hooks : crier::hooks
#endif
{
    void on_open(crier::connection&) {}
};

crier::push_server<pages, my_hooks> server;
