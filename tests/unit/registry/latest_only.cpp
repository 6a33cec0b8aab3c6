#include <crier/registry/latest_only.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include "bare_connection.hpp"

using crier::latest_only;
using support::bare_connection;

namespace {

std::string of(const latest_only::table& table, std::string_view uid)
{
    support::visited seen;
    table.visit(uid, seen);
    return seen.text();
}

} // namespace

BOOST_AUTO_TEST_SUITE(latest_only_registries)

BOOST_AUTO_TEST_CASE(the_newest_connection_replaces_and_closes_the_older_one)
{
    latest_only::table table{latest_only{}};
    bare_connection older("a", 1), newer("a", 2);
    BOOST_TEST(table.bind("a", older));
    BOOST_TEST(of(table, "a") == "a#1");
    BOOST_TEST(table.bind("a", newer));
    BOOST_TEST(of(table, "a") == "a#2");
    BOOST_TEST(table.size() == 1u);
    BOOST_TEST_REQUIRE(older.closes().size() == 1u);
    BOOST_TEST(older.closes()[0] == "4001 replaced by a newer connection");
    BOOST_TEST(newer.closes().empty());
}

BOOST_AUTO_TEST_CASE(the_close_code_is_an_option)
{
    latest_only::table table{latest_only{.code = crier::close_code::policy_violation}};
    bare_connection older("a", 1), newer("a", 2);
    table.bind("a", older);
    table.bind("a", newer);
    BOOST_TEST_REQUIRE(older.closes().size() == 1u);
    BOOST_TEST(older.closes()[0].substr(0, 4) == "1008");
}

BOOST_AUTO_TEST_CASE(unbinding_the_replaced_connection_leaves_the_newer_one)
{
    latest_only::table table{latest_only{}};
    bare_connection older("a", 1), newer("a", 2);
    table.bind("a", older);
    table.bind("a", newer);
    table.unbind(older);
    BOOST_TEST(of(table, "a") == "a#2");
    BOOST_TEST(table.size() == 1u);
    table.unbind(newer);
    BOOST_TEST(of(table, "a") == "");
    BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_CASE(the_newer_connection_may_leave_before_the_replaced_one)
{
    latest_only::table table{latest_only{}};
    bare_connection older("a", 1), newer("a", 2);
    table.bind("a", older);
    table.bind("a", newer);
    table.unbind(newer);
    table.unbind(older);
    BOOST_TEST(of(table, "a") == "");
    BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_chain_of_replacements_closes_each_connection_once)
{
    latest_only::table table{latest_only{}};
    bare_connection a1("a", 1), a2("a", 2), a3("a", 3);
    for (bare_connection* c : {&a1, &a2, &a3})
        table.bind("a", *c);
    BOOST_TEST(of(table, "a") == "a#3");
    BOOST_TEST(a1.closes().size() == 1u);
    BOOST_TEST(a2.closes().size() == 1u);
    BOOST_TEST(a3.closes().empty());
    for (bare_connection* c : {&a1, &a2, &a3})
        table.unbind(*c);
    BOOST_TEST(table.size() == 0u);
}

BOOST_AUTO_TEST_CASE(other_uids_are_left_alone)
{
    latest_only::table table{latest_only{}};
    bare_connection a1("a", 1), b2("b", 2), a3("a", 3);
    for (bare_connection* c : {&a1, &b2, &a3})
        table.bind(c->uid(), *c);
    BOOST_TEST(of(table, "b") == "b#2");
    BOOST_TEST(b2.closes().empty());
    std::string ids;
    table.visit_all([&](crier::connection& c) { ids += std::to_string(c.id()); });
    BOOST_TEST((ids == "23" || ids == "32"), ids);
}

BOOST_AUTO_TEST_SUITE_END()
