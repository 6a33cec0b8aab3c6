#ifndef CRIER_IMPL_COMMAND_IPP
#define CRIER_IMPL_COMMAND_IPP

#include <crier/command.hpp>
#include <crier/detail/json_scanner.hpp>
#include <crier/utf8.hpp>

#include <algorithm>
#include <cstring>

namespace crier {

/// Takes one name, or what stands in its place. False if that is no JSON; a name that is not usable
/// makes `into` not good.
[[gnu::always_inline]] inline bool command_parser::take_name(detail::json_scanner& json,
                                                             names& into, std::string_view& name)
{
    bool flag = false;
    name = {};
    if (json.peek() == '"') {
        if (!json.take_string(name, flag))
            return false;
        if (flag) {
            detail::json_scanner::unescape(name, into.unescaped.emplace_back());
            name = into.unescaped.back();
        }
    } else if (json.peek() == '-' || (json.peek() >= '0' && json.peek() <= '9')) {
        if (!json.take_number(name, flag))
            return false;
        if (!flag)
            name = {};
        else if (name == "-0")
            name.remove_prefix(1);
    } else if (!json.skip_value(into.list ? 2 : 1)) {
        return false;
    }
    json.skip_space();
    if (name.empty() || name.size() > max_uid_bytes_)
        into.good = false;
    return true;
}

CRIER_COLD CRIER_DECL bool command_parser::take_list(detail::json_scanner& json, names& into)
{
    into.list = true;
    into.all.clear();
    json.take('[');
    if (json.take(']')) {
        into.good = false;
        return true;
    }
    do {
        if (!take_name(json, into, into.all.emplace_back()))
            return false;
    } while (json.take(','));
    return json.take(']');
}

[[gnu::always_inline]] inline bool command_parser::take_names(detail::json_scanner& json,
                                                              names& into)
{
    into.given = into.good = true;
    into.list = false;
    others_given_ = others_given_ || &into != &uid_;
    if (!into.unescaped.empty())
        into.unescaped.clear();
    if (json.peek() != '[')
        return take_name(json, into, into.one);
    detail::json_scanner there = json; // what has no address can stay in registers
    const bool good = take_list(there, into);
    json = there;
    return good;
}

CRIER_DECL void command_parser::forget()
{
    uid_.given = broadcast_ = false;
    if (!others_given_)
        return;
    for (names* n : {&topic_, &except_, &join_, &leave_, &members_})
        n->given = false;
    others_given_ = false;
}

CRIER_COLD CRIER_DECL command command_parser::refused(command_error why)
{
    return {.kind = command::invalid, .why = why};
}

CRIER_COLD CRIER_DECL std::span<std::string_view> command_parser::in_order(names& of)
{
    if (!of.list)
        return {&of.one, 1};
    std::sort(of.all.begin(), of.all.end());
    of.all.erase(std::unique(of.all.begin(), of.all.end()), of.all.end());
    return of.all;
}

CRIER_COLD CRIER_DECL command command_parser::addressed(command::kind_type kind, names& of)
{
    if (except_.given && !except_.good && !(except_.list && except_.all.empty()))
        return refused(command_error::bad_receiver);
    command found{.kind = kind};
    if (kind == command::publish) {
        if (!of.good || of.list)
            return refused(command_error::bad_receiver);
        found.name = of.one;
    }
    if (except_.given)
        found.except = in_order(except_);
    return found;
}

CRIER_COLD CRIER_DECL command command_parser::membership(command::kind_type kind,
                                                         const names& topic)
{
    if (!topic.good || topic.list || !members_.given || !members_.good)
        return refused(command_error::bad_receiver);
    return {.kind = kind, .name = topic.one, .uids = in_order(members_)};
}

/// What a line without a uid asks for.
CRIER_COLD CRIER_DECL command command_parser::others()
{
    if (broadcast_)
        return addressed(command::broadcast, uid_);
    if (topic_.given)
        return addressed(command::publish, topic_);
    if (join_.given)
        return membership(command::join, join_);
    if (leave_.given)
        return membership(command::leave, leave_);
    return refused(command_error::no_receiver);
}

CRIER_DECL std::string_view command_parser::unescaped(std::string_view key)
{
    detail::json_scanner::unescape(key, unescaped_key_);
    return unescaped_key_;
}

CRIER_DECL command command_parser::parse(std::string_view line)
{
    // The names that mean something. Their lengths are known, so that each comparison is one of a
    // number or two; and most names have nothing to do with us.
    const auto named = [&](std::string_view key) -> names* {
        const auto is = [&](const auto& name) {
            return std::memcmp(key.data(), name, sizeof(name) - 1) == 0;
        };
        if (key.size() == 3)
            return is("uid") ? &uid_ : nullptr;
        switch (key.size()) {
        case 4:
            return is("join") ? &join_ : nullptr;
        case 5:
            return is("topic") ? &topic_ : is("leave") ? &leave_ : nullptr;
        case 6:
            return is("except") ? &except_ : nullptr;
        case 7:
            return is("members") ? &members_ : nullptr;
        default:
            return nullptr;
        }
    };

    forget();
    detail::json_scanner json(line);
    if (!json.take('{'))
        return refused(command_error::not_json);
    if (!json.at_end()) {
        do {
            std::string_view key;
            bool escaped;
            if (!json.take_key(key, escaped))
                return refused(command_error::not_json);
            if (escaped)
                key = unescaped(key);
            if (names* const into = named(key)) {
                if (!take_names(json, *into))
                    return refused(command_error::not_json);
                continue;
            }
            if (key == "broadcast")
                broadcast_ = json.peek() == 't';
            if (!json.skip_value(1))
                return refused(command_error::not_json);
        } while (json.take(','));
    }
    if (!json.at_end() || !is_valid_utf8(line))
        return refused(command_error::not_json);
    if (!uid_.given)
        return others();
    if (!uid_.good)
        return refused(command_error::bad_receiver);
    if (uid_.list)
        return {.kind = command::multicast, .uids = in_order(uid_)};
    return {.kind = command::unicast, .name = uid_.one};
}

} // namespace crier

#endif
