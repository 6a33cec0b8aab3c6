#include <crier/detail/read_share.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>

using crier::detail::read_share;
using namespace std::chrono_literals;

namespace {

using crier::detail::clock;
using time_point = clock::time_point;

/// A thread that has nothing else to do than to read from them: each read takes as long as it is told.
struct busy_thread
{
    unsigned percent = 25;
    read_share share = {};
    time_point now = time_point(1h);
    clock::duration spent{};
    std::size_t reads = 0;
    std::size_t pauses = 0;

    void go_on_until(time_point end, clock::duration each)
    {
        while (now < end) {
            std::size_t most = share.take(now, percent);
            if (most == 0) {
                ++pauses;
                now = share.pause_ends();
                share.end_pause();
            }
            for (; most != 0 && now < end; --most)
                read(each);
        }
    }

    void read(clock::duration each)
    {
        share.spent(now, now + each, percent);
        now += each;
        spent += each;
        ++reads;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(share_of_time_for_reading)

BOOST_AUTO_TEST_CASE(who_has_read_nothing_yet_may_at_once)
{
    read_share share;
    BOOST_TEST(!share.pauses());
    BOOST_TEST(share.take(time_point(1h), 25) == 2u);
    BOOST_TEST(!share.pauses());
}

BOOST_AUTO_TEST_CASE(over_time_they_have_their_percentage_and_no_more)
{
    for (const unsigned percent : {1u, 10u, 25u, 50u, 90u})
        for (const clock::duration each :
             {clock::duration(5us), clock::duration(60us), clock::duration(1ms)})
        {
            busy_thread thread{.percent = percent};
            thread.go_on_until(thread.now + 10s, each);
            const double had = std::chrono::duration<double>(thread.spent) / 10s * 100;
            BOOST_TEST_CONTEXT(percent << " %, " << each / 1us << " us each")
            BOOST_TEST(had == percent, boost::test_tools::tolerance(0.02));
            BOOST_TEST(thread.pauses > 0u);
        }
}

BOOST_AUTO_TEST_CASE(with_all_of_the_time_there_is_no_pause)
{
    busy_thread thread{.percent = 100};
    thread.go_on_until(thread.now + 1s, 100us);
    BOOST_TEST(thread.pauses == 0u);
    BOOST_TEST((thread.spent == 1s));
}

BOOST_AUTO_TEST_CASE(two_milliseconds_may_be_owed_before_the_first_pause)
{
    busy_thread thread;
    const time_point begin = thread.now;
    while (thread.share.take(thread.now, thread.percent) != 0)
        thread.read(50us);
    BOOST_TEST((thread.now - begin > 600us)); // of reading; 4 times that is paid for
    BOOST_TEST((thread.now - begin < 750us));
    BOOST_TEST((thread.share.pause_ends() == thread.now + read_share::least_pause));
}

BOOST_AUTO_TEST_CASE(
    a_pause_is_as_long_as_is_owed_but_no_wake_up_is_for_less_than_half_a_millisecond)
{
    read_share share;
    const time_point begin(1h);
    share.spent(begin, begin + 10ms, 25); // paid for at 40 ms
    BOOST_TEST(share.take(begin + 10ms, 25) == 0u);
    BOOST_TEST(share.pauses());
    BOOST_TEST((share.pause_ends() == begin + 38ms));
    BOOST_TEST(share.take(begin + 37900us, 25) == 0u); // asked too early
    BOOST_TEST((share.pause_ends() == begin + 38400us));
    share.end_pause();
    BOOST_TEST(!share.pauses());
    BOOST_TEST(share.take(begin + 38400us, 25) > 0u);
}

BOOST_AUTO_TEST_CASE(one_slow_read_makes_the_others_wait_for_a_second_at_most)
{
    read_share share;
    const time_point begin(1h);
    share.spent(begin, begin + 30s, 1);
    BOOST_TEST(share.take(begin + 30s, 1) == 0u);
    BOOST_TEST((share.pause_ends() == begin + 31s - 2ms));
}

BOOST_AUTO_TEST_CASE(what_was_not_used_is_not_saved_up)
{
    busy_thread thread;
    thread.go_on_until(thread.now + 100ms, 50us);
    thread.share.end_pause(); // nobody waits
    thread.now += 1h;
    thread.spent = {};
    const time_point begin = thread.now;
    thread.go_on_until(begin + 100ms, 50us);
    BOOST_TEST((thread.spent <= 26ms));
}

BOOST_AUTO_TEST_CASE(beside_long_turns_more_than_two_may_so_that_it_is_their_share)
{
    read_share share;
    time_point now(1h);
    for (int i = 0; i != 100; ++i, now += 1ms)
        share.spent(now, now + 10us, 25);  // so long does one take
    BOOST_TEST(share.take(now, 25) == 2u); // nothing is known of the turns yet
    const std::size_t most =
        share.take(now + 4ms, 25); // of these a quarter, at 10 us and a bit each
    BOOST_TEST(most <= 100u);
    BOOST_TEST(most > 95u);
    share.end_pause();
    BOOST_TEST(share.take(now + 8ms, 25) == 2u);
}

BOOST_AUTO_TEST_CASE(reads_that_take_no_time_are_taken_for_a_microsecond)
{
    read_share share;
    time_point now(1h);
    for (int i = 0; i != 1'000; ++i)
        share.spent(now, now, 25);
    share.take(now, 25);
    BOOST_TEST(share.take(now + 1ms, 25) == 250u);
}

BOOST_AUTO_TEST_SUITE_END()
