// A second file with all of crier: what is not in bodies.cpp must be no second definition.
#include <crier/crier.hpp>
