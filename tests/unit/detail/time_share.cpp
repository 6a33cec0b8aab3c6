#include <crier/detail/time_share.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using crier::detail::time_share;

namespace {

constexpr crier::detail::clock::time_point now{std::chrono::hours(1)};

} // namespace

BOOST_AUTO_TEST_SUITE(the_time_share)

BOOST_AUTO_TEST_CASE(it_begins_with_a_short_time)
{
    BOOST_TEST((time_share().until(now) == now + time_share::least));
}

BOOST_AUTO_TEST_CASE(what_was_cut_off_gets_as_long_as_all_else_has_had_since)
{
    time_share s;
    s.cut_off(now);
    for (const auto since : {time_share::least * 2, time_share::least * 50})
        BOOST_TEST((s.until(now + since) == now + since + since));
}

BOOST_AUTO_TEST_CASE(but_neither_less_nor_more_than_it_ever_gets)
{
    time_share s;
    s.cut_off(now);
    BOOST_TEST((s.until(now) == now + time_share::least));
    constexpr std::chrono::seconds long_time{2};
    BOOST_TEST((s.until(now + long_time) == now + long_time + time_share::most));
}

BOOST_AUTO_TEST_CASE(what_was_done_begins_anew)
{
    time_share s;
    BOOST_TEST(!s.is_cut_off());
    s.cut_off(now);
    BOOST_TEST(s.is_cut_off());
    s.done();
    BOOST_TEST(!s.is_cut_off());
    constexpr std::chrono::milliseconds since{5};
    BOOST_TEST((s.until(now + since) == now + since + time_share::least));
}

BOOST_AUTO_TEST_SUITE_END()
