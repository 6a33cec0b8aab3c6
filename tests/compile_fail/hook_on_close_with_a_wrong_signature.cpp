// expect: the signature is `void on_close(crier::connection&, crier::error_code)`
#include <crier/hooks.hpp>

struct my_hooks : crier::hooks
{
#ifdef CRIER_MISTAKE
    void on_close(crier::connection&);
#else
    void on_close(crier::connection&, crier::error_code);
#endif
};
static_assert(crier::check_hooks<my_hooks>());
