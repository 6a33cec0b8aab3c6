#ifndef CRIER_TESTS_READABLE_ERROR_HPP
#define CRIER_TESTS_READABLE_ERROR_HPP

#include <crier/error.hpp>

#include <ostream>

// So that a failed comparison with an error or a condition says its text.

namespace crier {

inline std::ostream& boost_test_print_type(std::ostream& out, error e)
{
    return out << make_error_code(e).message();
}

inline std::ostream& boost_test_print_type(std::ostream& out, condition c)
{
    return out << make_error_condition(c).message();
}

} // namespace crier

#endif
