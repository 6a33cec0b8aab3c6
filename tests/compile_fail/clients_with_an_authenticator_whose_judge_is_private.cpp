// expect: an authenticator has `crier::verdict judge(const crier::question&)`, public
#include <crier/codec/websocket.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

class doorkeeper
{
#ifndef CRIER_MISTAKE
public:
#endif
    crier::verdict judge(const crier::question&);
};
crier::clients<crier::tcp, crier::websocket, doorkeeper> listener;
