// expect: the signature is `void on_registered(crier::connection&)`
#include <crier/hooks.hpp>

struct my_hooks : crier::hooks
{
#ifdef CRIER_MISTAKE
    void on_registered(crier::connection&, std::string_view uid);
#else
    void on_registered(crier::connection&);
#endif
};
static_assert(crier::check_hooks<my_hooks>());
