#include <crier/decoded.hpp>

#include <boost/test/unit_test.hpp>

#include "readable.hpp"
#include "readable_error.hpp"

using crier::decoded;
using support::readable;

BOOST_AUTO_TEST_SUITE(decoded_events)

BOOST_AUTO_TEST_CASE(an_event_says_need_more_unless_something_was_found)
{
    BOOST_TEST(decoded().kind == decoded::kind_need_more);
    BOOST_TEST(decoded::need_more().kind == decoded::kind_need_more);
    BOOST_TEST(decoded::opening().kind == decoded::kind_opening);
}

BOOST_AUTO_TEST_CASE(a_message_and_a_reply_carry_their_bytes)
{
    const decoded message = decoded::whole({"m", crier::message_kind::binary});
    BOOST_TEST(message.kind == decoded::kind_message);
    BOOST_TEST((message.message == crier::message_view("m", crier::message_kind::binary)));
    const decoded reply = decoded::answer("r");
    BOOST_TEST(reply.kind == decoded::kind_reply);
    BOOST_TEST(readable(reply.reply) == readable("r"));
    BOOST_TEST(!reply.ec);
}

BOOST_AUTO_TEST_CASE(an_end_says_why_and_what_to_answer)
{
    const decoded discarded = decoded::discarded(crier::error::message_too_large);
    BOOST_TEST(discarded.kind == decoded::kind_discarded);
    BOOST_TEST(discarded.ec == crier::error::message_too_large);

    const decoded closed = decoded::closed(crier::close_code::going_away, "bye");
    BOOST_TEST(closed.kind == decoded::kind_closed);
    BOOST_TEST((closed.code == crier::close_code::going_away));
    BOOST_TEST(readable(closed.reply) == readable("bye"));

    const decoded failed = decoded::failed(crier::error::bad_key, "no");
    BOOST_TEST(failed.kind == decoded::kind_failed);
    BOOST_TEST(failed.ec == crier::error::bad_key);
    BOOST_TEST(readable(failed.reply) == readable("no"));
}

BOOST_AUTO_TEST_SUITE_END()
