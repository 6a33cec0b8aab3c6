#ifndef CRIER_VERSION_HPP
#define CRIER_VERSION_HPP

/// The version as one number: major * 10000 + minor * 100 + patch. CMake reads it from here.
#define CRIER_VERSION 100

/// The version as text.
#define CRIER_VERSION_STRING "0.1.0"

#endif
