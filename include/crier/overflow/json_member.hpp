#ifndef CRIER_OVERFLOW_JSON_MEMBER_HPP
#define CRIER_OVERFLOW_JSON_MEMBER_HPP

#include <crier/detail/json_scanner.hpp>
#include <crier/message.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace crier {

namespace detail {

/// A string as a template argument.
template <std::size_t Size>
struct literal
{
    char text[Size];

    consteval literal(const char (&from)[Size]) { std::copy_n(from, Size, text); }
};

} // namespace detail

/// Key of a message for conflate_by: the value of a member of the JSON object that it is, as it is
/// written there, if that is a string or a number; none otherwise. Only the outermost object's
/// members count. The name is compared as it is written: without escapes.
template <detail::literal Name>
struct json_member
{
    std::string_view operator()(message_view message) const
    {
        detail::json_scanner json(message.data);
        if (!json.take('{'))
            return {};
        do {
            std::string_view key;
            bool flag;
            if (!json.take_string(key, flag))
                return {};
            json.skip_space();
            if (!json.take(':'))
                return {};
            if (key == std::string_view(Name.text, sizeof(Name.text) - 1)) {
                std::string_view value;
                const bool found = json.peek() == '"' ? json.take_string(value, flag)
                                                      : json.take_number(value, flag);
                return found ? value : std::string_view();
            }
            if (!json.skip_value(1))
                return {};
        } while (json.take(','));
        return {};
    }
};

} // namespace crier

#endif
