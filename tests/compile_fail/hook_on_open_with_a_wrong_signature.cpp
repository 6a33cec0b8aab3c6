// expect: the signature is `void on_open(crier::connection&)`
#include <crier/hooks.hpp>

struct my_hooks : crier::hooks
{
#ifdef CRIER_MISTAKE
    void on_open();
#else
    void on_open(crier::connection&);
#endif
};
static_assert(crier::check_hooks<my_hooks>());
