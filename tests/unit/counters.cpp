#include <crier/counters.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string_view>

BOOST_AUTO_TEST_SUITE(counters)

BOOST_AUTO_TEST_CASE(each_field_is_another_counter_and_all_are_there)
{
    crier::counters all;
    std::set<std::string_view> names;
    for (const auto& [name, member] : crier::counters::fields) {
        BOOST_TEST((all.*member) == 0u, name << " stands there twice");
        all.*member = 1;
        BOOST_TEST(names.insert(name).second, name << " stands there twice");
    }
    // What is no field is how connections ended.
    constexpr std::size_t reasons = static_cast<std::size_t>(crier::last_error) + 1;
    BOOST_TEST(std::size(crier::counters::fields) ==
               sizeof(crier::counters) / sizeof(std::uint64_t) - reasons);
}

BOOST_AUTO_TEST_CASE(adding_adds_each_counter_and_each_reason)
{
    crier::counters sum, one;
    std::uint64_t value = 0;
    for (const auto& field : crier::counters::fields)
        one.*field.member = ++value;
    one.note_end(crier::error::bad_request);
    one.note_end(crier::last_error);
    sum += one;
    sum += one;
    value = 0;
    for (const auto& field : crier::counters::fields)
        BOOST_TEST((sum.*field.member) == 2 * ++value, field.name);
    BOOST_TEST(sum.ended(crier::error::bad_request) == 2u);
    BOOST_TEST(sum.ended(crier::last_error) == 2u);
    BOOST_TEST(sum.ended(crier::error::bad_key) == 0u);
    BOOST_TEST(sum.ended(crier::error(0)) == 0u);
    BOOST_TEST(sum.ended(crier::error(1000)) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
