// expect: the extras of clients<> are an authenticator
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/reply/json_reply.hpp>
#include <crier/transport/tcp.hpp>

#ifdef CRIER_MISTAKE
crier::clients<crier::tcp, crier::text_line, crier::json_reply> listener;
#else
crier::backend<crier::tcp, crier::text_line, crier::json_reply> listener;
#endif
