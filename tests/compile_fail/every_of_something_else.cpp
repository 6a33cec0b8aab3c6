// expect: an authenticator has `crier::verdict judge(const crier::question&)`, public
#include <crier/authenticator/allowed_origins.hpp>
#include <crier/authenticator/every.hpp>

struct doorkeeper
{
#ifdef CRIER_MISTAKE
    bool judge(const crier::question&);
#else
    crier::verdict judge(const crier::question&);
#endif
};
crier::every<crier::allowed_origins, doorkeeper> guard;
