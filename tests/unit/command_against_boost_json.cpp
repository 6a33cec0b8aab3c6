#include <crier/command.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "json_lines.hpp"
#include "readable.hpp"
#include "seed.hpp"

using crier::command;
using support::mutate;
using support::pick;
using support::random_value;
using support::readable;
using support::scraps;
const auto& table = support::table_of_lines;

namespace {

constexpr std::size_t max_uid_bytes = 40;
constexpr std::size_t max_depth = 512;

/// Builds from Boost.JSON's events what a line asks for.
class line_handler
{
public:
    using text = boost::json::string_view;
    using code = boost::json::error_code;

    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    std::string uid;

    bool on_document_begin(code&) { return true; }
    bool on_document_end(code&) { return true; }
    bool on_comment_part(text, code&) { return true; }
    bool on_comment(text, code&) { return true; }

    bool on_object_begin(code&)
    {
        value({}, false);
        is_object_ |= depth_++ == 0;
        return true;
    }

    bool on_object_end(std::size_t, code&)
    {
        --depth_;
        return true;
    }

    bool on_array_begin(code&)
    {
        value({}, false);
        if (depth_++ == 1 && key_ == "uid")
            in_list_ = is_list_ = true;
        return true;
    }

    bool on_array_end(std::size_t, code&)
    {
        if (--depth_ == 1)
            in_list_ = false;
        return true;
    }

    bool on_key_part(text part, std::size_t, code&) { return append(part); }
    bool on_key(text part, std::size_t, code&)
    {
        append(part);
        if (depth_ == 1)
            key_ = collected_;
        collected_.clear();
        return true;
    }

    bool on_string_part(text part, std::size_t, code&) { return append(part); }
    bool on_string(text part, std::size_t, code&)
    {
        append(part);
        return value(collected_, false);
    }

    bool on_number_part(text part, code&) { return append(part); }
    bool on_int64(std::int64_t, text part, code&) { return number(part); }
    bool on_uint64(std::uint64_t, text part, code&) { return number(part); }
    bool on_double(double, text part, code&) { return number(part); }

    bool on_bool(bool b, code&) { return value({}, b); }
    bool on_null(code&) { return value({}, false); }

    /// What the line asks for, in words. After a document without error.
    std::string result() const
    {
        if (!is_object_)
            return "invalid";
        if (!has_uid_)
            return broadcast_ ? "to all" : "invalid";
        if (!is_list_)
            return is_usable(uid) ? "to " + readable(uid) : "invalid";
        const std::set<std::string> each(uids_.begin(), uids_.end());
        std::string all = "to several";
        for (const std::string& one : each) {
            if (!is_usable(one))
                return "invalid";
            all += ' ' + readable(one);
        }
        return each.empty() ? "invalid" : all;
    }

private:
    bool append(text part)
    {
        collected_.append(part.data(), part.size());
        return true;
    }

    /// Integers of any length are doubles to Boost.JSON; their text tells them apart.
    bool number(text part)
    {
        append(part);
        if (collected_.find_first_of(".eE") != std::string::npos)
            return value({}, false);
        return value(collected_ == "-0" ? "0" : collected_, false);
    }

    /// What a value is if it stands for a uid: a text, or nothing.
    bool value(std::string as_uid, bool is_true)
    {
        if (depth_ == 2 && in_list_) {
            uids_.push_back(std::move(as_uid));
        } else if (depth_ == 1 && key_ == "uid") {
            has_uid_ = true;
            is_list_ = false;
            uids_.clear();
            uid = std::move(as_uid);
        } else if (depth_ == 1 && key_ == "broadcast") {
            broadcast_ = is_true;
        }
        collected_.clear();
        return true;
    }

    static bool is_usable(const std::string& name)
    {
        return !name.empty() && name.size() <= max_uid_bytes;
    }

    std::size_t depth_ = 0;
    bool is_object_ = false, has_uid_ = false, broadcast_ = false;
    bool is_list_ = false, in_list_ = false;
    std::vector<std::string> uids_;
    std::string collected_, key_;
};

std::string to_string(const command& c)
{
    std::string several = "to several";
    for (const std::string_view one : c.uids)
        several += ' ' + readable(one);
    return c.kind == command::unicast     ? "to " + readable(c.name)
           : c.kind == command::multicast ? several
           : c.kind == command::broadcast ? "to all"
                                          : "invalid";
}

/// What Boost.JSON makes of it, or nothing where it says that it cannot tell.
std::optional<std::string> by_boost(std::string_view line)
{
    boost::json::parse_options options;
    options.max_depth = max_depth;
    boost::json::basic_parser<line_handler> parser(options);
    boost::json::error_code ec;
    const std::size_t taken = parser.write_some(false, line.data(), line.size(), ec);
    if (ec == boost::json::error::exponent_overflow)
        return std::nullopt; // valid JSON all the same
    if (ec || taken != line.size())
        return "invalid";
    return parser.handler().result();
}

std::string by_crier(std::string_view line)
{
    crier::command_parser parser(max_uid_bytes);
    const std::vector<char> memory(line.begin(), line.end()); // of just its size
    return to_string(parser.parse({memory.data(), memory.size()}));
}

/// Counts the answers, so that a test can say that it has seen each kind of them.
struct tally
{
    std::size_t unicast = 0, broadcast = 0, invalid = 0, untold = 0;
    std::size_t differences = 0;

    void check(std::string_view line)
    {
        const auto expected = by_boost(line);
        if (!expected) {
            ++untold;
            return;
        }
        const std::string got = by_crier(line);
        if (got != *expected && ++differences <= 3) // a few are enough to see
            BOOST_ERROR(readable(line) << " is " << got << ", by Boost.JSON " << *expected);
        ++(expected->starts_with("to \"")  ? unicast
           : expected->starts_with("to a") ? broadcast
                                           : invalid);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(commands_against_boost_json)

BOOST_AUTO_TEST_CASE(agree_on_a_table_of_lines_and_on_each_front_part_of_them)
{
    tally all;
    for (const std::string_view line : table()) {
        all.check(line);
        for (std::size_t size = 0; size < std::min<std::size_t>(line.size(), 200); ++size)
            all.check(line.substr(0, size));
    }
    BOOST_TEST(all.unicast > 10u);
    BOOST_TEST(all.broadcast > 1u);
    BOOST_TEST(all.invalid > 100u);
}

BOOST_AUTO_TEST_CASE(agree_on_every_single_byte_changed_and_every_one_left_out)
{
    tally all;
    for (const std::string& line : table()) {
        if (line.size() > 100)
            continue;
        for (std::size_t at = 0; at < line.size(); ++at) {
            std::string changed = line;
            for (unsigned byte = 0; byte < 256; ++byte) {
                changed[at] = static_cast<char>(byte);
                all.check(changed);
            }
            changed = line;
            all.check(changed.erase(at, 1));
        }
    }
    BOOST_TEST(all.unicast > 10'000u);
    BOOST_TEST(all.invalid > 10'000u);
}

BOOST_AUTO_TEST_CASE(agree_on_random_mutations)
{
    auto random = support::seeded_random();
    tally all;
    for (int i = 0; i < 20'000; ++i) {
        std::string line = table()[pick(random, table().size())];
        for (std::size_t n = 1 + pick(random, 4); n > 0; --n)
            mutate(line, random);
        all.check(line);
    }
    BOOST_TEST(all.unicast > 100u);
    BOOST_TEST(all.broadcast > 20u);
    BOOST_TEST(all.invalid > 1'000u);
}

BOOST_AUTO_TEST_CASE(agree_on_random_objects)
{
    auto random = support::seeded_random();
    tally all;
    for (int i = 0; i < 20'000; ++i) {
        std::string line = random_value(random, 0);
        all.check(line);
        mutate(line, random);
        all.check(line);
    }
    BOOST_TEST(all.unicast > 1'000u);
    BOOST_TEST(all.broadcast > 100u);
    BOOST_TEST(all.invalid > 1'000u);
    BOOST_TEST(all.untold < 100u);
}

BOOST_AUTO_TEST_CASE(agree_on_random_scraps)
{
    auto random = support::seeded_random();
    tally all;
    for (int i = 0; i < 20'000; ++i) {
        std::string line = "{\"uid\":";
        for (std::size_t n = pick(random, 6); n > 0; --n)
            line += scraps[pick(random, std::size(scraps))];
        all.check(line);
        all.check(line + '}');
    }
    BOOST_TEST(all.unicast > 100u);
    BOOST_TEST(all.invalid > 1'000u);
}

BOOST_AUTO_TEST_SUITE_END()
