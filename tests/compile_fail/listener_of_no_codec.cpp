// expect: a framing_codec has a nested type `decoder`, public, with a constructor
#include <crier/codec/text_line.hpp>
#include <crier/listener.hpp>
#include <crier/transport/tcp.hpp>

struct no_codec
{};

#ifdef CRIER_MISTAKE
crier::backend<crier::tcp, no_codec> listener;
#else
crier::backend<crier::tcp, crier::text_line> listener;
#endif
