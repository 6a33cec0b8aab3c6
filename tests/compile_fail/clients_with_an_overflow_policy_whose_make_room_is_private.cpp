// expect: an overflow policy has `crier::overflow_action make_room(crier::backlog&)`, public
#include <crier/codec/websocket.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

class policy
{
#ifndef CRIER_MISTAKE
public:
#endif
    crier::overflow_action make_room(crier::backlog&);
};
crier::clients<crier::tcp, crier::websocket, policy> listener;
