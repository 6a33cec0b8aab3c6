#include <crier/push_result.hpp>

#include <boost/test/unit_test.hpp>

using crier::push_result;
using crier::push_status;

BOOST_AUTO_TEST_SUITE(push_results)

BOOST_AUTO_TEST_CASE(a_push_went_well_if_it_is_queued_or_on_its_way)
{
    BOOST_TEST(bool(push_result{push_status::queued, 1}));
    BOOST_TEST(bool(push_result{push_status::queued, 0})); // a broadcast to nobody
    BOOST_TEST(bool(push_result{push_status::posted, 0}));
    BOOST_TEST(!push_result{push_status::no_receiver});
    BOOST_TEST(!push_result{push_status::invalid});
    BOOST_TEST(!push_result{push_status::stopped});
    BOOST_TEST(!push_result{});
}

BOOST_AUTO_TEST_CASE(results_are_equal_by_status_and_number)
{
    BOOST_TEST((push_result{push_status::queued, 1} == push_result{push_status::queued, 1}));
    BOOST_TEST((push_result{push_status::queued, 1} != push_result{push_status::queued, 2}));
    BOOST_TEST((push_result{push_status::queued, 0} != push_result{push_status::posted, 0}));
}

BOOST_AUTO_TEST_SUITE_END()
