#include <crier/command.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "allocations.hpp"
#include "readable.hpp"

using crier::command;
using crier::command_error;
using crier::command_parser;
using support::readable;

namespace {

constexpr std::size_t max_uid_bytes = 256;

std::string list(std::span<const std::string_view> names)
{
    std::string all;
    for (const std::string_view name : names)
        all += ' ' + readable(name);
    return all;
}

std::string in_words(const command& found)
{
    const std::string except = found.except.empty() ? "" : " but" + list(found.except);
    switch (found.kind) {
    case command::unicast:
        return "to " + readable(found.name);
    case command::multicast:
        return "to several" + list(found.uids);
    case command::publish:
        return "to topic " + readable(found.name) + except;
    case command::broadcast:
        return "to all" + except;
    case command::join:
        return "join " + readable(found.name) + list(found.uids);
    case command::leave:
        return "leave " + readable(found.name) + list(found.uids);
    case command::invalid:
        return found.name.empty() && found.uids.empty() ? "invalid" : "invalid, with a name";
    }
    return "no kind of command";
}

/// "to <uid>", "to all" or "invalid". The line is parsed in memory of just its size.
std::string judged(std::string_view line, std::size_t limit = max_uid_bytes)
{
    command_parser parser(limit);
    const std::vector<char> memory(line.begin(), line.end());
    return in_words(parser.parse({memory.data(), memory.size()}));
}

void check_uid(std::string_view line, std::string_view uid)
{
    BOOST_TEST(judged(line) == "to " + readable(uid), readable(line) << " is " << judged(line));
}

void check_invalid(std::string_view line)
{
    BOOST_TEST(judged(line) == "invalid", readable(line) << " is " << judged(line));
}

void check_broadcast(std::string_view line)
{
    BOOST_TEST(judged(line) == "to all", readable(line) << " is " << judged(line));
}

std::string repeated(std::string_view text, std::size_t times)
{
    std::string out;
    for (std::size_t i = 0; i < times; ++i)
        out += text;
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(commands)

BOOST_AUTO_TEST_CASE(the_line_of_the_workerman_example_names_its_uid)
{
    check_uid(R"({"uid":"1234","percent":"88%"})", "1234");
}

BOOST_AUTO_TEST_CASE(a_uid_may_stand_anywhere_among_the_members)
{
    check_uid(R"({"uid":"a"})", "a");
    check_uid(R"({"x":1,"uid":"a"})", "a");
    check_uid(R"({"x":1,"uid":"a","y":[2,{"z":3}]})", "a");
    check_uid(" \t\r\n{ \"x\" : 1 , \"uid\" : \"a\" } \t\r\n", "a");
}

BOOST_AUTO_TEST_CASE(an_integer_means_its_decimal_text)
{
    check_uid(R"({"uid":0})", "0");
    check_uid(R"({"uid":7})", "7");
    check_uid(R"({"uid": 1234 , "x":1})", "1234");
    check_uid(R"({"uid":-5})", "-5");
    check_uid(R"({"uid":-0})", "0");
    check_uid(R"({"uid":9223372036854775807})", "9223372036854775807");
    check_uid(R"({"uid":-9223372036854775808})", "-9223372036854775808");
    check_uid(R"({"uid":18446744073709551615})", "18446744073709551615");
}

BOOST_AUTO_TEST_CASE(an_integer_of_any_length_keeps_all_its_digits)
{
    check_uid(R"({"uid":18446744073709551616})", "18446744073709551616");
    const std::string digits = repeated("1234567890", 25);
    check_uid("{\"uid\":" + digits + "}", digits);
    check_invalid("{\"uid\":" + digits + "1234567}"); // 257 of them are no uid any more
}

BOOST_AUTO_TEST_CASE(a_number_that_is_written_otherwise_than_an_integer_is_no_uid)
{
    for (const char* number : {"1.0", "1.5", "1e3", "1E+3", "-1e-3", "0.0", "-0.0", "10e0"})
        check_invalid("{\"uid\":" + std::string(number) + "}");
}

BOOST_AUTO_TEST_CASE(what_is_no_string_and_no_integer_is_no_uid)
{
    for (const char* value : {"null", "true", "false", "{}", "[]", "[null]", "{\"uid\":\"a\"}"})
        check_invalid("{\"uid\":" + std::string(value) + "}");
}

BOOST_AUTO_TEST_CASE(escapes_in_a_uid_mean_what_json_says)
{
    check_uid(R"({"uid":"\"\\\/\b\f\n\r\t"})", "\"\\/\b\f\n\r\t");
    check_uid(R"({"uid":"\u0061\u00e9\u00E9\u20ac"})", "a\xC3\xA9\xC3\xA9\xE2\x82\xAC");
    check_uid(R"({"uid":"\ud83d\uDE00!"})", "\xF0\x9F\x98\x80!");
    check_uid(R"({"uid":"x\u0000y"})", {"x\0y", 3});
    check_uid(R"({"uid":"\u007f\u0080\u07ff\u0800\uffff\ud800\udc00\udbff\udfff"})",
              "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    check_uid("{\"uid\":\"plain \xC3\xA9\xF0\x9F\x98\x80\"}", "plain \xC3\xA9\xF0\x9F\x98\x80");
}

BOOST_AUTO_TEST_CASE(an_escaped_uid_stays_itself_whatever_is_escaped_behind_it)
{
    // As a PHP back end writes them, for its json_encode escapes all but ASCII.
    check_uid(R"({"uid":"\u00e9","\u00e8":"\u00ea"})", "\xC3\xA9");
    check_uid(R"({"\u0075id":"\u0061","\u0062":1,"x\ny":2})", "a");
    const std::string longer = repeated("\\u0062", 100);
    check_uid("{\"uid\":\"\\u0061\",\"" + longer + "\":\"" + longer + "\"}", "a");
}

BOOST_AUTO_TEST_CASE(an_escaped_name_counts_as_what_it_means)
{
    check_uid(R"({"\u0075\u0069\u0064":"a"})", "a");
    check_broadcast(R"({"broad\u0063ast":true})");
    check_invalid(R"({"u\\id":"a"})");
}

BOOST_AUTO_TEST_CASE(names_count_only_if_they_are_just_these)
{
    for (const char* name : {"Uid", "UID", "uid ", " uid", "ui", "uidd", "", "user", "u\\u0000id"})
        check_invalid("{\"" + std::string(name) + "\":\"a\"}");
    for (const char* name : {"Broadcast", "broadcast ", "broadcas"})
        check_invalid("{\"" + std::string(name) + "\":true}");
}

BOOST_AUTO_TEST_CASE(a_uid_inside_another_value_does_not_count)
{
    check_invalid(R"({"user":{"uid":"a"}})");
    check_invalid(R"({"users":[{"uid":"a"}]})");
    check_uid(R"({"user":{"uid":"b"},"uid":"a","more":{"uid":"c","broadcast":true}})", "a");
    check_invalid(R"({"x":{"broadcast":true}})");
    check_invalid(R"({"x":"\"uid\":\"a\""})");
}

BOOST_AUTO_TEST_CASE(the_last_of_several_members_of_a_name_counts)
{
    check_uid(R"({"uid":"a","uid":"b"})", "b");
    check_uid(R"({"uid":"\u0061","uid":1})", "1");
    check_uid(R"({"uid":null,"uid":"b"})", "b");
    check_invalid(R"({"uid":"a","uid":null})");
    check_invalid(R"({"uid":"a","uid":""})");
    check_invalid(R"({"uid":"a","uid":1.5})");
    check_broadcast(R"({"broadcast":false,"broadcast":true})");
    check_invalid(R"({"broadcast":true,"broadcast":false})");
}

BOOST_AUTO_TEST_CASE(broadcast_true_without_a_uid_names_everybody)
{
    check_broadcast(R"({"broadcast":true})");
    check_broadcast(R"({"x":[],"broadcast" : true , "y":"z"})");
}

BOOST_AUTO_TEST_CASE(broadcast_with_any_other_value_names_nobody)
{
    for (const char* value : {"false", "null", "1", "\"true\"", "[true]", "{\"broadcast\":true}"})
        check_invalid("{\"broadcast\":" + std::string(value) + "}");
    for (const char* value : {"tru", "truee", "t", "True", "TRUE", "true1"})
        check_invalid("{\"broadcast\":" + std::string(value) + "}");
}

BOOST_AUTO_TEST_CASE(a_uid_wins_over_broadcast_in_either_order)
{
    check_uid(R"({"uid":"a","broadcast":true})", "a");
    check_uid(R"({"broadcast":true,"uid":"a"})", "a");
    check_uid(R"({"broadcast":false,"uid":"a"})", "a");
    // A uid that names nobody does not turn into everybody.
    check_invalid(R"({"uid":"","broadcast":true})");
    check_invalid(R"({"broadcast":true,"uid":null})");
    check_invalid(R"({"uid":[],"broadcast":true})");
}

BOOST_AUTO_TEST_CASE(a_uid_has_at_least_one_byte_and_at_most_the_limit)
{
    check_invalid(R"({"uid":""})");
    check_uid("{\"uid\":\"" + std::string(256, 'x') + "\"}", std::string(256, 'x'));
    check_invalid("{\"uid\":\"" + std::string(257, 'x') + "\"}");
    // What counts are the bytes that it means, not those that it is written with.
    check_uid("{\"uid\":\"" + repeated("\\u0078", 256) + "\"}", std::string(256, 'x'));
    check_uid("{\"uid\":\"" + repeated("\\u20ac", 85) + "\"}", repeated("\xE2\x82\xAC", 85));
    check_invalid("{\"uid\":\"" + repeated("\\u20ac", 86) + "\"}");
    BOOST_TEST(judged(R"({"uid":"abc"})", 3) == R"(to "abc")");
    BOOST_TEST(judged(R"({"uid":"abcd"})", 3) == "invalid");
    BOOST_TEST(judged(R"({"uid":1234})", 3) == "invalid");
}

BOOST_AUTO_TEST_CASE(what_is_no_object_names_nobody)
{
    for (const char* line : {"", " ", "null", "true", "1", "\"uid\"", "[]", "[{\"uid\":\"a\"}]",
                             "uid", "{", "}", "{}", "{ }"})
        check_invalid(line);
}

BOOST_AUTO_TEST_CASE(what_is_not_quite_json_names_nobody)
{
    for (const char* line : {
             R"({"uid":"a")",
             R"({"uid":"a)",
             R"({"uid":)",
             R"({"uid")",
             R"({"uid)",
             R"({")",
             R"({"uid":"a",})",
             R"({,"uid":"a"})",
             R"({"uid":"a",,"x":1})",
             R"({"uid" "a"})",
             R"({"uid"::"a"})",
             R"({uid:"a"})",
             R"({'uid':'a'})",
             R"({"uid":'a'})",
             R"({1:"a"})",
             R"({"uid":"a" "x":1})",
             R"({"uid":"a"}})",
             R"({"uid":"a"},)",
             R"({"uid":"a"}{})",
             R"({"uid":"a"} x)",
             R"({"uid":"a"}//)",
             R"({"uid":"a"/**/})",
             R"(x{"uid":"a"})",
             R"({"uid":"a","x":})",
             R"({"uid":"a","x":nul})",
             R"({"uid":"a","x":NaN})",
             R"({"uid":"a","x":Infinity})",
             R"({"uid":"a","x":undefined})",
             R"({"uid":"a","x":[1,]})",
             R"({"uid":"a","x":[1})",
             R"({"uid":"a","x":[1}])",
             R"({"uid":"a","x":{"y":1]})",
             R"({"uid":"a","x":[,1]})",
             R"({"uid":"a","x":{"y"}})",
             R"({"uid":"a","x":{1:2}})",
             R"({"uid":"a","x":[1 2]})",
             R"({"uid":"a","x":"\x"})",
             R"({"uid":"a","x":"\u12"})",
             R"({"uid":"a","x":"\u12g4"})",
             R"({"uid":"\'"})",
             R"({"uid":"a\"})",
             R"({"uid":"\u"})",
         })
        check_invalid(line);
}

BOOST_AUTO_TEST_CASE(numbers_are_judged_wherever_they_stand)
{
    for (const char* number : {"01", "-01", "00", "-", "+1", ".5", "1.", "1.e3", "1e", "1e+", "0x1",
                               "1_000", "--1", "- 1", "1.5.5", "1e3e3", "-a"})
    {
        check_invalid("{\"uid\":" + std::string(number) + "}");
        check_invalid("{\"uid\":\"a\",\"x\":" + std::string(number) + "}");
        check_invalid("{\"uid\":\"a\",\"x\":[" + std::string(number) + "]}");
    }
    for (const char* number : {"0", "-0", "1", "-1", "0.0", "1.50", "1e3", "1E-3", "1.5e+30",
                               "-0.0e0", "1e400", "123456789012345678901234567890"})
    {
        check_uid("{\"uid\":\"a\",\"x\":" + std::string(number) + "}", "a");
        check_uid("{\"x\":[" + std::string(number) + "],\"uid\":\"a\"}", "a");
    }
}

BOOST_AUTO_TEST_CASE(control_characters_are_escaped_in_strings_and_nothing_but_space_outside)
{
    for (int byte = 0; byte < 0x20; ++byte) {
        const std::string c(1, static_cast<char>(byte));
        check_invalid("{\"uid\":\"a" + c + "\"}");
        check_invalid("{\"uid\":\"a\",\"x" + c + "\":1}");
        const std::string between = "{\"uid\"" + c + ":\"a\"}";
        if (c == "\t" || c == "\n" || c == "\r")
            check_uid(between, "a");
        else
            check_invalid(between);
    }
    check_uid("{\"uid\":\"\x7F\"}", "\x7F");  // DEL is none of them
    check_invalid("\xC2\xA0{\"uid\":\"a\"}"); // nor is a no-break space a space
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_no_json)
{
    check_invalid("\xEF\xBB\xBF{\"uid\":\"a\"}");
}

BOOST_AUTO_TEST_CASE(half_a_surrogate_pair_is_no_text)
{
    for (const char* escape :
         {R"(\ud800)", R"(\udbff)", R"(\udc00)", R"(\udfff)", R"(\ud800x)", R"(\ud800\u0061)",
          R"(\ud800\ud800)", R"(\udc00\ud800)", R"(\ud83d\n)", R"(\ud83d\)"})
    {
        check_invalid("{\"uid\":\"" + std::string(escape) + "\"}");
        check_invalid("{\"uid\":\"a\",\"" + std::string(escape) + "\":1}");
        check_invalid("{\"uid\":\"a\",\"x\":\"" + std::string(escape) + "\"}");
    }
}

BOOST_AUTO_TEST_CASE(a_line_that_is_not_utf8_names_nobody_wherever_the_bad_byte_is)
{
    for (const std::string bad :
         {"\xFF", "\x80", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\xC3"})
    {
        check_invalid("{\"uid\":\"" + bad + "\"}");
        check_invalid("{\"uid\":\"a\",\"" + bad + "\":1}");
        check_invalid("{\"uid\":\"a\",\"x\":\"" + bad + "\"}");
        check_invalid("{\"uid\":\"a\"}" + bad);
        check_invalid(bad + "{\"uid\":\"a\"}");
    }
}

BOOST_AUTO_TEST_CASE(values_may_lie_512_levels_deep_and_no_deeper)
{
    const auto arrays = [](std::size_t depth) {
        return "{\"uid\":\"a\",\"x\":" + repeated("[", depth - 1) + repeated("]", depth - 1) + "}";
    };
    const auto objects = [](std::size_t depth) {
        return repeated("{\"x\":", depth - 1) + "{}" + repeated("}", depth - 2) + ",\"uid\":\"a\"}";
    };
    check_uid(arrays(511), "a");
    check_uid(arrays(512), "a");
    check_invalid(arrays(513));
    check_uid(objects(511), "a");
    check_uid(objects(512), "a");
    check_invalid(objects(513));
    // The innermost may hold a value, for a value alone is no level.
    check_uid("{\"uid\":\"a\",\"x\":" + repeated("[", 511) + "1" + repeated("]", 511) + "}", "a");
}

BOOST_AUTO_TEST_CASE(endless_nesting_is_refused_without_a_deep_stack)
{
    check_invalid("{\"x\":" + std::string(1'000'000, '['));
    check_invalid(repeated("{\"x\":", 200'000));
}

BOOST_AUTO_TEST_CASE(each_front_part_of_a_line_is_invalid)
{
    const std::string line =
        R"({"a":[1,{"b":-2.5e+3}],"uid":"x\u00e9\ud83d\ude00","c":[true,false,null,"",{},[]]})";
    check_uid(line, "x\xC3\xA9\xF0\x9F\x98\x80");
    for (std::size_t size = 0; size < line.size(); ++size)
        check_invalid(std::string_view(line).substr(0, size));
}

BOOST_AUTO_TEST_CASE(strings_are_read_right_at_every_length_and_place)
{
    // Eight bytes are looked at together.
    for (std::size_t before = 0; before < 20; ++before)
        for (std::size_t after = 0; after < 20; ++after)
            for (const std::string middle :
                 {"", "\\\"", "\\\\", "\xC3\xA9", "\x7F", " ", "!", "#", "[", "]"}) {
                const std::string meant = middle.starts_with('\\') ? middle.substr(1) : middle;
                const std::string line = "{\"uid\":\"" + std::string(before, 'b') + middle +
                                         std::string(after, 'a') + "\"}";
                const std::string uid = std::string(before, 'b') + meant + std::string(after, 'a');
                if (judged(line) != (uid.empty() ? "invalid" : "to " + readable(uid)))
                    BOOST_ERROR(readable(line) << " is " << judged(line));
                if (middle.empty())
                    for (const char bad : {'\0', '\x1F', '\n'}) {
                        std::string damaged = line;
                        damaged[8 + before] = bad; // in the string, or its end
                        if (judged(damaged) != "invalid")
                            BOOST_ERROR(readable(damaged) << " is " << judged(damaged));
                    }
            }
    BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(one_parser_keeps_nothing_of_the_lines_before)
{
    command_parser parser(max_uid_bytes);
    for (int round = 0; round < 3; ++round) {
        BOOST_TEST(readable(parser.parse(R"({"uid":"\u0061bc"})").name) == readable("abc"));
        BOOST_TEST((parser.parse(R"({"x":1})").kind == command::invalid));
        BOOST_TEST((parser.parse(R"({"broadcast":true})").kind == command::broadcast));
        BOOST_TEST((parser.parse(R"({"uid":null})").kind == command::invalid));
        BOOST_TEST(readable(parser.parse(R"({"uid":17})").name) == readable("17"));
        BOOST_TEST((parser.parse("not JSON").kind == command::invalid));
    }
}

BOOST_AUTO_TEST_CASE(a_list_of_uids_names_each_once)
{
    BOOST_TEST(judged(R"({"uid":["b","a","b",7,"\u0061"]})") ==
               "to several " + readable("7") + ' ' + readable("a") + ' ' + readable("b"));
    BOOST_TEST(judged(R"({"uid":["a"]})") == "to several " + readable("a"));
    for (const auto* line : {R"({"uid":[]})", R"({"uid":["a",""]})", R"({"uid":["a",null]})",
                             R"({"uid":["a",["b"]]})", R"({"uid":["a",1.5]})", R"({"uid":[{}]})"})
        check_invalid(line);
    BOOST_TEST(judged(R"({"uid":["abc"]})", 2) == "invalid");
    BOOST_TEST(judged(R"({"uid":["a"],"uid":"b"})") == "to " + readable("b"));
}

BOOST_AUTO_TEST_CASE(topics_and_exceptions_mean_something_only_without_a_uid)
{
    BOOST_TEST(judged(R"({"topic":"news","n":1})") == "to topic " + readable("news"));
    BOOST_TEST(judged(R"({"topic":"news","except":["b","a"]})") ==
               "to topic " + readable("news") + " but " + readable("a") + ' ' + readable("b"));
    BOOST_TEST(judged(R"({"broadcast":true,"except":"a"})") == "to all but " + readable("a"));
    BOOST_TEST(judged(R"({"broadcast":true,"except":[]})") == "to all");
    BOOST_TEST(judged(R"({"broadcast":true,"topic":"news"})") == "to all");
    BOOST_TEST(judged(R"({"broadcast":false,"topic":"news"})") == "to topic " + readable("news"));
    BOOST_TEST(judged(R"({"join":"news","members":["b","a"]})") ==
               "join " + readable("news") + ' ' + readable("a") + ' ' + readable("b"));
    BOOST_TEST(judged(R"({"leave":"news","members":"a"})") ==
               "leave " + readable("news") + ' ' + readable("a"));
    for (const auto* with_uid :
         {R"({"uid":"u","topic":"news"})", R"({"topic":[],"except":5.5,"uid":"u"})",
          R"({"join":"news","members":["a"],"uid":"u"})", R"({"uid":"u","broadcast":true})"})
        check_uid(with_uid, "u");
    for (const auto* line :
         {R"({"topic":""})", R"({"topic":["a"]})", R"({"topic":null})",
          R"({"topic":"a","except":[""]})", R"({"join":"a"})", R"({"join":"a","members":[]})",
          R"({"join":["a"],"members":["b"]})", R"({"members":["b"]})", R"({"except":["b"]})"})
        check_invalid(line);
}

BOOST_AUTO_TEST_CASE(a_refused_line_says_why)
{
    command_parser parser(4);
    const auto why = [&](std::string_view line) { return parser.parse(line).why; };
    BOOST_TEST((why("[1]") == command_error::not_json));
    BOOST_TEST((why(R"({"uid":"a")") == command_error::not_json));
    BOOST_TEST((why(R"({"x":"a"})") == command_error::no_receiver));
    BOOST_TEST((why(R"({"broadcast":1})") == command_error::no_receiver));
    BOOST_TEST((why(R"({"uid":"abcde"})") == command_error::bad_receiver));
    BOOST_TEST((why(R"({"uid":true})") == command_error::bad_receiver));
    BOOST_TEST((why(R"({"uid":"a"})") == command_error::none));
    std::set<std::string> sentences;
    for (const auto e :
         {command_error::none, command_error::too_long, command_error::not_json,
          command_error::no_receiver, command_error::bad_receiver, command_error::unauthorized,
          command_error::malformed, static_cast<command_error>(99)})
    {
        sentences.insert(describe(e));
        BOOST_TEST(std::string(describe(e)).find_first_of("\"\\") == std::string::npos);
    }
    BOOST_TEST(sentences.size() == 7u); // none and what there is not are nothing
}

BOOST_AUTO_TEST_CASE(a_uid_without_escapes_is_a_view_of_the_line)
{
    command_parser parser(max_uid_bytes);
    const std::string line = R"({"uid":"a uid too long for any small string","n":[1,2,"x"]})";
    const support::allocation_watch watch;
    const command found = parser.parse(line);
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations == 0u);
    BOOST_TEST(found.name.data() == line.data() + 8);
}

BOOST_AUTO_TEST_SUITE_END()
