// expect: the signature is `crier::opening_answer on_opening(crier::connection&, const crier::opening_request&)`
#include <crier/hooks.hpp>

struct my_hooks : crier::hooks
{
#ifdef CRIER_MISTAKE
    bool on_opening(crier::connection&, const crier::opening_request&);
#else
    crier::opening_answer on_opening(crier::connection&, const crier::opening_request&);
#endif
};
static_assert(crier::check_hooks<my_hooks>());
