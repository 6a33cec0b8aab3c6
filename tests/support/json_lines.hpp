#ifndef CRIER_TESTS_JSON_LINES_HPP
#define CRIER_TESTS_JSON_LINES_HPP

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "seed.hpp"

namespace support {

/// What lines are made of, the valid and the nearly valid.
inline constexpr std::string_view scraps[] = {
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    " ",
    "\t",
    "\r",
    "\n",
    "/",
    "uid",
    "\"uid\"",
    "\"uid\":",
    "\"uid\":\"a\"",
    "\"broadcast\"",
    "\"broadcast\":true",
    "true",
    "false",
    "null",
    "tru",
    "0",
    "1",
    "-1",
    "-",
    "1.5",
    "1e3",
    "e",
    "E",
    "+",
    ".",
    "01",
    "-0",
    "12345678901234567890",
    "123456789012345678901",
    "\"\"",
    "\"a\"",
    "\"\\u0061\"",
    "\"\\u0075id\"",
    "\\u00e9",
    "\\ud83d",
    "\\ude00",
    "\\ud83d\\ude00",
    "\\u",
    "\\n",
    "\\\"",
    "\\/",
    "\\x",
    "\xC3\xA9",
    "\xE2\x82\xAC",
    "\xF0\x9F\x98\x80",
    "\x80",
    "\xFF",
    "\xC0\x80",
    "\xED\xA0\x80",
    "\x1F",
    "\x7F",
    "[]",
    "{}",
    "[1,2]",
    "{\"uid\":\"b\"}",
    ",\"x\":1",
    ",\"uid\":7",
    ",\"uid\":null",
    "a text of more than eight bytes",
};

/// Lines that are worth a try, and worth damaging.
inline const std::vector<std::string>& table_of_lines()
{
    static const std::vector<std::string> lines = [] {
        std::vector<std::string> all{
            R"({"uid":"1234","percent":"88%"})",
            R"({"uid":1234,"percent":88})",
            R"({"uid":-17,"x":[1,2.5,-3e4,{"uid":"no"},"\u00e9"]})",
            R"({"broadcast":true,"text":"to all \ud83d\ude00"})",
            R"({"broadcast":false,"broadcast":true})",
            R"({"uid":"\u0061","\u0062":"\u0063","\u0064":[]})",
            R"({"uid":"a","uid":"b","uid":123456789012345678901234567890})",
            R"( { "a" : [ ] , "uid" : "x" , "b" : { } } )",
            R"({"a":{"b":{"c":{"uid":"deep"}}},"uid":"\"\\\/\b\f\n\r\t"})",
            R"({"uid":null,"broadcast":true})",
            R"({"uid":"a text of forty bytes, just as they go.","n":0})",
            R"({"uid":"a text of forty-one bytes, just as they go","n":0})",
            R"([{"uid":"a"}])",
            R"({"a":true,"b":false,"c":null,"uid":"x","d":0,"e":-0,"f":0.0,"g":1e-7})",
            "{\"uid\":\"\xC3\xA9\xF0\x9F\x98\x80\",\"\xE2\x82\xAC\":\"\xC2\x80\"}",
            "",
            "{}",
        };
        for (const std::size_t depth : {510u, 511u, 512u})
            for (const char* inner : {"", "1", "{}", "\"x\""})
                all.push_back("{\"uid\":\"a\",\"x\":" + std::string(depth, '[') + inner +
                              std::string(depth, ']') + "}");
        return all;
    }();
    return lines;
}

/// One thing is changed: taken out, put in, replaced, doubled, or a bit of it turned.
inline void mutate(std::string& line, std::mt19937_64& random)
{
    const std::size_t at = pick(random, line.size() + 1);
    const std::size_t size = std::min(line.size() - at, pick(random, 6));
    switch (pick(random, 6)) {
    case 0:
        line.erase(at, 1 + size);
        break;
    case 1:
        line.insert(at, scraps[pick(random, std::size(scraps))]);
        break;
    case 2:
        line.replace(at, size, scraps[pick(random, std::size(scraps))]);
        break;
    case 3:
        if (at < line.size())
            line[at] = static_cast<char>(random());
        break;
    case 4:
        line.insert(at, line.substr(pick(random, line.size() + 1), 12));
        break;
    case 5:
        if (at < line.size())
            line[at] = static_cast<char>(line[at] ^ (1 << pick(random, 8)));
        break;
    }
}

/// A line that is mostly valid: an object of random members, written with random white space.
inline std::string random_value(std::mt19937_64& random, std::size_t depth)
{
    static constexpr std::string_view scalars[] = {
        "0",
        "-1",
        "17",
        "1.25",
        "-3e-2",
        "123456789012345678901",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\"",
        "\"\\u00e9\"",
        "\"\\ud83d\\ude00 and more\"",
        "\"plain text of some length\"",
        "\"\xC3\xA9\"",
        "\"\\\"\\\\\"",
    };
    static constexpr std::string_view names[] = {"uid",
                                                 "broadcast",
                                                 "x",
                                                 "\\u0075id",
                                                 "y\\nz",
                                                 "",
                                                 "broad\\u0063ast",
                                                 "a longer name than others"};
    const auto space = [&] { return std::string(pick(random, 8) == 0 ? 1 : 0, ' '); };
    const std::size_t kind = depth == 0 ? 0 : depth > 4 ? 2 : pick(random, 5);
    if (kind >= 2)
        return std::string(scalars[pick(random, std::size(scalars))]);
    std::string out = kind == 0 ? "{" : "[";
    const std::size_t members = pick(random, depth == 0 ? 6 : 3);
    for (std::size_t i = 0; i < members; ++i) {
        out += (i ? "," : "") + space();
        if (kind == 0)
            out += '"' + std::string(names[pick(random, std::size(names))]) + '"' + space() + ':' +
                   space();
        out += random_value(random, depth + 1) + space();
    }
    return out + (kind == 0 ? '}' : ']');
}

} // namespace support

#endif
