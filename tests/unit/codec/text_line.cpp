#include <crier/codec/text_line.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "allocations.hpp"
#include "replay.hpp"
#include "seed.hpp"
#include "websocket_script.hpp"

using crier::message_view;
using crier::text_line;
using support::check_every_split;
using support::events;
using support::readable;
using support::text_event;

namespace {

const std::string too_large =
    "discarded: " + make_error_code(crier::error::message_too_large).message();

events texts(std::initializer_list<std::string_view> payloads)
{
    events all;
    for (const std::string_view payload : payloads)
        all.push_back(text_event(payload));
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(text_lines)

BOOST_AUTO_TEST_CASE(each_line_is_a_text_message_in_its_order)
{
    check_every_split(text_line{}, "one\ntwo\n\nfour\n", texts({"one", "two", "", "four"}));
    check_every_split(text_line{}, "\n\n\n", texts({"", "", ""}));
}

BOOST_AUTO_TEST_CASE(carriage_returns_are_stripped_from_the_end_of_a_line_only)
{
    check_every_split(text_line{}, "one\r\ntwo\r\r\r\n\r\n\r\rx\ry\r\n",
                      texts({"one", "two", "", "\r\rx\ry"}));
}

BOOST_AUTO_TEST_CASE(other_bytes_stay_as_they_came)
{
    std::string all;
    for (int byte = 1; byte < 256; ++byte)
        if (byte != '\n')
            all += static_cast<char>(byte);
    all += std::string_view(" \0 ", 3);
    check_every_split(text_line{}, all + '\n', texts({all}));
    check_every_split(text_line{}, "  {\"a\": 1}\t \n", texts({"  {\"a\": 1}\t "}));
}

BOOST_AUTO_TEST_CASE(an_unfinished_line_at_the_end_is_no_message)
{
    check_every_split(text_line{}, "whole\nunfinished", texts({"whole"}));
    check_every_split(text_line{}, "unfinished\r", {});
}

BOOST_AUTO_TEST_CASE(a_line_of_exactly_the_limit_is_taken_and_one_byte_more_is_discarded)
{
    const text_line codec{.max_line_bytes = 5};
    check_every_split(codec, "12345\nok\n", texts({"12345", "ok"}));
    check_every_split(codec, "12345\r\nok\n", texts({"12345", "ok"}));
    check_every_split(codec, "123456\nok\n", {too_large, text_event("ok")});
    check_every_split(codec, "123456\r\nok\r\n", {too_large, text_event("ok")});
    check_every_split(codec, "123456789012345678901234567890\nok\n", {too_large, text_event("ok")});
}

BOOST_AUTO_TEST_CASE(carriage_returns_count_alike_however_the_line_is_cut)
{
    // Room for one is promised ("\r\n"); what becomes of more must not depend on how it came.
    const text_line codec{.max_line_bytes = 5};
    for (std::size_t returns = 0; returns < 12; ++returns)
        for (const std::string text : {"", "1", "1234", "12345", "123456"}) {
            const std::string script = text + std::string(returns, '\r') + "\nok\n";
            check_every_split(codec, script, support::replay(codec, {script}));
        }
}

BOOST_AUTO_TEST_CASE(each_over_long_line_is_discarded_once_and_its_neighbours_stay)
{
    const text_line codec{.max_line_bytes = 3};
    check_every_split(codec, "abc\nabcd\nabc\nabcdefghijkl\nabcdefghijklmnopq\n\nx\n",
                      {text_event("abc"), too_large, text_event("abc"), too_large, too_large,
                       text_event(""), text_event("x")});
}

BOOST_AUTO_TEST_CASE(a_limit_of_one_takes_lines_of_one_byte)
{
    check_every_split(text_line{.max_line_bytes = 1}, "a\n\nbc\nd\r\n",
                      {text_event("a"), text_event(""), too_large, text_event("d")});
}

BOOST_AUTO_TEST_CASE(the_default_limit_is_64_kib)
{
    const std::string line(64 * 1024, 'x');
    const std::string script = line + '\n' + line + "x\n" + line + "\r\n";
    const events expected{text_event(line), too_large, text_event(line)};
    for (const std::size_t piece : {script.size(), std::size_t(65536), std::size_t(1000)})
        BOOST_TEST(
            support::lines(support::replay(text_line{}, support::in_pieces(script, piece))) ==
            support::lines(expected));
}

BOOST_AUTO_TEST_CASE(no_limit_is_the_largest_number)
{
    check_every_split(text_line{.max_line_bytes = SIZE_MAX}, "one\r\ntwo\n", texts({"one", "two"}));
}

BOOST_AUTO_TEST_CASE(endless_garbage_leaves_no_more_than_the_promised_bytes)
{
    const text_line codec{.max_line_bytes = 100};
    support::recorder<text_line> decoder(codec);
    const std::string garbage(37, '\xFF');
    std::size_t most = 0;
    for (int i = 0; i < 10'000; ++i) {
        decoder.read(garbage);
        most = std::max(most, decoder.unfinished_bytes());
    }
    BOOST_TEST(most <= codec.max_unfinished_bytes());
    BOOST_TEST(codec.max_unfinished_bytes() <= 101u);
    decoder.read("\nok\n");
    BOOST_TEST(support::lines(decoder.found()) == support::lines({too_large, text_event("ok")}));
}

BOOST_AUTO_TEST_CASE(decoding_hands_out_views_of_the_input_and_allocates_nothing)
{
    const text_line codec;
    std::string memory = "first\nsecond\r\nrest";
    std::span<char> in(memory);
    const support::allocation_watch watch;
    text_line::decoder decoder(codec);
    const crier::decoded first = decoder.decode(in);
    const crier::decoded second = decoder.decode(in);
    const crier::decoded rest = decoder.decode(in);
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations == 0u);
    BOOST_TEST(first.message.data.data() == memory.data());
    BOOST_TEST(second.message.data.data() == memory.data() + 6);
    BOOST_TEST(rest.kind == crier::decoded::kind_need_more);
    BOOST_TEST(readable({in.data(), in.size()}) == readable("rest"));
}

BOOST_AUTO_TEST_CASE(encode_appends_the_line_end)
{
    BOOST_TEST(readable(text_line::encode("some text").bytes()) == readable("some text\n"));
    BOOST_TEST(readable(text_line::encode("").bytes()) == readable("\n"));
    BOOST_TEST(
        readable(text_line::encode(message_view("\0\xFF", crier::message_kind::binary)).bytes()) ==
        readable("\n")); // a literal ends at its zero
    BOOST_TEST(readable(text_line::encode("a\rb").bytes()) == readable("a\rb\n"));
}

BOOST_AUTO_TEST_CASE(encode_refuses_what_would_arrive_otherwise)
{
    for (const std::string_view text : {"\n", "a\nb", "a\n", "\na", "a\r", "\r", "a\r\n"})
        BOOST_TEST(!text_line::encode(text), readable(text));
}

BOOST_AUTO_TEST_CASE(random_lines_in_random_reads_arrive_whole_or_are_discarded)
{
    auto random = support::seeded_random();
    for (int round = 0; round < 300; ++round) {
        const text_line codec{.max_line_bytes = 1 + support::pick(random, 40)};
        std::string script;
        events expected;
        for (int i = 0; i < 30; ++i) {
            std::string line;
            for (std::size_t n = support::pick(random, codec.max_line_bytes * 2 + 2); n > 0; --n)
                line += static_cast<char>('a' + support::pick(random, 26));
            expected.push_back(line.size() <= codec.max_line_bytes ? text_event(line) : too_large);
            script += line + (support::pick(random, 2) ? "\r\n" : "\n");
        }
        std::vector<std::string_view> reads;
        for (std::string_view rest = script; !rest.empty();) {
            const std::size_t n = std::min(rest.size(), 1 + support::pick(random, 60));
            reads.push_back(rest.substr(0, n));
            rest.remove_prefix(n);
        }
        BOOST_TEST_REQUIRE(support::lines(support::replay(codec, reads)) ==
                           support::lines(expected));
    }
}

BOOST_AUTO_TEST_SUITE_END()
