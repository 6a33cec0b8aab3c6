// expect: a codec with pings has `static crier::frame encode_ping()`
#include <crier/codec/websocket.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct codec : crier::websocket
{
#ifdef CRIER_MISTAKE
    crier::frame encode_ping() const;
#else
    static crier::frame encode_ping();
#endif
};
crier::clients<crier::tcp, codec> listener;
