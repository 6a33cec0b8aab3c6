#include <crier/command.hpp>
#include <crier/utf8.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "command_words.hpp"
#include "json_lines.hpp"
#include "readable.hpp"
#include "seed.hpp"

using support::by_crier;
using support::max_uid_bytes;
using support::pick;
using support::readable;

// The parser looks at many bytes at once and leaves out what it need not look at. Beside it: the same
// rules read byte by byte, as RFC 8259 has them, on millions of lines.

namespace {

constexpr std::size_t max_depth = 512;

class plain_reader
{
public:
    explicit plain_reader(std::string_view text) : text_(text) {}

    bool object_of_members()
    {
        crier::utf8_validator utf8;
        if (!utf8.consume(text_) || !utf8.complete())
            return false;
        space();
        if (next() != '{' || !members(0))
            return false;
        space();
        return at_ == text_.size();
    }

    support::command_members found;

private:
    char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    bool take(char c)
    {
        if (next() != c || at_ == text_.size())
            return false;
        ++at_;
        return true;
    }

    void space()
    {
        while (next() == ' ' || next() == '\t' || next() == '\r' || next() == '\n')
            ++at_;
    }

    /// An object in so many others.
    bool members(std::size_t depth)
    {
        if (depth == max_depth || !take('{'))
            return false;
        space();
        if (take('}'))
            return true;
        do {
            space();
            std::string key;
            if (!string(key))
                return false;
            space();
            if (!take(':'))
                return false;
            support::command_member v;
            if (!value(depth + 1, v))
                return false;
            for (std::size_t i = 0; depth == 0 && i < std::size(support::command_names); ++i)
                if (key == support::command_names[i])
                    found[i] = v;
            space();
        } while (take(','));
        return take('}');
    }

    bool elements(std::size_t depth, support::command_member& list)
    {
        if (depth == max_depth || !take('['))
            return false;
        list.is_list = true;
        space();
        if (take(']'))
            return true;
        do {
            support::command_member element;
            if (!value(depth + 1, element))
                return false;
            list.names.push_back(element.is_list ? std::nullopt : element.names[0]);
            space();
        } while (take(','));
        return take(']');
    }

    bool value(std::size_t depth, support::command_member& v)
    {
        space();
        std::string text;
        switch (next()) {
        case '[':
            return elements(depth, v);
        case '{':
            v.names = {std::nullopt};
            return members(depth);
        case '"':
            if (!string(text))
                return false;
            v.names = {text};
            return true;
        case 't':
            v.is_true = true;
            [[fallthrough]];
        case 'f':
        case 'n':
            v.names = {std::nullopt};
            return word("true") || word("false") || word("null");
        default:
            return number(v);
        }
    }

    bool word(std::string_view w)
    {
        if (text_.substr(at_, w.size()) != w)
            return false;
        at_ += w.size();
        return true;
    }

    bool digits()
    {
        const std::size_t begin = at_;
        while (next() >= '0' && next() <= '9')
            ++at_;
        return at_ != begin;
    }

    bool number(support::command_member& v)
    {
        const std::size_t begin = at_;
        take('-');
        if (!take('0') && !digits())
            return false;
        const std::string integer(text_.substr(begin, at_ - begin));
        v.names = {integer == "-0" ? "0" : integer};
        if (take('.')) {
            v.names = {std::nullopt};
            if (!digits())
                return false;
        }
        if (take('e') || take('E')) {
            v.names = {std::nullopt};
            if (!take('+'))
                take('-');
            return digits();
        }
        return true;
    }

    std::optional<unsigned> four_hex_digits()
    {
        unsigned unit = 0;
        for (int i = 0; i < 4; ++i) {
            const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(next());
            if (digit == std::string_view::npos || at_ == text_.size())
                return std::nullopt;
            ++at_;
            unit = unit * 16 + static_cast<unsigned>(digit < 16 ? digit : digit - 6);
        }
        return unit;
    }

    bool string(std::string& out)
    {
        if (!take('"'))
            return false;
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '"')
                return true;
            if (static_cast<unsigned char>(c) < 0x20)
                return false;
            if (c == '\\' ? !escape(out) : (out += c, false))
                return false;
        }
        return false;
    }

    bool escape(std::string& out)
    {
        if (take('u')) {
            auto code = four_hex_digits();
            if (!code || (*code >= 0xDC00 && *code < 0xE000))
                return false;
            if (*code >= 0xD800 && *code < 0xDC00) {
                const auto low = take('\\') && take('u') ? four_hex_digits() : std::nullopt;
                if (!low || *low < 0xDC00 || *low >= 0xE000)
                    return false;
                code = 0x10000 + (*code - 0xD800) * 0x400 + (*low - 0xDC00);
            }
            append(out, *code);
            return true;
        }
        static constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
        const std::size_t which = from.find(next());
        if (at_ == text_.size() || which == std::string_view::npos)
            return false;
        ++at_;
        out += to[which];
        return true;
    }

    static void append(std::string& out, unsigned code)
    {
        const auto tail = [&](unsigned divisor) {
            out += static_cast<char>(0x80 + code / divisor % 64);
        };
        if (code < 0x80)
            out += static_cast<char>(code);
        else if (code < 0x800)
            out += static_cast<char>(0xC0 + code / 64), tail(1);
        else if (code < 0x10000)
            out += static_cast<char>(0xE0 + code / 4096), tail(64), tail(1);
        else
            out += static_cast<char>(0xF0 + code / 262144), tail(4096), tail(64), tail(1);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string by_plain_code(std::string_view line)
{
    plain_reader reader(line);
    return reader.object_of_members() ? support::command_of(reader.found) : "not JSON";
}

/// Lines as back ends write them, with all names that mean something.
std::string line_of_a_back_end(std::mt19937_64& random)
{
    static constexpr std::string_view names[] = {"uid",       "uid",
                                                 "broadcast", "topic",
                                                 "except",    "join",
                                                 "leave",     "members",
                                                 "text",      "percent",
                                                 "n",         "a longer name, longer than a block",
                                                 "\\u0075id", "t\xC3\xA9l\xC3\xA9phone"};
    static constexpr std::string_view values[] = {
        "\"ann\"",
        "\"u1234\"",
        "17",
        "-0",
        "true",
        "false",
        "null",
        "1.5e3",
        "\"\"",
        "\"88%\"",
        "[\"ann\",\"bob\",7,\"ann\"]",
        "[]",
        "{\"a\":[1,{\"b\":\"}\"}],\"c\":{}}",
        "[[],[{}]]",
        "\"a text of more than sixteen bytes, and of more than two times sixteen of them\"",
        "\"with \\\"escapes\\\" \\u00e9\\/\\ud83d\\ude00\"",
        "123456789012345678901234567890",
        "\"\xCE\xAD\xCF\x81\xCE\xB3\xCE\xBF \xE2\x82\xAC \xF0\x9F\x98\x80 and \xC3\xA9 more\""};
    const std::size_t spaced = pick(random, 8);
    const auto space = [&] { return spaced == 0 ? " " : spaced == 1 ? "\t\r\n " : ""; };
    std::string line = std::string(space()) + '{';
    const std::size_t members = 1 + pick(random, 7);
    for (std::size_t i = 0; i < members; ++i) {
        line += std::string(i ? "," : "") + space() + '"';
        line += names[pick(random, std::size(names))];
        line += std::string("\"") + space() + ':' + space();
        line += values[pick(random, std::size(values))];
        line += space();
    }
    return line + '}' + space();
}

struct tally
{
    crier::command_parser parser{
        max_uid_bytes}; // one for all: what is left of a line harms no other
    std::size_t lines = 0, good = 0, not_json = 0, differences = 0;

    void check(std::string_view line)
    {
        const std::string expected = by_plain_code(line);
        const std::string got = by_crier(parser, line);
        if (got != expected && ++differences <= 3) // a few are enough to see
            BOOST_ERROR(readable(line) << " is " << got << ", by plain code " << expected);
        ++lines;
        not_json += expected == "not JSON";
        good += expected != "not JSON" && expected != "bad receiver" && expected != "no receiver";
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(commands_against_plain_code)

BOOST_AUTO_TEST_CASE(agree_on_the_table_of_lines)
{
    tally all;
    for (const std::string& line : support::table_of_lines())
        all.check(line);
    BOOST_TEST(all.good > 10u);
}

BOOST_AUTO_TEST_CASE(agree_on_every_line_of_three_scraps)
{
    tally all;
    std::string line;
    for (const std::string_view a : support::scraps)
        for (const std::string_view b : support::scraps)
            for (const std::string_view c : support::scraps) {
                line = "{\"uid\":";
                line.append(a).append(b).append(c);
                all.check(line);
                all.check(line += '}');
            }
    BOOST_TEST(all.good > 100u);
    BOOST_TEST(all.not_json > 100'000u);
}

BOOST_AUTO_TEST_CASE(agree_on_lines_cut_doubled_and_with_bytes_turned)
{
    auto random = support::seeded_random();
    tally all;
    while (all.lines < 2'000'000) {
        std::string line = line_of_a_back_end(random);
        all.check(line);
        for (std::size_t n = 1 + pick(random, 3); n > 0; --n) {
            support::mutate(line, random);
            all.check(line);
        }
        all.check(std::string_view(line).substr(0, pick(random, line.size() + 1)));
    }
    BOOST_TEST(all.good > 100'000u);
    BOOST_TEST(all.not_json > 200'000u);
}

BOOST_AUTO_TEST_CASE(agree_on_random_objects_and_what_is_left_of_them)
{
    auto random = support::seeded_random();
    tally all;
    while (all.lines < 500'000) {
        std::string line = support::random_value(random, 0);
        all.check(line);
        support::mutate(line, random);
        all.check(line);
    }
    BOOST_TEST(all.good > 20'000u);
    BOOST_TEST(all.not_json > 20'000u);
}

BOOST_AUTO_TEST_SUITE_END()
