#include <crier/detail/turn_queue.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>

using crier::detail::turn_link;
using crier::detail::turn_queue;

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

} // namespace

BOOST_AUTO_TEST_SUITE(the_turn_queue)

BOOST_AUTO_TEST_CASE(who_comes_first_goes_first)
{
    turn_queue q;
    std::array<waiting, 3> abc{waiting('a'), waiting('b'), waiting('c')};
    BOOST_TEST(q.empty());
    q.push(abc[0]);
    q.push(abc[1]);
    BOOST_TEST(name_of(q.pop()) == 'a');
    q.push(abc[2]);
    q.push(abc[0]); // again
    std::string names;
    while (!q.empty())
        names += name_of(q.pop());
    BOOST_TEST(names == "bca");
    q.push(abc[1]); // where it was empty
    BOOST_TEST(name_of(q.pop()) == 'b');
    BOOST_TEST(q.empty());
}

BOOST_AUTO_TEST_CASE(those_who_come_meanwhile_are_behind_its_end)
{
    turn_queue q;
    std::array<waiting, 3> abc{waiting('a'), waiting('b'), waiting('c')};
    turn_link** const nobody = q.end();
    BOOST_TEST(q.begin() == nobody);
    q.push(abc[0]);
    turn_link** const end = q.end();
    std::string names;
    for (turn_link** at = q.begin(); at != end; at = &(*at)->next_in_turn) {
        names += name_of(**at);
        q.push(abc[1]);
    }
    BOOST_TEST(names == "a");
    names.clear();
    for (turn_link* l = q.take_all(); l; l = l->next_in_turn)
        names += name_of(*l);
    BOOST_TEST(names == "ab");
    BOOST_TEST(q.empty());
    q.push(abc[2]);
    BOOST_TEST(name_of(q.pop()) == 'c');
}

BOOST_AUTO_TEST_SUITE_END()
