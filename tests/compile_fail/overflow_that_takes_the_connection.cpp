// expect: an overflow policy has `crier::overflow_action make_room(crier::backlog&)`, public
#include <crier/concepts/overflow.hpp>
#include <crier/connection.hpp>

struct policy
{
#ifdef CRIER_MISTAKE
    crier::overflow_action make_room(crier::connection&);
#else
    crier::overflow_action make_room(crier::backlog&);
#endif
};
static_assert(crier::check_overflow<policy>());
