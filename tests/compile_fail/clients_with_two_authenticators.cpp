// expect: a listener has one authenticator; every<> makes one of several
#include <crier/authenticator/allowed_origins.hpp>
#include <crier/authenticator/every.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

#ifdef CRIER_MISTAKE
using pages =
    crier::clients<crier::tcp, crier::websocket, crier::allowed_origins, crier::first_message>;
#else
using pages = crier::clients<crier::tcp, crier::websocket,
                             crier::every<crier::allowed_origins, crier::first_message>>;
#endif
pages listener;
