// expect: the signature is `void on_message(crier::connection&, crier::message_view)`
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

struct my_hooks : crier::hooks
{
#ifdef CRIER_MISTAKE
    void on_message(crier::connection&, const std::string&) {}
#else
    void on_message(crier::connection&, crier::message_view) {}
#endif
};

crier::push_server<pages, my_hooks> server;
