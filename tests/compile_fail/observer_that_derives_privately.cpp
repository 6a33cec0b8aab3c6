// expect: observers derive publicly from crier::observer
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

#ifdef CRIER_MISTAKE
class event_log : crier::observer
#else
class event_log : public crier::observer
#endif
{
public:
    void on_accept(const crier::connection&) {}
};

crier::push_server<pages, event_log> server;
