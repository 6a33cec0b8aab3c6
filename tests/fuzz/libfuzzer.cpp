// What libFuzzer calls: compiled once for each target, with CRIER_FUZZ_TARGET as its name.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    fuzz::CRIER_FUZZ_TARGET({reinterpret_cast<const char*>(bytes), size});
    return 0;
}
