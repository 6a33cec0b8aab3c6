#include <crier/detail/turn_share.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>

using crier::detail::turn_share;

namespace {

constexpr std::size_t most = 512 * 1024;
constexpr int one = 0, other = 0, third = 0; // their addresses are who they are

/// A turn in which one of them reads so much, or all that it may. What it might have read.
std::size_t read(turn_share& turns, const int& who, std::size_t bytes = most, bool afresh = true,
                 std::size_t unfinished = 0)
{
    const std::size_t may = turns.of(&who, most, unfinished);
    turns.has_read(bytes < may ? bytes : may, afresh);
    turns.next_turn();
    return may;
}

void pass(turn_share& turns, std::uint64_t count)
{
    for (; count != 0; --count)
        turns.next_turn();
}

} // namespace

BOOST_AUTO_TEST_SUITE(the_turn_share)

BOOST_AUTO_TEST_CASE(who_speaks_alone_reads_as_much_as_it_may)
{
    turn_share turns;
    for (int i = 0; i < 2000; ++i)
        BOOST_REQUIRE(read(turns, one, i % 2 ? most : 1) == most);
}

BOOST_AUTO_TEST_CASE(who_say_much_beside_each_other_share_and_are_alone_again_soon_after)
{
    turn_share turns;
    read(turns, one);
    BOOST_TEST(read(turns, other) == turn_share::beside_much);
    BOOST_TEST(read(turns, one) == turn_share::beside_much);
    BOOST_TEST(read(turns, one) == turn_share::beside_much, "the other one may say more");
    pass(turns, turn_share::soon);
    BOOST_TEST(read(turns, one) == most);
}

BOOST_AUTO_TEST_CASE(who_comes_seldom_is_not_waited_for)
{
    turn_share turns;
    read(turns, one);
    for (int i = 0; i < 10; ++i) {
        pass(turns, turn_share::soon);
        BOOST_TEST(read(turns, i % 2 ? one : other) == most);
    }
}

BOOST_AUTO_TEST_CASE(beside_one_that_says_little_much_is_less_until_it_has_been_silent)
{
    turn_share turns;
    read(turns, one);
    read(turns, other, 100);
    BOOST_TEST(read(turns, one) == turn_share::beside_little);
    BOOST_TEST(read(turns, third) == turn_share::beside_little);
    // Others go on, and so there are several.
    for (std::uint64_t i = 0; i < turn_share::soon; ++i)
        read(turns, i % 2 ? one : third);
    BOOST_TEST(read(turns, one) == turn_share::beside_much);
}

BOOST_AUTO_TEST_CASE(the_rest_of_what_was_cut_is_not_little)
{
    turn_share turns;
    read(turns, one);
    read(turns, other, 100, false);
    BOOST_TEST(read(turns, one) == turn_share::beside_much);
    read(turns, other, turn_share::little);
    BOOST_TEST(read(turns, one) == turn_share::beside_much);
}

BOOST_AUTO_TEST_CASE(who_has_read_much_of_a_message_reads_as_much_again)
{
    turn_share turns;
    read(turns, one);
    read(turns, other, 100);
    std::size_t unfinished = 0, count = 0;
    for (; unfinished < 60'000; ++count) // copied each time: 4, 8, 16 and 32 KiB
        unfinished += read(turns, one, most, unfinished == 0, unfinished);
    BOOST_TEST(count == 5u);
    BOOST_TEST(read(turns, one, most, false, 2 * most) == most);
    BOOST_TEST(read(turns, one) == turn_share::beside_little);
}

BOOST_AUTO_TEST_CASE(a_listener_that_allows_less_keeps_to_that)
{
    turn_share turns;
    turns.of(&one, 100, 0);
    BOOST_TEST(turns.of(&other, 100, 0) == 100u);
}

BOOST_AUTO_TEST_SUITE_END()
