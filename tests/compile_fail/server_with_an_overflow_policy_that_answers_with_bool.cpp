// expect: an overflow policy has `crier::overflow_action make_room(crier::backlog&)`, public
// without: registry has
#include <crier/crier.hpp>

struct policy
{
#ifdef CRIER_MISTAKE
    bool make_room(crier::backlog&);
#else
    crier::overflow_action make_room(crier::backlog&);
#endif
};

crier::push_server<crier::clients<crier::tcp, crier::websocket, policy>> server;
