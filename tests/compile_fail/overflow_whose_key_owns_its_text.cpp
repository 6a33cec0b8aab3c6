// expect: the key of an overflow policy is `static std::string_view key(crier::message_view)`
#include <crier/concepts/overflow.hpp>

struct policy
{
    crier::overflow_action make_room(crier::backlog&);
#ifdef CRIER_MISTAKE
    static std::string key(crier::message_view); // gone before it is used
#else
    static std::string_view key(crier::message_view);
#endif
};
static_assert(crier::check_overflow<policy>());
