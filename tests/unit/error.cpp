#include <crier/error.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <set>
#include <string>

#include "readable_error.hpp"

using crier::condition;
using crier::error;

namespace {

struct cause
{
    error value;
    condition kind;
    const char* name;
};

#define CAUSE(name, kind)                                                                          \
    {                                                                                              \
        error::name, condition::kind, #name                                                        \
    }

constexpr cause causes[] = {
    CAUSE(bad_request, handshake_failed),
    CAUSE(header_too_large, limit_exceeded),
    CAUSE(method_not_allowed, handshake_failed),
    CAUSE(upgrade_required, handshake_failed),
    CAUSE(bad_key, handshake_failed),
    CAUSE(request_answered, handshake_failed),
    CAUSE(request_refused, handshake_failed),
    CAUSE(reserved_bit_set, protocol_violation),
    CAUSE(unknown_opcode, protocol_violation),
    CAUSE(frame_not_masked, protocol_violation),
    CAUSE(length_not_minimal, protocol_violation),
    CAUSE(control_frame_too_long, protocol_violation),
    CAUSE(control_frame_fragmented, protocol_violation),
    CAUSE(unexpected_continuation, protocol_violation),
    CAUSE(continuation_expected, protocol_violation),
    CAUSE(bad_close_payload, protocol_violation),
    CAUSE(invalid_utf8, protocol_violation),
    CAUSE(message_too_large, limit_exceeded),
    CAUSE(malformed, protocol_violation),
    CAUSE(too_many_frames, limit_exceeded),
    CAUSE(uid_empty, rejected),
    CAUSE(uid_too_long, rejected),
    CAUSE(uid_not_text, rejected),
    CAUSE(uid_refused, rejected),
    CAUSE(unauthorized, rejected),
    CAUSE(http_request, rejected),
    CAUSE(replaced, rejected),
    CAUSE(too_many_connections, limit_exceeded),
    CAUSE(too_many_from_address, limit_exceeded),
    CAUSE(no_descriptors_to_spare, limit_exceeded),
    CAUSE(exposed, rejected),
    CAUSE(handshake_timeout, timed_out),
    CAUSE(uid_timeout, timed_out),
    CAUSE(message_timeout, timed_out),
    CAUSE(idle_timeout, timed_out),
    CAUSE(write_stalled, timed_out),
    CAUSE(close_timeout, timed_out),
    CAUSE(slow_consumer, limit_exceeded),
    CAUSE(peer_closed, closed),
    CAUSE(peer_vanished, lost),
    CAUSE(closed_here, closed),
    CAUSE(server_stopping, closed),
    CAUSE(hook_failed, program_failed),
};

constexpr condition conditions[] = {
    condition::handshake_failed,
    condition::protocol_violation,
    condition::limit_exceeded,
    condition::timed_out,
    condition::rejected,
    condition::closed,
    condition::lost,
    condition::program_failed,
};

} // namespace

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(each_error_is_of_exactly_one_condition)
{
    for (const cause& c : causes)
        for (const condition other : conditions) {
            const crier::error_code ec = c.value;
            BOOST_TEST((ec == other) == (c.kind == other),
                       ec.message() << " and " << crier::make_error_condition(other).message());
        }
}

BOOST_AUTO_TEST_CASE(the_table_above_holds_all_errors_there_are)
{
    const std::string unknown = crier::error_category().message(0);
    int known = 0;
    for (int value = 1; value < 1000; ++value)
        known += crier::error_category().message(value) != unknown;
    BOOST_TEST(known == static_cast<int>(std::size(causes)));
}

BOOST_AUTO_TEST_CASE(each_message_is_there_and_is_its_own)
{
    std::set<std::string> seen;
    for (const cause& c : causes) {
        const crier::error_code ec = c.value;
        BOOST_TEST(!ec.message().empty());
        BOOST_TEST(seen.insert(ec.message()).second, "twice: " << ec.message());
        BOOST_TEST(ec.message().size() <= 123u, "does not fit a close frame: " << ec.message());
        char room[256];
        BOOST_TEST(ec.message(room, sizeof room) == ec.message());
    }
    for (const condition c : conditions) {
        const std::string text = crier::make_error_condition(c).message();
        BOOST_TEST(!text.empty());
        BOOST_TEST(text != crier::condition_category().message(0));
    }
}

BOOST_AUTO_TEST_CASE(each_name_is_that_of_the_enumerator)
{
    for (const cause& c : causes)
        BOOST_TEST(to_string(c.value) == c.name);
    BOOST_TEST(to_string(error(0)).empty());
    BOOST_TEST(to_string(error(static_cast<int>(crier::last_error) + 1)).empty());
}

BOOST_AUTO_TEST_CASE(an_error_is_a_failure_of_its_own_category)
{
    const crier::error_code ec = error::bad_key;
    BOOST_TEST(bool(ec));
    BOOST_TEST(ec.failed());
    BOOST_TEST(ec == error::bad_key);
    BOOST_TEST(ec != error::bad_request);
    BOOST_TEST(std::string(ec.category().name()) == "crier");
    BOOST_TEST((ec.category() == crier::error_category()));
    BOOST_TEST(
        (crier::make_error_condition(condition::closed).category() == crier::condition_category()));
}

BOOST_AUTO_TEST_CASE(success_and_foreign_errors_are_of_no_condition)
{
    for (const condition c : conditions) {
        BOOST_TEST(crier::error_code() != c);
        BOOST_TEST(crier::error_code(1, boost::system::system_category()) != c);
    }
}

BOOST_AUTO_TEST_SUITE_END()
