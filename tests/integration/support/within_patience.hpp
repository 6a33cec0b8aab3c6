#ifndef CRIER_TESTS_INTEGRATION_WITHIN_PATIENCE_HPP
#define CRIER_TESTS_INTEGRATION_WITHIN_PATIENCE_HPP

#include <future>
#include <stdexcept>

#include "patience.hpp"

namespace support {

/// The future's result, or an exception that says that it did not come.
template <class T>
T within_patience(std::future<T> result)
{
    if (result.wait_for(patience) != std::future_status::ready)
        throw std::runtime_error("a result did not come in time");
    return result.get();
}

} // namespace support

#endif
