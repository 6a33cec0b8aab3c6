// expect: at most one class derived from crier::hooks, at most one derived from crier::observer
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

#ifdef CRIER_MISTAKE
struct event_log
#else
struct event_log : crier::observer
#endif
{
    void on_accept(const crier::connection&) {}
};

crier::push_server<pages, event_log> server;
