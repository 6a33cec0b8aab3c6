#include <crier/detail/gate.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include <sys/resource.h>

#include "readable_error.hpp"

using crier::admission;
using crier::detail::gate;
using namespace std::chrono_literals;

namespace {

using time_point = crier::detail::clock::time_point;

constexpr crier::source_address ann{1, 0x0100007F}, bob{1, 0x0200007F};
constexpr time_point start = time_point(1h);

/// A gate and those whom it has let in.
struct door
{
    explicit door(const admission& options, std::size_t spare = 0, std::size_t rate = 0)
        : g(options, spare, rate)
    {}

    crier::error_code let_in(std::optional<crier::source_address> from = std::nullopt,
                             int descriptor = -1)
    {
        crier::error_code ec;
        if (auto place = g.admit(descriptor, from, start, ec))
            inside.emplace_back(std::move(*place));
        return ec;
    }

    gate g;
    std::deque<std::optional<gate::place>> inside;
};

/// How many may be accepted at this time, one after the other.
std::size_t accepts(gate& g, time_point now)
{
    std::size_t count = 0;
    crier::error_code ec;
    while (g.wait(now) == 0ns && count < 1'000'000) {
        g.admit(-1, std::nullopt, now, ec);
        ++count;
    }
    return count;
}

} // namespace

BOOST_AUTO_TEST_SUITE(gates)

BOOST_AUTO_TEST_CASE(without_limits_everybody_is_let_in_at_once)
{
    door d({});
    for (int i = 0; i < 1000; ++i)
        BOOST_TEST(!d.let_in(ann, i));
    BOOST_TEST((d.g.wait(start) == 0ns));
}

BOOST_AUTO_TEST_CASE(no_more_than_the_limit_are_inside_and_who_leaves_makes_room)
{
    door d({.max_connections = 2});
    BOOST_TEST(!d.let_in());
    BOOST_TEST(!d.let_in());
    BOOST_TEST(d.let_in() == crier::error::too_many_connections);
    d.inside.pop_back();
    BOOST_TEST(!d.let_in());
    BOOST_TEST(d.let_in() == crier::error::too_many_connections);
}

BOOST_AUTO_TEST_CASE(each_address_has_its_own_number)
{
    door d({.max_connections_per_address = 2});
    BOOST_TEST(d.g.asks_for_source());
    BOOST_TEST(!d.let_in(ann));
    BOOST_TEST(!d.let_in(bob));
    BOOST_TEST(!d.let_in(ann));
    BOOST_TEST(d.let_in(ann) == crier::error::too_many_from_address);
    BOOST_TEST(!d.let_in(bob));
    BOOST_TEST(!d.let_in(std::nullopt)); // has no address
    d.inside.pop_front();
    BOOST_TEST(!d.let_in(ann));
    BOOST_TEST(d.let_in(ann) == crier::error::too_many_from_address);
}

BOOST_AUTO_TEST_CASE(who_is_refused_for_the_address_takes_no_place_in_all)
{
    door d({.max_connections = 2, .max_connections_per_address = 1});
    BOOST_TEST(!d.let_in(ann));
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(d.let_in(ann) == crier::error::too_many_from_address);
    BOOST_TEST(!d.let_in(bob));
    BOOST_TEST(d.let_in(crier::source_address{2, 7}) == crier::error::too_many_connections);
}

BOOST_AUTO_TEST_CASE(a_second_worth_may_come_at_once_and_then_one_each_step)
{
    gate g({.max_accepts_per_second = 100}, 0, 0);
    BOOST_TEST(accepts(g, start) == 101u); // the one that is due, and those of the second before
    BOOST_TEST((g.wait(start) == 10ms));
    BOOST_TEST((g.wait(start + 4ms) == 6ms));
    BOOST_TEST(accepts(g, start + 10ms) == 1u);
    BOOST_TEST(accepts(g, start + 60ms) == 5u);
    BOOST_TEST(accepts(g, start + 1h) == 101u); // more than a second's worth is not saved up
}

BOOST_AUTO_TEST_CASE(what_is_usual_is_for_the_listener_to_say)
{
    gate clients({}, 0, 50);
    BOOST_TEST(accepts(clients, start) == 51u);
    gate back_ends({}, 0, 0);
    BOOST_TEST(accepts(back_ends, start) == 1'000'000u);
    gate of_choice({.max_accepts_per_second = 0}, 0, 50);
    BOOST_TEST(accepts(of_choice, start) == 1'000'000u);
    gate too_fast({.max_accepts_per_second = SIZE_MAX - 1}, 0, 50); // is no limit that counts
    BOOST_TEST(accepts(too_fast, start) == 1'000'000u);
}

BOOST_AUTO_TEST_CASE(the_last_descriptors_are_left_free)
{
    rlimit limit{};
    BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const int most = static_cast<int>(limit.rlim_cur);
    door d({.spare_descriptors = 10});
    BOOST_TEST(!d.let_in(ann, most - 11));
    BOOST_TEST(d.let_in(ann, most - 10) == crier::error::no_descriptors_to_spare);
    BOOST_TEST(d.let_in(ann, most - 1) == crier::error::no_descriptors_to_spare);
    BOOST_TEST(!d.let_in(ann, -1)); // has none

    door usual({}, 64);
    BOOST_TEST(!usual.let_in(ann, most - 65));
    BOOST_TEST(usual.let_in(ann, most - 64) == crier::error::no_descriptors_to_spare);
    door back_ends({});
    BOOST_TEST(!back_ends.let_in(ann, most - 1));
}

BOOST_AUTO_TEST_SUITE_END()
