// expect: conflate_by
#include <crier/overflow/conflate_by.hpp>
#include <crier/overflow/json_member.hpp>

#ifdef CRIER_MISTAKE
crier::conflate_by<"job"> policy;
#else
crier::conflate_by<crier::json_member<"job">> policy;
#endif
