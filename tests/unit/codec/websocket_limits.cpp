#include <crier/codec/websocket.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

#include "replay.hpp"
#include "websocket_script.hpp"

using crier::error;
using crier::websocket;
using support::binary_event;
using support::check_every_split;
using support::client_frame;
using support::client_header;
using support::close_payload;
using support::closed_event;
using support::events;
using support::failed_event;
using support::fin;
using support::pong_event;
using support::text_event;
using support::upgrade_request;
namespace op = support::op;

namespace {

const events too_large{failed_event(error::message_too_large)};

/// Lengths that no machine has the memory for, and some that are only too many.
constexpr std::uint64_t announced[] = {
    65'537,      100'000,       1 << 24,       0x7FFF'FFFF,           0x8000'0000,
    0xFFFF'FFFF, 0x1'0000'0000, 0x1'0000'0001, 0x7FFF'FFFF'FFFF'FFFE, 0x7FFF'FFFF'FFFF'FFFF,
};

} // namespace

BOOST_AUTO_TEST_SUITE(websocket_message_limit)

BOOST_AUTO_TEST_CASE(a_message_of_exactly_the_limit_is_taken_and_one_byte_more_is_1009)
{
    const websocket codec{.max_message_bytes = 10};
    for (const unsigned kind : {op::text, op::binary}) {
        const auto event = kind == op::text ? text_event : binary_event;
        check_every_split(codec, client_frame(fin | kind, "ten bytes!"), {event("ten bytes!")},
                          upgrade_request);
        check_every_split(codec, client_frame(fin | kind, "ten bytes!!"), too_large,
                          upgrade_request);
    }
}

BOOST_AUTO_TEST_CASE(the_limit_is_for_all_fragments_together_wherever_they_are_cut)
{
    const websocket codec{.max_message_bytes = 10};
    const std::string fits = "ten bytes!", over = "ten bytes!!";
    for (std::size_t i = 0; i <= fits.size(); ++i)
        for (std::size_t j = i; j <= fits.size(); ++j) {
            const auto in_three = [&](const std::string& payload) {
                return client_frame(op::text, payload.substr(0, i)) +
                       client_frame(op::continuation, payload.substr(i, j - i)) +
                       client_frame(fin | op::continuation, payload.substr(j));
            };
            BOOST_TEST_CONTEXT("cut at " << i << " and " << j)
            {
                BOOST_TEST(
                    support::lines(support::replay(codec, {in_three(fits)}, upgrade_request)) ==
                    support::lines({text_event(fits)}));
                BOOST_TEST(
                    support::lines(support::replay(codec, {in_three(over)}, upgrade_request)) ==
                    support::lines(too_large));
            }
        }
    check_every_split(
        codec, client_frame(op::text, "five ") + client_frame(fin | op::continuation, "more!"),
        {text_event("five more!")}, upgrade_request);
    check_every_split(
        codec, client_frame(op::text, "five ") + client_frame(fin | op::continuation, "more!!"),
        too_large, upgrade_request);
}

BOOST_AUTO_TEST_CASE(what_counts_anew_is_each_message)
{
    const websocket codec{.max_message_bytes = 4};
    const std::string in_two =
        client_frame(op::text, "ab") + client_frame(fin | op::continuation, "cd");
    check_every_split(codec, in_two + client_frame(fin | op::text, "efgh") + in_two,
                      {text_event("abcd"), text_event("efgh"), text_event("abcd")},
                      upgrade_request);
}

BOOST_AUTO_TEST_CASE(a_message_that_is_too_large_fails_with_its_header)
{
    for (const std::uint64_t length : announced) {
        const std::string header = client_header(fin | op::binary, length);
        BOOST_TEST(support::bytes_until_end(websocket{}, header, upgrade_request).value_or(0) ==
                       header.size(),
                   length);
        check_every_split(websocket{}, header, too_large, upgrade_request);
        check_every_split(websocket{},
                          client_frame(op::text, "a") + client_header(op::continuation, length),
                          too_large, upgrade_request);
    }
}

BOOST_AUTO_TEST_CASE(the_default_limit_is_64_kib)
{
    const std::string most(65536, 'x');
    BOOST_TEST(support::lines(support::replay(websocket{}, {client_frame(fin | op::text, most)},
                                              upgrade_request)) ==
               support::lines({text_event(most)}));
    BOOST_TEST(
        support::lines(support::replay(websocket{}, {client_frame(fin | op::text, most + 'x')},
                                       upgrade_request)) == support::lines(too_large));
}

BOOST_AUTO_TEST_CASE(a_limit_of_nothing_takes_empty_messages)
{
    const websocket codec{.max_message_bytes = 0};
    check_every_split(codec,
                      client_frame(fin | op::text) + client_frame(op::text) +
                          client_frame(fin | op::continuation) +
                          client_frame(fin | op::binary, "x"),
                      {text_event(""), text_event(""), too_large[0]}, upgrade_request);
}

BOOST_AUTO_TEST_CASE(control_frames_do_not_count)
{
    const websocket codec{.max_message_bytes = 4};
    const std::string payload(125, 'p');
    check_every_split(codec,
                      client_frame(op::text, "ab") + client_frame(fin | op::ping, payload) +
                          client_frame(fin | op::continuation, "cd") +
                          client_frame(fin | op::close, close_payload(1000, payload.substr(2))),
                      {pong_event(payload), text_event("abcd"), closed_event(1000)},
                      upgrade_request);
}

BOOST_AUTO_TEST_CASE(without_a_limit_every_announced_length_is_waited_for)
{
    const websocket codec{.max_message_bytes = SIZE_MAX};
    for (const std::uint64_t length : announced)
        BOOST_TEST(support::replay(codec, {client_header(fin | op::binary, length) + "some"},
                                   upgrade_request)
                       .empty());
    check_every_split(codec,
                      client_frame(op::text, "a") + client_frame(fin | op::continuation, "b"),
                      {text_event("ab")}, upgrade_request);
}

BOOST_AUTO_TEST_SUITE_END()
