#include <crier/concepts/registry.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "bare_connection.hpp"

namespace {

using crier::connection;
using crier::connection_visitor;
using crier::registry_archetype;

// Each of these misses being a registry by one thing.

struct without_table
{};

struct not_copyable : registry_archetype
{
    not_copyable() = default;
    not_copyable(const not_copyable&) = delete;
    not_copyable& operator=(const not_copyable&) = delete;
};

struct table_without_options
{
    class table : public registry_archetype::table
    {
    public:
        table() : registry_archetype::table({}) {}
    };
};

/// A registry whose table is the archetype's, but for what `Table` hides of it.
template <template <class> class Table>
struct with_table
{
    class table : public Table<with_table>
    {
    public:
        explicit table(const with_table&) {}
    };
};

struct archetype_table : registry_archetype::table
{
    archetype_table() : registry_archetype::table({}) {}
};

template <class>
struct unchanged : archetype_table
{};

template <class>
struct binds_without_an_answer : archetype_table
{
    void bind(std::string_view, connection&) {}
};

template <class>
struct binds_by_number : archetype_table
{
    bool bind(int, connection&) { return true; }
};

template <class>
struct unbind_may_throw : archetype_table
{
    void unbind(connection&) {}
};

template <class>
struct unbinds_by_uid : archetype_table
{
    void unbind(std::string_view) noexcept {}
};

template <class>
struct visits_one_uid_only : archetype_table
{
private:
    using archetype_table::visit_all;
};

template <class>
struct visits_with_pointers : archetype_table
{
    void visit(std::string_view, void (*)(connection*)) {}
};

template <class>
struct size_may_throw : archetype_table
{
    std::size_t size() const { return 0; }
};

template <class>
struct size_is_an_int : archetype_table
{
    int size() const noexcept { return 0; }
};

template <class>
struct size_of_the_changeable : archetype_table
{
    std::size_t size() noexcept { return 0; }
};

using namespace crier;

static_assert(check_registry<registry_archetype>());
static_assert(check_registry<uid_registry>());
static_assert(check_registry<latest_only>());
static_assert(check_registry<with_table<unchanged>>());

static_assert(!registry_is_policy<not_copyable> && !registry<not_copyable>);
static_assert(!registry_has_table<without_table> && !registry<without_table>);
static_assert(!registry_has_table<table_without_options> && !registry<table_without_options>);
static_assert(registry_binds<table_without_options> && registry_counts<table_without_options>);
static_assert(!registry_binds<with_table<binds_without_an_answer>>);
static_assert(!registry_binds<with_table<binds_by_number>>);
static_assert(!registry_unbinds<with_table<unbind_may_throw>>);
static_assert(!registry_unbinds<with_table<unbinds_by_uid>>);
static_assert(!registry_visits<with_table<visits_one_uid_only>>);
static_assert(!registry_visits<with_table<visits_with_pointers>>);
static_assert(!registry_counts<with_table<size_may_throw>>);
static_assert(!registry_counts<with_table<size_is_an_int>>);
static_assert(!registry_counts<with_table<size_of_the_changeable>>);
static_assert(!registry<with_table<binds_without_an_answer>> &&
              !registry<with_table<unbind_may_throw>> &&
              !registry<with_table<visits_one_uid_only>> && !registry<with_table<size_may_throw>>);
static_assert(!registry<int>);

// A visitor is made from what can be called with a connection, and from nothing else.
static_assert(std::convertible_to<void (*)(connection&), connection_visitor>);
static_assert(!std::convertible_to<void (*)(int), connection_visitor>);
static_assert(!std::convertible_to<int, connection_visitor>);

} // namespace

BOOST_AUTO_TEST_SUITE(registry_concept)

BOOST_AUTO_TEST_CASE(the_archetype_is_a_list_of_uids_and_connections)
{
    registry_archetype::table table{registry_archetype{}};
    support::bare_connection a1("a", 1), b2("b", 2), a3("a", 3);
    for (support::bare_connection* c : {&a1, &b2, &a3})
        BOOST_TEST(table.bind(c->uid(), *c));
    BOOST_TEST(table.size() == 3u);
    table.unbind(a1);
    BOOST_TEST(table.size() == 2u);
    support::visited of_a, of_all;
    table.visit("a", of_a);
    table.visit_all(of_all);
    BOOST_TEST(of_a.text() == "a#3");
    BOOST_TEST(of_all.text() == "b#2 a#3");
}

BOOST_AUTO_TEST_CASE(a_visitor_refers_to_its_callable_and_copies_refer_to_the_same)
{
    support::bare_connection c("a", 7);
    std::uint64_t sum = 0;
    auto add = [&sum, calls = 0u](connection& each) mutable { sum += each.id() + 100 * calls++; };
    const connection_visitor visitor(add);
    const connection_visitor copy = visitor;
    visitor(c);
    copy(c); // the callable's own count goes on
    BOOST_TEST(sum == 7u + 107u);

    const auto constant = [&sum](connection& each) { sum = each.id(); };
    connection_visitor{constant}(c);
    BOOST_TEST(sum == 7u);
}

BOOST_AUTO_TEST_SUITE_END()
