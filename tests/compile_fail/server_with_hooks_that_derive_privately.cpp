// expect: hooks derive publicly from crier::hooks
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

#ifdef CRIER_MISTAKE
class my_hooks : crier::hooks
#else
class my_hooks : public crier::hooks
#endif
{
public:
    void on_open(crier::connection&) {}
};

crier::push_server<pages, my_hooks> server;
