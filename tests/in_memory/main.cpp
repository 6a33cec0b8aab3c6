#define BOOST_TEST_MODULE in_memory
#include <boost/test/unit_test.hpp>
