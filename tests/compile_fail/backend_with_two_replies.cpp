// expect: a listener has one reply
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/reply/json_reply.hpp>
#include <crier/transport/tcp.hpp>

#ifdef CRIER_MISTAKE
crier::backend<crier::tcp, crier::text_line, crier::json_reply, crier::ok_fail> listener;
#else
crier::backend<crier::tcp, crier::text_line, crier::json_reply> listener;
#endif
