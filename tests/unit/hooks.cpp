#include <crier/hooks.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string_view>

#include "bare_connection.hpp"

namespace {

using crier::connection;
using crier::error_code;
using crier::message_view;
using crier::opening_answer;
using crier::opening_request;

struct one_of_them : crier::hooks
{
    void on_registered(connection&) { ++registered; }
    int registered = 0;
};

struct all_of_them : crier::hooks
{
    opening_answer on_opening(connection&, const opening_request&)
    {
        return opening_answer::respond({.status = 404});
    }
    void on_open(connection&) {}
    void on_registered(connection&) {}
    void on_message(connection&, message_view) {}
    void on_close(connection&, error_code) {}
};

// Each of these misses being hooks by one thing.

struct not_derived
{
    opening_answer on_opening(connection&, const opening_request&) { return {}; }
    void on_open(connection&) {}
    void on_registered(connection&) {}
    void on_message(connection&, message_view) {}
    void on_close(connection&, error_code) {}
};

struct not_copyable : crier::hooks
{
    std::unique_ptr<int> owned;
};

struct opening_decided_by_a_bool : crier::hooks
{
    bool on_opening(connection&, const opening_request&) { return true; }
};

struct open_without_connection : crier::hooks
{
    void on_open() {}
};

struct registered_with_a_uid : crier::hooks
{
    void on_registered(connection&, std::string_view) {}
};

struct message_that_answers : crier::hooks
{
    bool on_message(connection&, message_view) { return true; }
};

struct close_without_a_reason : crier::hooks
{
    void on_close(connection&) {}
};

struct private_hook : crier::hooks
{
private:
    void on_open(connection&) {}
};

using namespace crier;

static_assert(check_hooks<hooks>());
static_assert(check_hooks<one_of_them>());
static_assert(check_hooks<all_of_them>());
static_assert(!server_hooks<not_derived>);
static_assert(!server_hooks<not_copyable>);
static_assert(!hooks_have_on_opening<opening_decided_by_a_bool> &&
              !server_hooks<opening_decided_by_a_bool>);
static_assert(!hooks_have_on_open<open_without_connection> &&
              !server_hooks<open_without_connection>);
static_assert(!hooks_have_on_registered<registered_with_a_uid> &&
              !server_hooks<registered_with_a_uid>);
static_assert(!hooks_have_on_message<message_that_answers> && !server_hooks<message_that_answers>);
static_assert(!hooks_have_on_close<close_without_a_reason> &&
              !server_hooks<close_without_a_reason>);
static_assert(!hooks_have_on_open<private_hook> && !server_hooks<private_hook>);
static_assert(!server_hooks<int>);

} // namespace

BOOST_AUTO_TEST_SUITE(hook_signatures)

BOOST_AUTO_TEST_CASE(hooks_that_nobody_wrote_accept_and_do_nothing)
{
    support::bare_connection c("a", 1);
    crier::hooks none;
    BOOST_TEST(none.on_opening(c, opening_request()).accepted);
    BOOST_TEST(none.on_opening(c, opening_request()).subprotocol == "");
    none.on_open(c);
    none.on_registered(c);
    none.on_message(c, "text");
    none.on_close(c, crier::error::peer_closed);
    BOOST_TEST(c.closes().empty());
}

BOOST_AUTO_TEST_CASE(a_hook_that_is_written_is_the_one_that_is_called)
{
    support::bare_connection c("a", 1);
    one_of_them mine;
    mine.on_registered(c);
    mine.on_open(c);
    BOOST_TEST(mine.registered == 1);
}

BOOST_AUTO_TEST_SUITE_END()
