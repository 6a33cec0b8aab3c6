// A server in memory does what the reference model says (model.hpp), step by step, whatever happens in
// whatever order. CRIER_TEST_SEED repeats a run, CRIER_MODEL_STEPS makes it longer:
//
//     CRIER_MODEL_STEPS=10000000 model --log_level=message
//
// A run that goes wrong is made as short as it can be, and printed with all that happened.
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "schedule.hpp"
#include "seed.hpp"

namespace {

using namespace model;

constexpr std::size_t steps_of_a_play = 1000;

std::size_t steps_in_all()
{
    const char* const given = std::getenv("CRIER_MODEL_STEPS");
    return given ? std::strtoull(given, nullptr, 10) : 120'000;
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

/// A schedule with one stop, and what is left of it then.
std::vector<step> until_it_stops(std::mt19937_64& random)
{
    std::vector<step> steps;
    for (std::uint32_t n = 0; n < 6; ++n) // one page of each kind, and the back ends
        steps.push_back({n < 5 ? step::open_page : step::open_back_end, n != 4, n, 3, 1, n});
    for (const step& s : random_steps(random, 90))
        if (s.what != step::stop)
            steps.push_back(s);
    steps.push_back({step::stop, true, 0, 0, 0, 0});
    for (std::uint32_t n = 0; n < 10; ++n)
        steps.push_back({step::hear, true, n, 1, 1, 0});
    for (std::uint32_t n = 0; n < 5; ++n)
        steps.push_back({step::pass_time, true, 1, 0, 0, 0});
    return steps;
}

/// What is wrong if these operations do not go well, and how many there are.
std::pair<std::string, std::size_t> run_with(const std::vector<step>& steps,
                                             const std::array<coming_fault, 2>& faults)
{
    play p(who::all);
    p.has(faults);
    for (const step& s : steps)
        p.take(s);
    p.settle();
    return {p.wrong(), p.operations()};
}

BOOST_AUTO_TEST_CASE(each_operation_may_fail_in_each_way_also_while_it_stops)
{
    std::mt19937_64 random = support::seeded_random();
    std::vector<step> steps = until_it_stops(random);
    for (std::size_t n; (n = run_with(steps, {}).second) < 150 || n > 350;)
        steps = until_it_stops(random); // not by single bytes
    for (unsigned kind = 0; kind < static_cast<unsigned>(fault::kinds); ++kind) {
        std::size_t n = 0;
        for (bool over = false; !over; ++n) {
            const auto [wrong, operations] = run_with(steps, {{{static_cast<fault>(kind), n}, {}}});
            BOOST_TEST(wrong.empty(), "fault " << kind << " in operation " << n << ": " << wrong);
            over = n >= operations;
        }
        BOOST_TEST(n > 100u);
    }
}

BOOST_AUTO_TEST_CASE(any_two_operations_may_fail)
{
    std::mt19937_64 random = support::seeded_random();
    for (int round = 0; round < 300; ++round) {
        const std::vector<step> steps = until_it_stops(random);
        std::array<coming_fault, 2> faults;
        for (coming_fault& f : faults)
            f = {static_cast<fault>(random() % static_cast<unsigned>(fault::kinds)),
                 support::pick(random, 200)};
        const std::string wrong = run_with(steps, faults).first;
        BOOST_TEST(wrong.empty(), "round " << round << ": " << wrong);
    }
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
