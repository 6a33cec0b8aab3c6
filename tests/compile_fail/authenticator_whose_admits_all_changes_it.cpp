// expect: an authenticator that may let everybody in has `bool admits_all() const`
#include <crier/concepts/authenticator.hpp>

struct guard
{
    crier::verdict judge(const crier::question&);
#ifdef CRIER_MISTAKE
    bool admits_all();
#else
    bool admits_all() const;
#endif
};
static_assert(crier::check_authenticator<guard>());
