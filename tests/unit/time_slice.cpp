#include <crier/time_slice.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <thread>

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

/// Nanoseconds; 0 where there is no choice.
std::uint64_t slice()
{
    crier::detail::sched_attr now{};
    BOOST_REQUIRE(::syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) == 0);
    return now.runtime;
}

bool there_is_a_choice()
{
    return slice() != 0;
}

/// Each test has a thread: it changes its own only.
template <class F>
void on_a_thread(F f)
{
    std::thread(f).join();
}

} // namespace

BOOST_AUTO_TEST_SUITE(time_slice)

BOOST_AUTO_TEST_CASE(it_is_that_of_the_thread_and_of_those_that_it_starts)
{
    const auto usual = slice();
    on_a_thread([] {
        BOOST_TEST(crier::set_time_slice(2'000us) == there_is_a_choice());
        if (there_is_a_choice()) {
            BOOST_TEST(slice() == 2'000'000u);
            on_a_thread([] { BOOST_TEST(slice() == 2'000'000u); });
        }
    });
    BOOST_TEST(slice() == usual);
}

BOOST_AUTO_TEST_CASE(zero_is_the_systems_own_again)
{
    on_a_thread([usual = slice()] {
        crier::set_time_slice(50'000us);
        BOOST_TEST(crier::set_time_slice(0us));
        BOOST_TEST(slice() == usual);
    });
}

BOOST_AUTO_TEST_CASE(what_is_beyond_the_systems_bounds_is_the_bound,
                     *boost::unit_test::precondition([](auto) { return there_is_a_choice(); }))
{
    on_a_thread([] {
        BOOST_TEST(crier::set_time_slice(1us));
        BOOST_TEST(slice() == 100'000u);
        BOOST_TEST(crier::set_time_slice(10s));
        BOOST_TEST(slice() == 100'000'000u);
    });
}

BOOST_AUTO_TEST_CASE(nice_and_the_policy_stay_and_another_policy_is_left_alone)
{
    on_a_thread([] {
        const sched_param none{};
        BOOST_REQUIRE(::sched_setscheduler(0, SCHED_BATCH, &none) == 0);
        BOOST_REQUIRE(::nice(3) != -1);
        crier::set_time_slice(2'000us);
        crier::detail::sched_attr now{};
        BOOST_REQUIRE(::syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) == 0);
        BOOST_TEST(now.policy == static_cast<std::uint32_t>(SCHED_BATCH));
        BOOST_TEST(now.nice >= 3);

        BOOST_REQUIRE(::sched_setscheduler(0, SCHED_IDLE, &none) == 0);
        BOOST_TEST(!crier::set_time_slice(2'000us));
        BOOST_TEST(::sched_getscheduler(0) == SCHED_IDLE);
    });
}

BOOST_AUTO_TEST_SUITE_END()
