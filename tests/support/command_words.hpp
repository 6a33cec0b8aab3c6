#ifndef CRIER_TESTS_COMMAND_WORDS_HPP
#define CRIER_TESTS_COMMAND_WORDS_HPP

#include <crier/command.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "readable.hpp"

// What a back end's line asks for, in words: by crier's parser, and by the rules, from the members that
// another reader of JSON has found.

namespace support {

constexpr std::size_t max_uid_bytes = 40;

/// What stands for a member, if it may be a name or names.
struct command_member
{
    bool is_true = false;
    bool is_list = false;
    std::vector<std::optional<std::string>> names; // nothing: what is neither string nor integer
};

/// The names of members that mean something.
constexpr std::string_view command_names[] = {"uid",  "broadcast", "topic",  "except",
                                              "join", "leave",     "members"};

/// What a line has of them, by the places in command_names.
using command_members = std::array<std::optional<command_member>, 7>;

inline std::string list(const auto& names)
{
    std::string all;
    for (const auto& name : names)
        all += ' ' + readable(name);
    return all;
}

/// In order, each once; nothing if one of them is not usable.
inline std::optional<std::set<std::string>> usable(const command_member& v)
{
    std::set<std::string> all;
    for (const auto& name : v.names) {
        if (!name || name->empty() || name->size() > max_uid_bytes)
            return std::nullopt;
        all.insert(*name);
    }
    return all;
}

/// What a line with these members asks for.
inline std::string command_of(const command_members& found)
{
    const auto& [uid, broadcast, topic, except, join, leave, members] = found;
    const std::string bad = "bad receiver";
    if (uid) {
        const auto all = usable(*uid);
        return !all || all->empty() ? bad : (uid->is_list ? "several" : "one") + list(*all);
    }
    const bool to_all = broadcast && broadcast->is_true;
    if (to_all || topic) {
        const auto without = except ? usable(*except) : std::set<std::string>();
        if (!without)
            return bad;
        if (to_all)
            return "all but" + list(*without);
        const auto name = usable(*topic);
        return topic->is_list || !name ? bad : "topic" + list(*name) + " but" + list(*without);
    }
    if (join || leave) {
        const command_member& which = join ? *join : *leave;
        const auto name = usable(which);
        const auto who = members ? usable(*members) : std::nullopt;
        if (which.is_list || !name || !who || who->empty())
            return bad;
        return (join ? "join" : "leave") + list(*name) + " by" + list(*who);
    }
    return "no receiver";
}

/// The same of crier's parser, which must be one for max_uid_bytes.
inline std::string by_crier(crier::command_parser& parser, std::string_view line)
{
    const std::vector<char> memory(line.begin(), line.end()); // of just its size
    const crier::command c = parser.parse({memory.data(), memory.size()});
    const std::array one{c.name};
    switch (c.kind) {
    case crier::command::unicast:
        return "one" + list(one);
    case crier::command::multicast:
        return "several" + list(c.uids);
    case crier::command::publish:
        return "topic" + list(one) + " but" + list(c.except);
    case crier::command::broadcast:
        return "all but" + list(c.except);
    case crier::command::join:
        return "join" + list(one) + " by" + list(c.uids);
    case crier::command::leave:
        return "leave" + list(one) + " by" + list(c.uids);
    case crier::command::invalid:
        break;
    }
    return c.why == crier::command_error::not_json       ? "not JSON"
           : c.why == crier::command_error::bad_receiver ? "bad receiver"
           : c.why == crier::command_error::no_receiver  ? "no receiver"
                                                         : "why?";
}

} // namespace support

#endif
