// expect: a reply has `void write(const crier::line_result&, std::string& out) const`, public
#include <crier/concepts/reply.hpp>

struct answer
{
#ifdef CRIER_MISTAKE
    void write(const crier::line_result&, std::string& out);
#else
    void write(const crier::line_result&, std::string& out) const;
#endif
};
static_assert(crier::check_reply<answer>());
