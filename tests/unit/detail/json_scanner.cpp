#include <crier/detail/json_scanner.hpp>
#include <crier/utf8.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "readable.hpp"

using crier::detail::json_scanner;
using support::readable;

// What JSON is and is not is tested through commands (command.cpp, against Boost.JSON in
// command_against_boost_json.cpp, and against plain code in command_against_plain_code.cpp). Here: what
// each function takes, and where it stops. Behind each text stands the brace that ends an object.

namespace {

/// What a string at the front of the text is, and what is behind it: `raw|rest`, with `escaped` in
/// front if it is.
std::string taken_string(std::string_view text)
{
    const std::string object = std::string(text) + '}';
    json_scanner json(object);
    std::string_view raw;
    bool escaped = false;
    if (!json.take_string(raw, escaped))
        return "no string";
    const auto behind = static_cast<std::size_t>(raw.data() - object.data()) + raw.size() + 1;
    return (escaped ? "escaped " : "") + std::string(raw) + '|' + std::string(text.substr(behind));
}

std::string taken_number(std::string_view text)
{
    const std::string object = std::string(text) + '}';
    json_scanner json(object);
    std::string_view raw;
    bool integer = false;
    if (!json.take_number(raw, integer))
        return "no number";
    return (integer ? "integer " : "number ") + std::string(raw);
}

/// How many bytes a value and the space behind it take, at the front of the text; -1 for no value.
int skipped(std::string_view text, std::size_t outer = 0)
{
    for (std::size_t left = 0; left <= text.size(); ++left) {
        // The scanner does not tell where it is; where it ends, it does.
        const std::string object = std::string(text.substr(0, text.size() - left)) + '}';
        json_scanner json(object);
        if (json.skip_value(outer) && json.at_end())
            return static_cast<int>(text.size() - left);
    }
    return -1;
}

std::string unescaped(std::string_view raw)
{
    std::string out = "what was there before";
    json_scanner::unescape(raw, out);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(json_scanners)

BOOST_AUTO_TEST_CASE(peek_is_the_next_character_and_a_brace_at_the_end)
{
    json_scanner json("a}");
    BOOST_TEST(json.peek() == 'a');
    BOOST_TEST(!json.at_end());
    BOOST_TEST(json.take('a'));
    BOOST_TEST(json.peek() == '}');
    BOOST_TEST(json.at_end());
}

BOOST_AUTO_TEST_CASE(a_text_without_a_brace_at_its_end_holds_nothing)
{
    for (const char* text : {"", " ", "}", " } ", "{", "{\"a\":1", "{}x", "]", "\xFF", "} ]"}) {
        json_scanner json(text);
        BOOST_TEST(json.at_end(), text);
        BOOST_TEST(!json.take('{'), text);
        std::string_view raw;
        bool flag = false;
        BOOST_TEST(!json_scanner(text).take_string(raw, flag), text);
        BOOST_TEST(!json_scanner(text).take_number(raw, flag), text);
        BOOST_TEST(!json_scanner(text).skip_value(0), text);
    }
}

BOOST_AUTO_TEST_CASE(space_around_the_text_does_not_count)
{
    json_scanner json(" \t\r\n{ \t\r\n} \t\r\n");
    BOOST_TEST(json.take('{'));
    BOOST_TEST(json.at_end());
}

BOOST_AUTO_TEST_CASE(take_takes_a_character_and_the_space_behind_it)
{
    json_scanner json(": \t\r\n,x}");
    BOOST_TEST(!json.take(','));
    BOOST_TEST(json.take(':'));
    BOOST_TEST(json.peek() == ',');
    BOOST_TEST(json.take(','));
    BOOST_TEST(json.peek() == 'x');
}

BOOST_AUTO_TEST_CASE(only_four_characters_are_space)
{
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text{'{', static_cast<char>(byte), '}'};
        json_scanner json(text);
        const bool space = byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
        BOOST_TEST(json.take('{'));
        BOOST_TEST(json.at_end() == space, readable(text));
    }
}

BOOST_AUTO_TEST_CASE(a_key_is_a_string_with_a_colon_and_the_space_around_it)
{
    std::string_view raw;
    bool escaped = true;
    json_scanner json("\"a\" \t: 1}");
    BOOST_TEST(json.take_key(raw, escaped));
    BOOST_TEST(raw == "a");
    BOOST_TEST(!escaped);
    BOOST_TEST(json.peek() == '1');
    for (const char* text : {"\"a\"}", "\"a\" 1}", "\"a}", "a:1}", ":1}"})
        BOOST_TEST(!json_scanner(text).take_key(raw, escaped), text);
}

BOOST_AUTO_TEST_CASE(a_string_is_taken_up_to_its_quote)
{
    BOOST_TEST(taken_string("\"\"rest") == "|rest");
    BOOST_TEST(taken_string("\"abc\",1") == "abc|,1");
    BOOST_TEST(taken_string(R"("a\"b"x)") == R"(escaped a\"b|x)");
    BOOST_TEST(taken_string(R"("a\\"x)") == R"(escaped a\\|x)");
    BOOST_TEST(taken_string("abc") == "no string");
    BOOST_TEST(taken_string("") == "no string");
    BOOST_TEST(taken_string("\"") == "no string");
    BOOST_TEST(taken_string("\"abc") == "no string");
    BOOST_TEST(taken_string("\"abc\\") == "no string");
}

BOOST_AUTO_TEST_CASE(each_byte_in_a_string_is_judged_by_itself_at_every_place)
{
    for (unsigned byte = 0; byte < 256; ++byte)
        for (std::size_t before = 0; before < 18; ++before) {
            const std::string inside =
                std::string(before, 'b') + static_cast<char>(byte) + std::string(9, 'a');
            std::string expected = "no string"; // \a is no escape
            if (byte == '"')
                expected = std::string(before, 'b') + '|' + std::string(9, 'a') + "\"rest";
            else if (byte >= 0x20 && byte != '\\')
                expected = inside + "|rest";
            if (taken_string('"' + inside + "\"rest") != expected)
                BOOST_ERROR(readable(inside) << " is " << taken_string('"' + inside + "\"rest"));
        }
    BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(of_all_escapes_only_nine_exist)
{
    for (unsigned byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const std::string text = std::string("\"\\") + c + "0041\"";
        const bool exists = std::string_view("\"\\/bfnrtu").find(c) != std::string_view::npos;
        BOOST_TEST((taken_string(text) != "no string") == exists, readable(text));
    }
}

BOOST_AUTO_TEST_CASE(a_number_is_taken_as_far_as_it_goes)
{
    BOOST_TEST(taken_number("0") == "integer 0");
    BOOST_TEST(taken_number("-12x") == "integer -12");
    BOOST_TEST(taken_number("012") == "integer 0"); // what follows is the caller's to refuse
    BOOST_TEST(taken_number("1.50,") == "number 1.50");
    BOOST_TEST(taken_number("1e3 ") == "number 1e3");
    BOOST_TEST(taken_number("-0.5E-10}") == "number -0.5E-10");
    for (const char* text : {"", "-", "+1", ".1", "1.", "1.x", "1e", "1e+", "-x", "x"})
        BOOST_TEST(taken_number(text) == "no number", text);
}

BOOST_AUTO_TEST_CASE(a_word_is_taken_whole_or_not_at_all)
{
    for (const std::string_view word : {"true", "false", "null"}) {
        BOOST_TEST(skipped(word) == static_cast<int>(word.size()));
        for (std::size_t size = 0; size < word.size(); ++size)
            BOOST_TEST(skipped(word.substr(0, size)) == -1);
        json_scanner json("truer}");
        BOOST_TEST(json.skip_value(0));
        BOOST_TEST(json.peek() == 'r'); // the caller's to refuse
    }
    for (const char* text : {"True", "t", "nil", "fals3"})
        BOOST_TEST(skipped(text) == -1, text);
}

BOOST_AUTO_TEST_CASE(a_value_is_skipped_with_the_space_behind_it)
{
    for (const std::string_view value :
         {"1", "-1.5e3", "\"x\"", "true", "false", "null", "[]", "{}", "[1]", "[1,2]", "[[],{}]",
          "{\"a\":1}", "{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":[]}", "[ 1 , 2 ]",
          "{ \"a\" : [ ] , \"b\" : { } }", "[\"]\",\"}\"]"})
    {
        BOOST_TEST(skipped(value) == static_cast<int>(value.size()), value);
        BOOST_TEST(skipped(std::string(value) + " \r\n") == static_cast<int>(value.size()) + 3);
    }
    json_scanner json("[1] ,2}");
    BOOST_TEST(json.skip_value(0));
    BOOST_TEST(json.peek() == ',');
}

BOOST_AUTO_TEST_CASE(what_is_no_value_is_not_skipped)
{
    for (const char* text :
         {"",    "]",         "}",      ",",       ":",        "[",         "{",     "[1",
          "[1,", "[,",        "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{1:2}", "{\"a\" 1}",
          "[1}", "{\"a\":1]", "tru",    "nul",     "\"x",      "[[[["})
        BOOST_TEST(skipped(text) == -1, text);
}

BOOST_AUTO_TEST_CASE(the_levels_around_a_value_count)
{
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    };
    for (const std::size_t outer : {0u, 1u, 500u, 511u, 512u}) {
        const std::size_t room = json_scanner::max_depth - outer;
        if (room > 0) {
            const std::string just = nested(room) + '}';
            json_scanner json(just);
            BOOST_TEST(json.skip_value(outer), outer);
        }
        const std::string deeper = nested(room + 1) + '}';
        json_scanner json(deeper);
        BOOST_TEST(!json.skip_value(outer), outer);
        json_scanner scalar("1}");
        BOOST_TEST(scalar.skip_value(outer));
    }
}

BOOST_AUTO_TEST_CASE(unescape_replaces_what_was_there)
{
    BOOST_TEST(readable(unescaped("")) == readable(""));
    BOOST_TEST(readable(unescaped("plain")) == readable("plain"));
    BOOST_TEST(readable(unescaped(R"(\"\\\/\b\f\n\r\t)")) == readable("\"\\/\b\f\n\r\t"));
    BOOST_TEST(readable(unescaped(R"(a\u0000b)")) == readable({"a\0b", 3}));
}

BOOST_AUTO_TEST_CASE(every_code_point_is_unescaped_to_its_utf8)
{
    const auto hex4 = [](unsigned unit) {
        std::string out = "\\u";
        for (int shift = 12; shift >= 0; shift -= 4)
            out += "0123456789abcdef"[unit >> shift & 15];
        return out;
    };
    std::size_t wrong = 0;
    for (unsigned code = 0; code <= 0x10FFFF; code += code < 0x3000 || code > 0x10F000 ? 1 : 37) {
        if (code >= 0xD800 && code < 0xE000)
            continue;
        const std::string now =
            unescaped(code < 0x10000 ? hex4(code)
                                     : hex4(0xD800 + ((code - 0x10000) >> 10)) +
                                           hex4(0xDC00 + ((code - 0x10000) & 0x3FF)));
        // The validator (utf8.cpp) knows the right lengths and leads; the bits are what is left.
        unsigned bits = 0;
        for (const char c : now.substr(1))
            bits = bits << 6 | (static_cast<unsigned char>(c) & 0x3F);
        const unsigned in_tail = 6 * static_cast<unsigned>(now.size() - 1);
        const unsigned lead = static_cast<unsigned char>(now[0]) & (now.size() == 1 ? 0x7F : 0x1F);
        const unsigned lead_bits = now.size() < 3 ? lead : lead & (now.size() == 3 ? 0x0F : 0x07);
        wrong += !crier::is_valid_utf8(now) || (lead_bits << in_tail | bits) != code;
    }
    BOOST_TEST(wrong == 0u);
    BOOST_TEST(readable(unescaped("\\uFFFF\\uffff")) == readable("\xEF\xBF\xBF\xEF\xBF\xBF"));
    BOOST_TEST(readable(unescaped("\\udbff\\uDFFF")) == readable("\xF4\x8F\xBF\xBF"));
}

BOOST_AUTO_TEST_SUITE_END()
