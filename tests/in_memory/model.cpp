// A server in memory does what the reference model says (model.hpp), step by step, whatever happens in
// whatever order. CRIER_TEST_SEED repeats a run, CRIER_MODEL_STEPS makes it longer:
//
//     CRIER_MODEL_STEPS=10000000 model --log_level=message
//
// A run that goes wrong is made as short as it can be, and printed with all that happened.
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "schedule.hpp"
#include "seed.hpp"

namespace {

using namespace model;

constexpr std::size_t steps_of_a_play = 1000;

std::size_t steps_in_all()
{
    const char* const given = std::getenv("CRIER_MODEL_STEPS");
    return given ? std::strtoull(given, nullptr, 10) : 200'000;
}

void goes_as_the_model_says(who registry)
{
    std::mt19937_64 random = support::seeded_random();
    crier::counters counted;
    for (std::size_t n = 0; n < steps_in_all() / 4; n += steps_of_a_play) {
        const std::vector<step> steps = random_steps(random, steps_of_a_play);
        const std::string wrong = run(registry, steps, mistake::none, false, &counted);
        if (wrong.empty())
            continue;
        const std::vector<step> fewest = shrink(registry, steps, mistake::none);
        BOOST_ERROR(wrong << "; of " << fewest.size()
                          << " steps comes: " << run(registry, fewest, mistake::none, true));
        return;
    }
    // All that the model knows has happened.
    BOOST_TEST(counted.messages_sent > 0u);
    BOOST_TEST(counted.messages_evicted > 0u);
    BOOST_TEST(counted.messages_dropped > 0u);
    BOOST_TEST(counted.messages_refused > 0u);
    BOOST_TEST(counted.lines_ok > 0u);
    BOOST_TEST(counted.lines_failed > 0u);
    BOOST_TEST(counted.lines_discarded > 0u);
    BOOST_TEST(counted.closed > 0u);
    BOOST_TEST(counted.lost > 0u);
    BOOST_TEST(counted.limits_exceeded > 0u);
    BOOST_TEST(counted.timed_out > 0u);
    BOOST_TEST(counted.rejected > 0u);
    BOOST_TEST_MESSAGE(counted.lines_ok
                       << " lines ok, " << counted.lines_failed << " failed; "
                       << counted.messages_queued << " messages queued, " << counted.messages_sent
                       << " sent, " << counted.messages_evicted << " evicted, "
                       << counted.messages_dropped << " dropped, " << counted.messages_refused
                       << " refused; " << counted.accepted << " connections");
}

BOOST_AUTO_TEST_SUITE(reference_model)

BOOST_AUTO_TEST_CASE(all_tabs_of_a_uid)
{
    goes_as_the_model_says(who::all);
}
BOOST_AUTO_TEST_CASE(two_tabs_of_a_uid_and_no_more)
{
    goes_as_the_model_says(who::capped);
}
BOOST_AUTO_TEST_CASE(the_latest_tab_only)
{
    goes_as_the_model_says(who::latest);
}
BOOST_AUTO_TEST_CASE(the_first_tab_only)
{
    goes_as_the_model_says(who::first);
}

BOOST_AUTO_TEST_CASE(a_server_with_a_mistake_does_not)
{
    std::mt19937_64 random = support::seeded_random();
    for (int m = 1; m <= static_cast<int>(mistake::last); ++m) {
        std::string found;
        std::size_t plays = 0;
        for (; found.empty() && plays < 200; ++plays)
            found = run(who::all, random_steps(random, steps_of_a_play), static_cast<mistake>(m));
        BOOST_TEST(!found.empty(), "the model does not notice mistake " << m);
        BOOST_TEST_MESSAGE("mistake " << m << " in play " << plays << ": " << world::shown(found));
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
