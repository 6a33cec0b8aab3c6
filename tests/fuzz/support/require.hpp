#ifndef CRIER_TESTS_FUZZ_REQUIRE_HPP
#define CRIER_TESTS_FUZZ_REQUIRE_HPP

#include <cstdio>
#include <cstdlib>
#include <string>

namespace fuzz {

[[noreturn]] inline void broken(const std::string& what)
{
    std::fprintf(stderr, "BROKEN: %s\n", what.c_str());
    std::abort();
}

/// Ends the program, as a fuzzer wants it, unless what was promised holds.
inline void require(bool holds, const char* promise)
{
    if (!holds)
        broken(promise);
}

/// The same, with more to say: `say` is called only if it does not hold.
template <class Say>
void require(bool holds, const char* promise, Say say)
{
    if (!holds)
        broken(std::string(promise) + ": " + say());
}

} // namespace fuzz

#endif
