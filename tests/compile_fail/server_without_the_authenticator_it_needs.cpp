// expect: what has no default constructor must be given to the listener, and the listener to the server
#include <crier/crier.hpp>

struct users;

struct doorkeeper
{
    users* known;

    explicit doorkeeper(users& all) : known(&all) {}
    crier::verdict judge(const crier::question&);
};

using pages = crier::clients<crier::tcp, crier::websocket, doorkeeper>;

void serve(users& all)
{
#ifdef CRIER_MISTAKE
    static_cast<void>(all);
    crier::push_server<pages> server{{.transport = {.port = 1234}}};
#else
    crier::push_server<pages> server{{.authenticator = doorkeeper(all)}};
#endif
}
