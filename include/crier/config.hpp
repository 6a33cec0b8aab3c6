#ifndef CRIER_CONFIG_HPP
#define CRIER_CONFIG_HPP

// crier is header-only unless CRIER_SEPARATE_COMPILATION is defined. Then the non-template bodies
// are declared only, and exactly one source file of the program includes <crier/src.hpp>. Define it
// for the whole program (compiler option), never in one file alone.
#if defined(CRIER_SEPARATE_COMPILATION)
#define CRIER_DECL
#else
#define CRIER_DECL inline
#endif

// Marks what runs once, or once for each connection: it is compiled for size, which the compiler does
// faster, and what is hot stays close together. Only on definitions.
#if defined(__GNUC__)
#define CRIER_COLD __attribute__((cold))
#else
#define CRIER_COLD
#endif

#if !defined(__linux__) && !defined(__unix__) && !defined(__APPLE__)
#error "crier needs a POSIX system: its transports use sendmsg, recv and non-blocking descriptors"
#endif

#endif
