#ifndef CRIER_TESTS_ALLOCATIONS_HPP
#define CRIER_TESTS_ALLOCATIONS_HPP

#include <cstddef>

namespace support {

/// What operator new and delete do between this object's construction and a question to it, in all
/// threads. The program must be linked with allocations.cpp, which replaces the operators. One at a
/// time.
class allocation_watch
{
public:
    allocation_watch() noexcept;

    /// Calls of operator new.
    std::size_t count() const noexcept;

    /// The most bytes that one call asked for.
    std::size_t largest() const noexcept;

    /// Bytes taken and not given back; negative if more was given back.
    std::ptrdiff_t live_bytes() const noexcept;

private:
    std::size_t count_before_;
    std::ptrdiff_t live_before_;
};

} // namespace support

#endif
