// expect: an authenticator has `crier::verdict judge(const crier::question&)`, public
#include <crier/concepts/authenticator.hpp>

struct doorkeeper
{
#ifdef CRIER_MISTAKE
    bool judge(const crier::question&);
#else
    crier::verdict judge(const crier::question&);
#endif
};
static_assert(crier::check_authenticator<doorkeeper>());
