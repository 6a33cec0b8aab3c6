#include <crier/detail/deadline_list.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <string>

using crier::detail::deadline_hook;
using crier::detail::deadline_list;
using namespace std::chrono_literals;

namespace {

using time_point = crier::detail::clock::time_point;

/// A clock that moves when it is told to.
constexpr time_point at(std::chrono::milliseconds since_start)
{
    return time_point(1h) + since_start;
}

struct named : deadline_hook
{
    explicit named(char c) : name(c) {}
    char name;
};

/// Takes out all that are due, and names them in their order.
std::string take_all_due(deadline_list& list, time_point now)
{
    std::string names;
    while (deadline_hook* const hook = list.take_due(now))
        names += static_cast<named*>(hook)->name;
    return names;
}

} // namespace

BOOST_AUTO_TEST_SUITE(deadlines)

BOOST_AUTO_TEST_CASE(an_empty_list_has_nothing_due)
{
    deadline_list list(5ms);
    BOOST_TEST(list.empty());
    BOOST_TEST((list.after() == 5ms));
    BOOST_TEST(list.take_due(at(24h)) == nullptr);
}

BOOST_AUTO_TEST_CASE(a_deadline_is_due_from_its_very_moment_on_and_not_before)
{
    deadline_list list(5ms);
    named a('a');
    list.set(a, at(100ms));
    BOOST_TEST(!list.empty());
    BOOST_TEST((list.earliest() == at(105ms)));
    BOOST_TEST(list.take_due(at(100ms)) == nullptr);
    BOOST_TEST(list.take_due(at(105ms) - 1ns) == nullptr);
    BOOST_TEST(list.take_due(at(105ms)) == &a);
    BOOST_TEST(!a.linked());
    BOOST_TEST(list.empty());
    BOOST_TEST(list.take_due(at(1h)) == nullptr); // once only
}

BOOST_AUTO_TEST_CASE(deadlines_fall_due_in_the_order_in_which_they_were_set)
{
    deadline_list list(10ms);
    named a('a'), b('b'), c('c');
    list.set(a, at(0ms));
    list.set(b, at(1ms));
    list.set(c, at(1ms));
    BOOST_TEST(take_all_due(list, at(9ms)) == "");
    BOOST_TEST(take_all_due(list, at(10ms)) == "a");
    BOOST_TEST((list.earliest() == at(11ms)));
    BOOST_TEST(take_all_due(list, at(11ms)) == "bc");
}

BOOST_AUTO_TEST_CASE(setting_a_deadline_again_moves_it_behind_the_others)
{
    deadline_list list(10ms);
    named a('a'), b('b');
    list.set(a, at(0ms));
    list.set(b, at(2ms));
    list.set(a, at(4ms));
    BOOST_TEST((list.earliest() == at(12ms)));
    BOOST_TEST(take_all_due(list, at(13ms)) == "b");
    BOOST_TEST(take_all_due(list, at(14ms)) == "a");
}

BOOST_AUTO_TEST_CASE(a_deadline_is_in_one_list_at_a_time)
{
    deadline_list soon(1ms), late(1h);
    named a('a');
    late.set(a, at(0ms));
    soon.set(a, at(0ms));
    BOOST_TEST(late.empty());
    BOOST_TEST((soon.earliest() == at(1ms)));
    late.set(a, at(0ms));
    BOOST_TEST(soon.empty());
    BOOST_TEST(take_all_due(soon, at(2ms)) == "");
    BOOST_TEST(take_all_due(late, at(1h)) == "a");
}

BOOST_AUTO_TEST_CASE(a_cleared_deadline_never_falls_due)
{
    deadline_list list(1ms);
    named a('a'), b('b'), c('c');
    for (named* hook : {&a, &b, &c})
        list.set(*hook, at(0ms));
    b.unlink();
    {
        named d('d');
        list.set(d, at(0ms)); // and leaves by its destructor
    }
    BOOST_TEST(take_all_due(list, at(1h)) == "ac");
}

BOOST_AUTO_TEST_CASE(a_deadline_that_is_set_while_others_are_taken_waits_its_time)
{
    deadline_list list(10ms);
    named a('a'), b('b');
    list.set(a, at(0ms));
    list.set(b, at(0ms));
    deadline_hook* const first = list.take_due(at(10ms));
    BOOST_TEST_REQUIRE(first == &a);
    list.set(*first, at(10ms));
    BOOST_TEST(take_all_due(list, at(10ms)) == "b");
    BOOST_TEST(take_all_due(list, at(20ms)) == "a");
}

BOOST_AUTO_TEST_CASE(a_duration_of_nothing_is_due_at_once)
{
    deadline_list list(0ms);
    named a('a');
    list.set(a, at(7ms));
    BOOST_TEST(take_all_due(list, at(7ms)) == "a");
}

BOOST_AUTO_TEST_SUITE_END()
