// expect: where a listener listens is one of its options, `.transport`: `server s{{.transport = {.port = 1234}}}`
// without: candidate
#include <crier/crier.hpp>

struct my_hooks : crier::hooks
{};

using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                crier::backend<crier::tcp, crier::text_line>, my_hooks>;

#ifdef CRIER_MISTAKE
push server{{.port = 1234}, {.port = 5678}};
#else
push server{{.transport = {.port = 1234}}, {.transport = {.port = 5678}}};
#endif
