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
};

constexpr cause causes[] = {
    {error::bad_request, condition::handshake_failed},
    {error::header_too_large, condition::limit_exceeded},
    {error::method_not_allowed, condition::handshake_failed},
    {error::upgrade_required, condition::handshake_failed},
    {error::bad_key, condition::handshake_failed},
    {error::request_answered, condition::handshake_failed},
    {error::request_refused, condition::handshake_failed},
    {error::reserved_bit_set, condition::protocol_violation},
    {error::unknown_opcode, condition::protocol_violation},
    {error::frame_not_masked, condition::protocol_violation},
    {error::length_not_minimal, condition::protocol_violation},
    {error::control_frame_too_long, condition::protocol_violation},
    {error::control_frame_fragmented, condition::protocol_violation},
    {error::unexpected_continuation, condition::protocol_violation},
    {error::continuation_expected, condition::protocol_violation},
    {error::bad_close_payload, condition::protocol_violation},
    {error::invalid_utf8, condition::protocol_violation},
    {error::message_too_large, condition::limit_exceeded},
    {error::malformed, condition::protocol_violation},
    {error::too_many_frames, condition::limit_exceeded},
    {error::uid_empty, condition::rejected},
    {error::uid_too_long, condition::rejected},
    {error::uid_not_text, condition::rejected},
    {error::uid_refused, condition::rejected},
    {error::unauthorized, condition::rejected},
    {error::http_request, condition::rejected},
    {error::replaced, condition::rejected},
    {error::too_many_connections, condition::limit_exceeded},
    {error::too_many_from_address, condition::limit_exceeded},
    {error::no_descriptors_to_spare, condition::limit_exceeded},
    {error::exposed, condition::rejected},
    {error::handshake_timeout, condition::timed_out},
    {error::uid_timeout, condition::timed_out},
    {error::message_timeout, condition::timed_out},
    {error::idle_timeout, condition::timed_out},
    {error::write_stalled, condition::timed_out},
    {error::close_timeout, condition::timed_out},
    {error::slow_consumer, condition::limit_exceeded},
    {error::peer_closed, condition::closed},
    {error::peer_vanished, condition::closed},
    {error::closed_here, condition::closed},
    {error::server_stopping, condition::closed},
    {error::hook_failed, condition::closed},
};

constexpr condition conditions[] = {
    condition::handshake_failed, condition::protocol_violation, condition::limit_exceeded,
    condition::timed_out,        condition::rejected,           condition::closed,
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
