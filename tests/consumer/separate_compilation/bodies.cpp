#include <crier/src.hpp>
