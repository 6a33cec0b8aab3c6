#ifndef CRIER_TESTS_SEED_HPP
#define CRIER_TESTS_SEED_HPP

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>
#include <random>

namespace support {

/// The start of a test's random numbers: another one in each run, printed, and set by the environment
/// variable CRIER_TEST_SEED to see a run again.
inline std::mt19937_64 seeded_random()
{
    const char* const given = std::getenv("CRIER_TEST_SEED");
    const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    BOOST_TEST_MESSAGE("CRIER_TEST_SEED=" << seed);
    return std::mt19937_64(seed);
}

/// A number from 0 to `below` - 1.
inline std::size_t pick(std::mt19937_64& random, std::size_t below)
{
    return static_cast<std::size_t>(random() % below);
}

} // namespace support

#endif
