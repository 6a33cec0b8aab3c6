// expect: a reply of two fixed answers has both, `static constexpr std::string_view ok, fail`
#include <crier/concepts/reply.hpp>

struct answer
{
    static constexpr std::string_view ok = "1";
#ifndef CRIER_MISTAKE
    static constexpr std::string_view fail = "0";
#endif

    void write(const crier::line_result&, std::string& out) const;
};
static_assert(crier::check_reply<answer>());
