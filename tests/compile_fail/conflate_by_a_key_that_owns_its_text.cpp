// expect: conflation_key
#include <crier/overflow/conflate_by.hpp>

struct job
{
#ifdef CRIER_MISTAKE
    std::string operator()(crier::message_view message) const; // gone before it is used
#else
    std::string_view operator()(crier::message_view message) const;
#endif
};
crier::conflate_by<job> policy;
