#include <crier/registry/uid_registry.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include "bare_connection.hpp"

using crier::uid_registry;
using support::bare_connection;

namespace {

std::string of(const uid_registry::table& table, std::string_view uid)
{
    support::visited seen;
    table.visit(uid, seen);
    return seen.text();
}

} // namespace

BOOST_AUTO_TEST_SUITE(uid_registries)

BOOST_AUTO_TEST_CASE(all_connections_of_a_uid_receive_in_the_order_in_which_they_registered)
{
    uid_registry::table table{uid_registry{}};
    bare_connection a1("a", 1), b2("b", 2), a3("a", 3);
    for (bare_connection* c : {&a1, &b2, &a3})
        BOOST_TEST(table.bind(c->uid(), *c));
    BOOST_TEST(of(table, "a") == "a#1 a#3");
    BOOST_TEST(of(table, "b") == "b#2");
    BOOST_TEST(of(table, "ab") == "");
    BOOST_TEST(table.size() == 3u);
}

BOOST_AUTO_TEST_CASE(a_second_tab_keeps_its_place_when_the_first_one_closes)
{
    uid_registry::table table{uid_registry{}};
    bare_connection first("a", 1), second("a", 2);
    table.bind("a", first);
    table.bind("a", second);
    table.unbind(first);
    BOOST_TEST(of(table, "a") == "a#2");
    BOOST_TEST(table.size() == 1u);
    table.unbind(second);
    BOOST_TEST(of(table, "a") == "");
    BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_visit_of_all_reaches_every_connection_once)
{
    uid_registry::table table{uid_registry{}};
    bare_connection a1("a", 1), b2("b", 2), a3("a", 3), c4("c", 4);
    for (bare_connection* c : {&a1, &b2, &a3, &c4})
        table.bind(c->uid(), *c);
    table.unbind(c4);
    unsigned reached = 0;
    std::string ids;
    table.visit_all([&](crier::connection& c) {
        reached |= 1u << c.id();
        ids += std::to_string(c.id());
    });
    BOOST_TEST(reached == 0b1110u);
    BOOST_TEST(ids.size() == 3u, ids);
}

BOOST_AUTO_TEST_CASE(a_connection_may_be_closed_while_it_is_visited)
{
    // close() is a wish: the registry hears of it when the visit is over.
    uid_registry::table table{uid_registry{}};
    bare_connection a1("a", 1), a2("a", 2), a3("a", 3);
    for (bare_connection* c : {&a1, &a2, &a3})
        table.bind("a", *c);
    std::string visited;
    table.visit("a", [&](crier::connection& c) {
        visited += std::to_string(c.id());
        c.close(crier::close_code::going_away, "enough");
    });
    BOOST_TEST(visited == "123");
    BOOST_TEST(of(table, "a") == "a#1 a#2 a#3");
    BOOST_TEST(a2.closes().size() == 1u);
    table.unbind(a2);
    BOOST_TEST(of(table, "a") == "a#1 a#3");
}

BOOST_AUTO_TEST_CASE(nobody_is_closed_by_binding)
{
    uid_registry::table table{uid_registry{}};
    bare_connection a1("a", 1), a2("a", 2);
    table.bind("a", a1);
    table.bind("a", a2);
    BOOST_TEST(a1.closes().empty());
    BOOST_TEST(a2.closes().empty());
}

BOOST_AUTO_TEST_SUITE_END()
