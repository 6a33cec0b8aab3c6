#include <crier/detail/uid_table.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.hpp"
#include "bare_connection.hpp"
#include "seed.hpp"

using crier::detail::uid_table;
using support::bare_connection;

namespace {

/// The connections of a uid in their order: "a#1 a#2".
std::string of(const uid_table& table, std::string_view uid)
{
    support::visited seen;
    const crier::connection* const first = table.find(uid);
    for (const crier::connection* c = first; c; c = uid_table::next(c, first))
        seen(*c);
    return seen.text();
}

/// How many connections for_each reaches, each counted once.
std::size_t reached(const uid_table& table)
{
    std::set<const crier::connection*> all;
    std::size_t calls = 0;
    table.for_each([&](crier::connection& c) {
        all.insert(&c);
        ++calls;
    });
    return calls == all.size() ? calls : 0;
}

void insert(uid_table& table, bare_connection& c)
{
    table.insert(c.uid(), c);
}

} // namespace

BOOST_AUTO_TEST_SUITE(uid_tables)

BOOST_AUTO_TEST_CASE(an_empty_table_finds_nobody)
{
    const uid_table table;
    BOOST_TEST(table.size() == 0u);
    BOOST_TEST(table.find("anybody") == nullptr);
    BOOST_TEST(table.find("") == nullptr);
    BOOST_TEST(reached(table) == 0u);
}

BOOST_AUTO_TEST_CASE(connections_of_a_uid_stand_in_the_order_in_which_they_came)
{
    uid_table table;
    bare_connection a1("a", 1), b2("b", 2), a3("a", 3), a4("a", 4);
    for (bare_connection* c : {&a1, &b2, &a3, &a4})
        insert(table, *c);
    BOOST_TEST(of(table, "a") == "a#1 a#3 a#4");
    BOOST_TEST(of(table, "b") == "b#2");
    BOOST_TEST(of(table, "c") == "");
    BOOST_TEST(table.size() == 4u);
    BOOST_TEST(reached(table) == 4u);
}

BOOST_AUTO_TEST_CASE(uids_are_told_apart_by_every_byte)
{
    using namespace std::string_view_literals;
    const std::vector<std::string_view> uids{"a",        "A",        "a ",      "",
                                             "\0"sv,     "\0\0"sv,   "a\0"sv,   "a\0b"sv,
                                             "\xC3\xA9", "abcdefgh", "abcdefg", "abcdefghi"};
    uid_table table;
    std::deque<bare_connection> connections;
    for (std::size_t i = 0; i < uids.size(); ++i)
        insert(table, connections.emplace_back(uids[i], i));
    for (std::size_t i = 0; i < uids.size(); ++i) {
        BOOST_TEST(table.find(uids[i]) == &connections[i]);
        BOOST_TEST(uid_table::next(&connections[i], &connections[i]) == nullptr);
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_leaves_takes_only_itself_out)
{
    for (const char* expected : {"a#2 a#3", "a#1 a#3", "a#1 a#2"}) {
        uid_table table;
        std::deque<bare_connection> all;
        for (unsigned id = 1; id <= 3; ++id)
            insert(table, all.emplace_back("a", id));
        for (bare_connection& c : all)
            if (std::string(expected).find(std::to_string(c.id())) == std::string::npos) {
                table.erase(c);
                BOOST_TEST(!table.contains(c));
            }
        BOOST_TEST(of(table, "a") == expected);
        BOOST_TEST(table.size() == 2u);
        for (bare_connection& c : all)
            if (table.contains(c))
                table.erase(c);
        BOOST_TEST(of(table, "a") == "");
        BOOST_TEST(table.size() == 0u);
    }
}

BOOST_AUTO_TEST_CASE(a_connection_that_comes_again_stands_behind_the_others)
{
    uid_table table;
    bare_connection a1("a", 1), a2("a", 2);
    insert(table, a1);
    insert(table, a2);
    table.erase(a1);
    insert(table, a1);
    BOOST_TEST(of(table, "a") == "a#2 a#1");
}

BOOST_AUTO_TEST_CASE(uids_that_share_a_bucket_do_not_disturb_each_other)
{
    // Sixteen uids in sixteen buckets: with a random key some nearly always collide, and each place
    // in a bucket's chain is erased first in one of the rounds.
    for (unsigned round = 0; round < 64; ++round) {
        uid_table table;
        std::deque<bare_connection> all;
        for (unsigned id = 0; id < 16; ++id)
            insert(table, all.emplace_back("uid " + std::to_string(id), id));
        for (unsigned erased = 0; erased < 16; ++erased) {
            table.erase(all[(erased * 7 + round) % 16]);
            for (bare_connection& c : all)
                BOOST_TEST((table.find(c.uid()) == &c) == table.contains(c));
            BOOST_TEST(reached(table) == 15 - erased);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_table_that_grows_keeps_everybody_in_order)
{
    uid_table table;
    std::deque<bare_connection> all;
    for (unsigned id = 0; id < 6'000; ++id)
        insert(table, all.emplace_back(std::to_string(id % 2'000), id));
    BOOST_TEST(table.size() == 6'000u);
    BOOST_TEST(reached(table) == 6'000u);
    std::size_t wrong = 0;
    for (unsigned uid = 0; uid < 2'000; ++uid) {
        const std::string name = std::to_string(uid);
        const std::string expected = name + '#' + name + ' ' + name + '#' +
                                     std::to_string(uid + 2'000) + ' ' + name + '#' +
                                     std::to_string(uid + 4'000);
        wrong += of(table, name) != expected;
    }
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(many_connections_of_one_uid_do_not_widen_the_table)
{
    std::deque<bare_connection> all;
    for (unsigned id = 0; id < 5'000; ++id)
        all.emplace_back("a", id);
    uid_table table;
    const support::allocation_watch watch;
    for (bare_connection& c : all)
        insert(table, c);
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations <= 14u); // the list of all grows; buckets would be twice as many again
    BOOST_TEST(table.size() == 5'000u);
    for (bare_connection& c : all)
        table.erase(c);
    BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_CASE(coming_and_going_allocates_nothing_once_the_table_is_wide_enough)
{
    std::deque<bare_connection> all;
    for (unsigned id = 0; id < 100; ++id)
        all.emplace_back(std::to_string(id), id);
    uid_table table;
    for (bare_connection& c : all)
        insert(table, c);
    const support::allocation_watch watch;
    for (int round = 0; round < 10; ++round) {
        for (bare_connection& c : all)
            table.erase(c);
        for (bare_connection& c : all)
            insert(table, c);
    }
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations == 0u);
    BOOST_TEST(reached(table) == 100u);
}

BOOST_AUTO_TEST_CASE(a_connection_that_left_is_as_new)
{
    uid_table one, other;
    bare_connection c("a", 1);
    insert(one, c);
    BOOST_TEST(one.contains(c));
    one.erase(c);
    BOOST_TEST(c.hook.next_same_uid == nullptr);
    BOOST_TEST(c.hook.next_uid == nullptr);
    c.say_uid("another uid");
    insert(other, c);
    BOOST_TEST(of(other, "another uid") == "another uid#1");
    other.erase(c);
}

BOOST_AUTO_TEST_CASE(all_are_visited_in_the_order_in_which_they_came)
{
    std::deque<bare_connection> all;
    for (unsigned id = 0; id < 100; ++id)
        all.emplace_back("u" + std::to_string(id % 7), id);
    uid_table table;
    for (bare_connection& c : all)
        insert(table, c);
    std::uint64_t next = 0, wrong = 0;
    table.for_each([&](crier::connection& c) { wrong += c.id() != next++; });
    BOOST_TEST(next == 100u);
    BOOST_TEST(wrong == 0u);
    for (bare_connection& c : all)
        table.erase(c);
}

BOOST_AUTO_TEST_CASE(random_coming_and_going_agrees_with_a_map_of_lists)
{
    auto random = support::seeded_random();
    uid_table table;
    std::map<std::string, std::vector<const crier::connection*>> model;
    std::vector<std::unique_ptr<bare_connection>> present;
    std::uint64_t id = 0;
    for (int step = 0; step < 20'000; ++step) {
        // Grows to some hundreds, shrinks to nearly none, and so on.
        const bool more = support::pick(random, 100) < (step / 2'500 % 2 == 0 ? 70u : 35u);
        if (more || present.empty()) {
            const std::string uid = std::to_string(support::pick(random, 400));
            present.push_back(std::make_unique<bare_connection>(uid, ++id));
            insert(table, *present.back());
            model[uid].push_back(present.back().get());
        } else {
            std::swap(present[support::pick(random, present.size())], present.back());
            bare_connection& gone = *present.back();
            table.erase(gone);
            auto& list = model[std::string(gone.uid())];
            list.erase(std::find(list.begin(), list.end(), &gone));
            present.pop_back();
        }
        const std::string uid = std::to_string(support::pick(random, 400));
        support::visited expected;
        for (const crier::connection* c : model[uid])
            expected(*c);
        BOOST_TEST_REQUIRE(of(table, uid) == expected.text());
        BOOST_TEST_REQUIRE(table.size() == present.size());
        if (step % 500 == 0)
            BOOST_TEST_REQUIRE(reached(table) == present.size());
    }
    for (const auto& c : present)
        table.erase(*c);
    BOOST_TEST(reached(table) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
