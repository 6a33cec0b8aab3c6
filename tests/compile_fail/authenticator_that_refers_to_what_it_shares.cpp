// expect: an authenticator is copyable: an aggregate whose members are its options, pointers and not references
#include <crier/concepts/authenticator.hpp>

struct users;

struct doorkeeper
{
#ifdef CRIER_MISTAKE
    users& known;
#else
    users* known;
#endif

    crier::verdict judge(const crier::question&);
};
static_assert(crier::check_authenticator<doorkeeper>());
