// expect: and an overflow policy, which has `crier::overflow_action make_room(crier::backlog&)`
#include <crier/codec/websocket.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct policy
{
#ifdef CRIER_MISTAKE
    crier::overflow_action on_overflow(crier::backlog&);
#else
    crier::overflow_action make_room(crier::backlog&);
#endif
};
crier::clients<crier::tcp, crier::websocket, policy> listener;
