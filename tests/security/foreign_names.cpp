// Names come from strangers: they must not choose where in a table they fall, nor be read in two ways.
#include <crier/codec/websocket_deflate.hpp>
#include <crier/command.hpp>
#include <crier/detail/topic_table.hpp>
#include <crier/detail/uid_table.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bare_connection.hpp"
#include "http_request.hpp"

namespace {

using namespace support;

BOOST_AUTO_TEST_SUITE(foreign_names)

/// How many of these names fall into the fullest of `buckets` buckets.
std::size_t fullest(const crier::detail::siphash& hash, const std::vector<std::string>& names,
                    std::size_t buckets)
{
    std::vector<std::size_t> in_bucket(buckets);
    for (const std::string& name : names)
        ++in_bucket[hash(name) & (buckets - 1)];
    return *std::max_element(in_bucket.begin(), in_bucket.end());
}

BOOST_AUTO_TEST_CASE(that_all_fall_into_one_bucket_of_one_table_are_spread_in_another)
{
    // Who knew the key of one table could find them; that of the next one is another.
    constexpr std::size_t buckets = 1024, count = 500;
    const auto known = crier::detail::siphash::random_key();
    std::vector<std::string> names;
    for (std::size_t i = 0; names.size() < count; ++i) {
        std::string name = "user" + std::to_string(i);
        if ((known(name) & (buckets - 1)) == 0)
            names.push_back(std::move(name));
    }
    BOOST_TEST(fullest(known, names, buckets) == count);
    for (int i = 0; i < 20; ++i) // by chance: once in 10^15 tries
        BOOST_TEST(fullest(crier::detail::siphash::random_key(), names, buckets) < 15u);
}

BOOST_AUTO_TEST_CASE(are_hashed_with_another_key_in_each_table)
{
    // The hash stays in the connection, where a test can see it.
    std::vector<std::uint64_t> hashes;
    for (int i = 0; i < 10; ++i) {
        crier::detail::uid_table table;
        bare_connection c("uid");
        table.insert("uid", c);
        hashes.push_back(c.hook.hash);
        table.erase(c);
    }
    std::sort(hashes.begin(), hashes.end());
    BOOST_TEST((std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end()));
}

std::string receiver_of(std::string_view line)
{
    crier::command_parser parser(256);
    const crier::command c = parser.parse(line);
    return c.kind == crier::command::unicast     ? "uid " + std::string(c.name)
           : c.kind == crier::command::broadcast ? "all"
           : c.kind == crier::command::publish   ? "topic " + std::string(c.name)
           : c.kind == crier::command::multicast ? "several"
                                                 : "nobody";
}

BOOST_AUTO_TEST_CASE(in_a_line_mean_what_every_other_json_parser_makes_of_them)
{
    // As JSON.parse, json_decode and json.loads: the last of several, escapes undone, nothing nested.
    BOOST_TEST(receiver_of(R"({"uid":"a","uid":"b"})") == "uid b");
    BOOST_TEST(receiver_of(R"({"uid":"a","\u0075id":"b"})") == "uid b");
    BOOST_TEST(receiver_of(R"({"\u0075\u0069\u0064":"b","uid":"a"})") == "uid a");
    BOOST_TEST(receiver_of(R"({"uid":"a","uid":["b"]})") == "several");
    BOOST_TEST(receiver_of(R"({"uid":"a","uid":null})") == "nobody");
    BOOST_TEST(receiver_of(R"({"uid":"a","uid":{"uid":"b"}})") == "nobody");
    BOOST_TEST(receiver_of(R"({"x":{"uid":"a"}})") == "nobody");
    BOOST_TEST(receiver_of(R"({"x":"\"uid\":\"a\""})") == "nobody");
    BOOST_TEST(receiver_of(R"({"Uid":"a","UID":"b","u\u0131d":"c","uid ":"d"," uid":"e"})") ==
               "nobody");
    BOOST_TEST(receiver_of(R"({"__proto__":{"uid":"a"},"constructor":{"uid":"b"}})") == "nobody");
    BOOST_TEST(receiver_of(R"({"broadcast":true,"uid":"a"})") == "uid a");
    BOOST_TEST(receiver_of(R"({"broadcast":true,"broadcast":false})") == "nobody");
    BOOST_TEST(receiver_of(R"({"uid":"a"}{"uid":"b"})") == "nobody");
    BOOST_TEST(receiver_of(R"([{"uid":"a"}])") == "nobody");
    BOOST_TEST(receiver_of("{'uid':'a'}") == "nobody");
    BOOST_TEST(receiver_of("{uid:\"a\"}") == "nobody");
    BOOST_TEST(receiver_of(R"({"uid":"a",})") == "nobody");
    BOOST_TEST(receiver_of("{\"uid\":\"a\"}//") == "nobody");
}

BOOST_AUTO_TEST_CASE(that_are_numbers_are_exact_or_nobodys)
{
    BOOST_TEST(receiver_of(R"({"uid":18446744073709551616})") == "uid 18446744073709551616");
    BOOST_TEST(receiver_of(R"({"uid":9007199254740993})") == "uid 9007199254740993");
    BOOST_TEST(receiver_of(R"({"uid":-0})") == "uid 0");
    for (const char* line :
         {R"({"uid":1e2})", R"({"uid":1.0})", R"({"uid":-0.0})", R"({"uid":1E0})", R"({"uid":01})",
          R"({"uid":+1})", R"({"uid":0x1})", R"({"uid":NaN})", R"({"uid":Infinity})",
          R"({"uid":1_0})", R"({"uid":.5})", R"({"uid":true})", R"({"uid":-})"})
        BOOST_TEST(receiver_of(line) == "nobody", line);
}

BOOST_AUTO_TEST_CASE(are_told_apart_by_each_of_their_bytes)
{
    BOOST_TEST(receiver_of(R"({"uid":"a\u0000b"})") == std::string("uid a\0b", 7));
    BOOST_TEST(receiver_of(R"({"uid":"\u0000"})") == std::string("uid \0", 5));
    BOOST_TEST(receiver_of("{\"uid\":\"\xC3\xA9\"}") == "uid \xC3\xA9");
    BOOST_TEST(receiver_of("{\"uid\":\"e\xCC\x81\"}") == "uid e\xCC\x81"); // looks the same
    BOOST_TEST(receiver_of(R"({"uid":"\u00e9"})") == "uid \xC3\xA9");
    BOOST_TEST(receiver_of(R"({"uid":"\ud83d\ude00"})") == "uid \xF0\x9F\x98\x80");
    BOOST_TEST(receiver_of(R"({"uid":"\ud83d"})") == "nobody");
    BOOST_TEST(receiver_of("{\"uid\":\"\xC0\x80\"}") == "nobody"); // an overlong NUL
    BOOST_TEST(receiver_of("{\"uid\":\"\xED\xA0\x80\"}") == "nobody");
}

BOOST_AUTO_TEST_CASE(of_extensions_that_other_languages_have_meanings_for_mean_nothing)
{
    for (const char* offer :
         {"constructor",
          "__proto__",
          "toString; hasOwnProperty",
          "permessage-deflate; constructor",
          "permessage-deflate; __proto__=1",
          "permessage-deflate; server_max_window_bits=0",
          "permessage-deflate; server_max_window_bits=7",
          "permessage-deflate; server_max_window_bits=8",
          "permessage-deflate; server_max_window_bits=16",
          "permessage-deflate; server_max_window_bits=99",
          "permessage-deflate; server_max_window_bits=1-",
          "permessage-deflate; server_max_window_bits=-9",
          "permessage-deflate; server_max_window_bits=+9",
          "permessage-deflate; server_max_window_bits=010",
          "permessage-deflate; server_max_window_bits=4294967305",
          "permessage-deflate; server_max_window_bits=\"16\"",
          "permessage-deflate; server_max_window_bits",
          "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
          "permessage-deflate; client_max_window_bits=7",
          "permessage-deflate; client_max_window_bits=16",
          "permessage-deflate; client_max_window_bits; client_max_window_bits",
          "permessage-deflate; server_no_context_takeover=1",
          "x-webkit-deflate-frame"})
    {
        crier::opening_request request;
        BOOST_TEST(!request.parse(http_request().more("Sec-WebSocket-Extensions", offer).bytes()),
                   offer);
        BOOST_TEST(crier::agree_on_deflate(request).server_window_bits == 0, offer);
        BOOST_TEST(crier::agree_on_deflate(request).response.empty(), offer);
    }
    crier::opening_request request;
    BOOST_TEST(!request.parse(
        http_request()
            .more("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=\"1\\0\"")
            .bytes()));
    BOOST_TEST(crier::agree_on_deflate(request).server_window_bits == 10);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
