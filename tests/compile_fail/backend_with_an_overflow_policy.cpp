// expect: the extras of backend<> are an authenticator
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/transport/tcp.hpp>

#ifdef CRIER_MISTAKE
crier::backend<crier::tcp, crier::text_line, crier::drop_oldest> listener;
#else
crier::clients<crier::tcp, crier::text_line, crier::drop_oldest> listener;
#endif
