// expect: the extras of clients<> are an authenticator, which has `crier::verdict judge(const crier::question&)`
#include <crier/codec/websocket.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct doorkeeper
{
#ifdef CRIER_MISTAKE
    crier::verdict check(const crier::question&);
#else
    crier::verdict judge(const crier::question&);
#endif
};
crier::clients<crier::tcp, crier::websocket, doorkeeper> listener;
