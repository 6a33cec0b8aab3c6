// expect: the key of an overflow policy is `static std::string_view key(crier::message_view)`
#include <crier/codec/websocket.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct policy
{
    crier::overflow_action make_room(crier::backlog&);
#ifdef CRIER_MISTAKE
    std::string_view key(crier::message_view) const; // nobody would ever call it
#else
    static std::string_view key(crier::message_view);
#endif
};
crier::clients<crier::tcp, crier::websocket, policy> listener;
