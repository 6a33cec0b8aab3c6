#include <crier/codec/websocket.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "readable.hpp"
#include "websocket_frames.hpp"
#include "websocket_script.hpp"

using crier::error;
using crier::websocket;
using support::binary_event;
using support::check_frames;
using support::check_some_splits;
using support::client_frame;
using support::events;
using support::failed_event;
using support::fin;
using support::pong_event;
using support::readable;
using support::text_event;
using support::upgrade_request;
namespace op = support::op;

namespace {

struct impossible_text
{
    std::string_view bytes;
    std::size_t at; // the first byte that no valid text can have there, counted from 1
};

constexpr impossible_text impossible[] = {
    {"\x80", 1},         {"\xC0\xAF", 1},         {"\xC1\xBF", 1},     {"\xF5\x80\x80\x80", 1},
    {"\xFF", 1},         {"\xC3\x28", 2},         {"\xC3\xC3", 2},     {"\xE0\x9F\xBF", 2},
    {"\xED\xA0\x80", 2}, {"\xE2\x82\x28", 3},     {"\xE2\x82\xE2", 3}, {"\xF0\x8F\xBF\xBF", 2},
    {"\xF4\x90\x80", 2}, {"\xF0\x9F\x98\x28", 4}, {"\xF0\x9F\x28", 3}, {"\xE2\x28\xA1", 2},
};

} // namespace

BOOST_AUTO_TEST_SUITE(websocket_utf8)

BOOST_AUTO_TEST_CASE(text_fails_at_its_first_impossible_byte_and_not_later)
{
    for (const auto& [bytes, at] : impossible) {
        const std::string payload = "ok " + std::string(bytes) + " and much more text";
        const std::string script = client_frame(fin | op::text, payload);
        check_frames(script, {failed_event(error::invalid_utf8)});
        BOOST_TEST(support::bytes_until_end(websocket{}, script, upgrade_request).value_or(0) ==
                       6 + 3 + at,
                   readable(bytes));
    }
}

BOOST_AUTO_TEST_CASE(text_in_fragments_fails_at_its_first_impossible_byte_wherever_it_is_cut)
{
    for (const auto& [bytes, at] : impossible) {
        const std::string payload = "a" + std::string(bytes) + "z";
        const std::size_t bad = 1 + at; // of the payload, counted from 1
        for (std::size_t cut = 0; cut <= payload.size(); ++cut) {
            const std::string script = client_frame(op::text, payload.substr(0, cut)) +
                                       client_frame(fin | op::ping, "?") +
                                       client_frame(fin | op::continuation, payload.substr(cut));
            events expected{failed_event(error::invalid_utf8)};
            std::size_t until = 6 + bad;
            if (cut < bad) {
                expected.insert(expected.begin(), pong_event("?"));
                until += 7 + 6;
            }
            check_some_splits(script, expected);
            BOOST_TEST(support::bytes_until_end(websocket{}, script, upgrade_request).value_or(0) ==
                           until,
                       readable(payload) << " cut at " << cut);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_character_may_be_cut_by_fragments_and_pings)
{
    const std::string_view smile = "\xF0\x9F\x98\x80";
    std::string script;
    for (std::size_t i = 0; i < 4; ++i)
        script += client_frame(i == 0   ? op::text
                               : i == 3 ? fin | op::continuation
                                        : op::continuation,
                               smile.substr(i, 1)) +
                  client_frame(fin | op::ping);
    check_frames(script, {pong_event(""), pong_event(""), pong_event(""), text_event(smile),
                          pong_event("")});
}

BOOST_AUTO_TEST_CASE(a_message_that_ends_inside_a_character_fails_at_its_end)
{
    for (const std::string_view bytes : {"\xC3", "\xE2\x82", "\xF0\x9F\x98", "abc\xF0"}) {
        const std::string whole = client_frame(fin | op::text, bytes);
        check_frames(whole, {failed_event(error::invalid_utf8)});
        BOOST_TEST(support::bytes_until_end(websocket{}, whole, upgrade_request).value_or(0) ==
                   whole.size());
        const std::string in_two =
            client_frame(op::text, bytes) + client_frame(fin | op::continuation);
        check_frames(in_two, {failed_event(error::invalid_utf8)});
        BOOST_TEST(support::bytes_until_end(websocket{}, in_two, upgrade_request).value_or(0) ==
                   in_two.size());
    }
}

BOOST_AUTO_TEST_CASE(each_message_is_a_text_of_its_own)
{
    // Half a character is not carried over to the next message, nor is binary data looked at.
    check_frames(client_frame(fin | op::binary, "\xC3") + client_frame(fin | op::text, "\xA9"),
                 {binary_event("\xC3"), failed_event(error::invalid_utf8)});
    check_frames(client_frame(op::binary, "\xC3") + client_frame(fin | op::continuation, "\x28") +
                     client_frame(op::text, "a") + client_frame(fin | op::continuation, "\xC3\xA9"),
                 {binary_event("\xC3\x28"), text_event("a\xC3\xA9")});
}

BOOST_AUTO_TEST_CASE(a_message_that_is_no_text_may_have_any_bytes_and_a_ping_too)
{
    std::string all;
    for (int byte = 0; byte < 256; ++byte)
        all += static_cast<char>(byte);
    check_some_splits(
        client_frame(fin | op::binary, all) + client_frame(op::binary, all) +
            client_frame(fin | op::ping, all.substr(128, 125)) +
            client_frame(fin | op::continuation, all),
        {binary_event(all), pong_event(all.substr(128, 125)), binary_event(all + all)});
}

BOOST_AUTO_TEST_SUITE_END()
