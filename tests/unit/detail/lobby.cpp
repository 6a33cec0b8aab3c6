#include <crier/detail/lobby.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <string>

using crier::detail::lobby;
using crier::detail::time_share;
using crier::detail::turn_link;

namespace {

struct waiting : turn_link
{
    explicit waiting(char n) : name(n) {}
    char name;
};

char name_of(const turn_link& l)
{
    return static_cast<const waiting&>(l).name;
}

std::string all_of(lobby& l)
{
    std::string names;
    while (!l.empty())
        names += name_of(l.pop());
    return names;
}

lobby::kind kind_of(const waiting& w)
{
    return w.name == '-' ? lobby::leaving : w.name >= 'a' ? lobby::client : lobby::backend;
}

constexpr crier::detail::clock::time_point now{std::chrono::hours(1)};

} // namespace

BOOST_AUTO_TEST_SUITE(the_lobby)

BOOST_AUTO_TEST_CASE(while_they_are_few_who_comes_first_goes_first)
{
    lobby l;
    BOOST_TEST(l.empty());
    std::array<waiting, 5> all{waiting('a'), waiting('-'), waiting('1'), waiting('c'),
                               waiting('2')};
    for (waiting& each : all)
        l.push(each, kind_of(each));
    BOOST_TEST(l.size() == 5u);
    BOOST_TEST(all_of(l) == "a-1c2");
    BOOST_TEST(l.empty());
}

BOOST_AUTO_TEST_CASE(many_of_each_kind_take_turns_each_in_their_order)
{
    lobby l;
    std::deque<waiting> first(lobby::few, waiting('x'));
    for (waiting& each : first) {
        BOOST_TEST(!l.is_crowded(lobby::client));
        l.push(each, lobby::client);
    }
    std::array<waiting, 8> all{waiting('a'), waiting('b'), waiting('c'), waiting('d'),
                               waiting('1'), waiting('2'), waiting('-'), waiting('-')};
    for (waiting& each : all)
        l.push(each, kind_of(each));
    l.pop();
    waiting late('e'); // no sooner than those who came before
    l.push(late, lobby::client);
    BOOST_TEST(l.size() == lobby::few + 8);
    BOOST_TEST(all_of(l) == std::string(lobby::few - 1, 'x') + "1a-2b-cde");
    l.push(late, lobby::leaving);
    l.push(all[0], lobby::client);
    BOOST_TEST(all_of(l) == "ea");
}

BOOST_AUTO_TEST_CASE(a_crowd_of_one_kind_is_none_of_another)
{
    lobby l;
    std::deque<waiting> clients(lobby::few + 1, waiting('a'));
    for (waiting& each : clients)
        l.push(each, lobby::client);
    BOOST_TEST(l.is_crowded(lobby::client));
    BOOST_TEST(!l.is_crowded(lobby::backend));
    waiting other('1');
    l.push(other, lobby::backend);
    BOOST_TEST(l.is_crowded(lobby::backend));
    all_of(l);
    BOOST_TEST(!l.is_crowded(lobby::client));
    BOOST_TEST(!l.is_crowded(lobby::backend));
}

BOOST_AUTO_TEST_CASE(who_is_left_gets_as_long_as_the_others_have_had_since)
{
    constexpr std::chrono::milliseconds some{3};
    lobby l;
    waiting a('a'), b('b');
    l.push(a, lobby::client);
    l.push(b, lobby::client);
    BOOST_TEST((l.open(now) == now + time_share::least));
    l.pop();
    l.close(now);
    BOOST_TEST((l.open(now + some) == now + some + some));
    l.pop();
    l.push(a, lobby::client);
    BOOST_TEST((l.open(now + some) == now + some + time_share::least));
}

BOOST_AUTO_TEST_SUITE_END()
