// What CRIER_TEST_COMPILED_ONCE compiles once.
#include <crier/crier.hpp>
#include <crier/src.hpp>
