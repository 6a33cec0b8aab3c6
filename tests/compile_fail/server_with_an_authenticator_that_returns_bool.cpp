// expect: an authenticator has `crier::verdict judge(const crier::question&)`, public
// without: registry has
#include <crier/crier.hpp>

struct doorkeeper
{
#ifdef CRIER_MISTAKE
    bool judge(const crier::question&);
#else
    crier::verdict judge(const crier::question&);
#endif
};

struct my_hooks : crier::hooks
{};

using pages = crier::clients<crier::tcp, crier::websocket, doorkeeper>;
using scripts = crier::backend<crier::tcp, crier::text_line>;

crier::push_server<pages, scripts, my_hooks> server{{.transport = {.port = 1234}}};
