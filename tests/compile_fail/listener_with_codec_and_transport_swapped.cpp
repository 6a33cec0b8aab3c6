// expect: a listener has its transport first, then its codec
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

#ifdef CRIER_MISTAKE
crier::clients<crier::text_line, crier::tcp> listener;
#else
crier::clients<crier::tcp, crier::text_line> listener;
#endif
