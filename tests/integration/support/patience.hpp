#ifndef CRIER_TESTS_INTEGRATION_PATIENCE_HPP
#define CRIER_TESTS_INTEGRATION_PATIENCE_HPP

#include <chrono>

namespace support {

/// How long a test waits for what must happen, before it fails with a sentence. Far longer than
/// anything takes under a sanitizer on a busy machine.
inline constexpr std::chrono::seconds patience{30};

} // namespace support

#endif
