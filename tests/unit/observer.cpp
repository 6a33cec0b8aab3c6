#include <crier/observer.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <string_view>

#include "bare_connection.hpp"

namespace {

using crier::connection;
using crier::error_code;
using crier::line_result;
using crier::message_view;
using crier::push_result;

struct one_of_them : crier::observer
{
    void on_registered(const connection&) { ++registered; }
    int registered = 0;
};

struct all_of_them : crier::observer
{
    void on_accept(const connection&) {}
    void on_accept_failed(error_code) {}
    void on_open(const connection&) {}
    void on_registered(const connection&) {}
    void on_message(const connection&, message_view) {}
    void on_line(const connection&, const line_result&) {}
    void on_push(const push_result&) {}
    void on_overflow(const connection&, std::size_t) {}
    void on_exception(const connection&, std::exception_ptr) {}
    void on_end(const connection&, error_code) {}
};

// Each of these misses being an observer by one thing.

struct not_derived
{
    void on_accept(const connection&) {}
};

class derived_privately : crier::observer
{};

struct not_copyable : crier::observer
{
    std::unique_ptr<int> owned;
};

struct accept_to_change : crier::observer
{
    void on_accept(connection&) {}
};

struct accept_failed_without_error : crier::observer
{
    void on_accept_failed() {}
};

struct open_without_connection : crier::observer
{
    void on_open() {}
};

struct registered_with_a_uid : crier::observer
{
    void on_registered(const connection&, std::string_view) {}
};

struct message_of_text : crier::observer
{
    void on_message(const connection&, std::string_view) {}
};

struct line_without_result : crier::observer
{
    void on_line(const connection&) {}
};

struct push_that_answers : crier::observer
{
    bool on_push(const push_result&) { return true; }
};

struct overflow_without_count : crier::observer
{
    void on_overflow(const connection&) {}
};

struct exception_by_reference : crier::observer
{
    void on_exception(const connection&, const std::exception&) {}
};

struct end_without_a_reason : crier::observer
{
    void on_end(const connection&) {}
};

struct private_function : crier::observer
{
private:
    void on_open(const connection&) {}
};

using namespace crier;

static_assert(check_observer<observer>());
static_assert(check_observer<one_of_them>());
static_assert(check_observer<all_of_them>());
static_assert(!server_observer<not_derived>);
static_assert(!server_observer<derived_privately>);
static_assert(!server_observer<not_copyable>);
static_assert(!observer_has_on_accept<accept_to_change> && !server_observer<accept_to_change>);
static_assert(!observer_has_on_accept_failed<accept_failed_without_error> &&
              !server_observer<accept_failed_without_error>);
static_assert(!observer_has_on_open<open_without_connection> &&
              !server_observer<open_without_connection>);
static_assert(!observer_has_on_registered<registered_with_a_uid> &&
              !server_observer<registered_with_a_uid>);
static_assert(!observer_has_on_message<message_of_text> && !server_observer<message_of_text>);
static_assert(!observer_has_on_line<line_without_result> && !server_observer<line_without_result>);
static_assert(!observer_has_on_push<push_that_answers> && !server_observer<push_that_answers>);
static_assert(!observer_has_on_overflow<overflow_without_count> &&
              !server_observer<overflow_without_count>);
static_assert(!observer_has_on_exception<exception_by_reference> &&
              !server_observer<exception_by_reference>);
static_assert(!observer_has_on_end<end_without_a_reason> && !server_observer<end_without_a_reason>);
static_assert(!observer_has_on_open<private_function> && !server_observer<private_function>);
static_assert(!server_observer<int>);

} // namespace

BOOST_AUTO_TEST_SUITE(observer_signatures)

BOOST_AUTO_TEST_CASE(an_observer_that_writes_no_function_hears_all_and_changes_nothing)
{
    support::bare_connection c("a", 1);
    crier::observer none;
    none.on_accept(c);
    none.on_accept_failed(crier::error::peer_closed);
    none.on_open(c);
    none.on_registered(c);
    none.on_message(c, "text");
    none.on_line(c, {});
    none.on_push({});
    none.on_overflow(c, 1);
    none.on_exception(c, nullptr);
    none.on_end(c, crier::error::peer_closed);
    BOOST_TEST(c.closes().empty());
}

BOOST_AUTO_TEST_CASE(a_function_that_is_written_is_the_one_that_is_called)
{
    const support::bare_connection c("a", 1);
    one_of_them mine;
    mine.on_registered(c);
    mine.on_open(c);
    BOOST_TEST(mine.registered == 1);
}

BOOST_AUTO_TEST_SUITE_END()
