// expect: a component without a default constructor cannot be left out of the server's arguments
#include <crier/crier.hpp>

#include <ostream>

struct my_hooks : crier::hooks
{
    std::ostream& log;

    explicit my_hooks(std::ostream& out) : log(out) {}
};

using pages = crier::clients<crier::tcp, crier::websocket>;

void serve(std::ostream& out)
{
#ifdef CRIER_MISTAKE
    static_cast<void>(out);
    crier::push_server<pages, my_hooks> server({.transport = {.port = 1234}});
#else
    crier::push_server<pages, my_hooks> server({.transport = {.port = 1234}}, my_hooks(out));
#endif
}
