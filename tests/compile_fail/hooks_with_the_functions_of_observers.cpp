// expect: on_accept and on_end are an observer's (crier/observer.hpp); hooks have on_open and on_close
#include <crier/hooks.hpp>

struct my_hooks : crier::hooks
{
#ifdef CRIER_MISTAKE
    void on_end(crier::connection&, crier::error_code); // nobody would ever call it
#else
    void on_close(crier::connection&, crier::error_code);
#endif
};
static_assert(crier::check_hooks<my_hooks>());
