// The parser of back ends' lines beside Boost.JSON's.
#include <crier/command.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "command_words.hpp"
#include "readable.hpp"
#include "require.hpp"
#include "targets.hpp"

namespace {

/// Takes the members that mean something from Boost.JSON's events. Its values do not do: they have
/// large integers as doubles.
class member_handler
{
public:
    using text = boost::json::string_view;
    using code = boost::json::error_code;

    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    support::command_members found;
    bool is_object = false;

    bool on_document_begin(code&) { return true; }
    bool on_document_end(code&) { return true; }
    bool on_comment_part(text, code&) { return true; }
    bool on_comment(text, code&) { return true; }

    bool on_object_begin(code&)
    {
        is_object |= depth_ == 0;
        value({.names = {std::nullopt}});
        ++depth_;
        return true;
    }

    bool on_object_end(std::size_t, code&)
    {
        --depth_;
        return true;
    }

    bool on_array_begin(code&)
    {
        // In a list a list is no name.
        value(depth_ == 1 ? support::command_member{.is_list = true, .names = {}}
                          : support::command_member{.names = {std::nullopt}});
        in_list_ |= depth_++ == 1;
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
        return value({.names = {std::exchange(collected_, {})}});
    }

    bool on_number_part(text part, code&) { return append(part); }
    bool on_int64(std::int64_t, text part, code&) { return number(part); }
    bool on_uint64(std::uint64_t, text part, code&) { return number(part); }
    bool on_double(double, text part, code&) { return number(part); }

    bool on_bool(bool b, code&) { return value({.is_true = b, .names = {std::nullopt}}); }
    bool on_null(code&) { return value({.names = {std::nullopt}}); }

private:
    bool append(text part)
    {
        collected_.append(part.data(), part.size());
        return true;
    }

    bool number(text part)
    {
        append(part);
        const std::string digits = std::exchange(collected_, {});
        if (digits.find_first_of(".eE") != std::string::npos)
            return value({.names = {std::nullopt}});
        return value({.names = {digits == "-0" ? "0" : digits}});
    }

    bool value(support::command_member member)
    {
        for (std::size_t i = 0; i < std::size(support::command_names); ++i) {
            if (key_ != support::command_names[i])
                continue;
            if (depth_ == 1)
                found[i] = std::move(member);
            else if (depth_ == 2 && in_list_)
                found[i]->names.push_back(std::move(member.names[0]));
            break;
        }
        return true;
    }

    std::size_t depth_ = 0;
    bool in_list_ = false;
    std::string collected_, key_;
};

/// Nothing where Boost.JSON says that it cannot tell.
std::optional<std::string> by_boost(std::string_view line)
{
    boost::json::parse_options options;
    options.max_depth = 512;
    boost::json::basic_parser<member_handler> parser(options);
    boost::json::error_code ec;
    const std::size_t taken = parser.write_some(false, line.data(), line.size(), ec);
    if (ec == boost::json::error::exponent_overflow)
        return std::nullopt; // valid JSON all the same
    if (ec || taken != line.size() || !parser.handler().is_object)
        return "not JSON";
    return support::command_of(parser.handler().found);
}

} // namespace

void fuzz::command(std::string_view line)
{
    crier::command_parser parser(support::max_uid_bytes);
    const std::string got = support::by_crier(parser, line);
    if (const auto expected = by_boost(line))
        require(got == *expected, "what Boost.JSON makes of it", [&] {
            return support::readable(line) + " is " + got + ", by Boost.JSON " + *expected;
        });

    // What is left of a line harms no other one.
    parser.parse(line.substr(0, line.size() / 2));
    require(support::by_crier(parser, line) == got, "a line means the same behind another");
}
