// expect: the signature is `void on_open(crier::connection&)`, public
#include <crier/hooks.hpp>

class my_hooks : public crier::hooks
{
#ifndef CRIER_MISTAKE
public:
#endif
    void on_open(crier::connection&);
};
static_assert(crier::check_hooks<my_hooks>());
