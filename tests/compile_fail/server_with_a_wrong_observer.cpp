// expect: the signature is `void on_overflow(const crier::connection&, std::size_t)`, public
#include <crier/crier.hpp>

using pages = crier::clients<crier::tcp, crier::websocket>;

struct event_log : crier::observer
{
#ifdef CRIER_MISTAKE
    void on_overflow(const crier::connection&) {}
#else
    void on_overflow(const crier::connection&, std::size_t) {}
#endif
};

crier::push_server<pages, event_log> server;
