// expect: conflation_key
#include <crier/overflow/conflate_by.hpp>

struct job
{
#ifdef CRIER_MISTAKE
    std::string_view operator()(std::string_view message) const;
#else
    std::string_view operator()(crier::message_view message) const;
#endif
};
crier::conflate_by<job> policy;
