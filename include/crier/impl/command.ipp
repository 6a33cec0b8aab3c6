#ifndef CRIER_IMPL_COMMAND_IPP
#define CRIER_IMPL_COMMAND_IPP

#include <crier/command.hpp>
#include <crier/detail/json_scanner.hpp>

#include <algorithm>
#include <cstring>

namespace crier {

/// One name. False if it is no JSON; a name that is not usable makes `into` not good.
CRIER_DECL bool command_parser::take_name(detail::json_scanner& json, names& into)
{
    std::string_view raw;
    bool flag = false;
    if (json.peek() == '"') {
        if (!json.take_string(raw, flag))
            return false;
        if (flag) {
            detail::json_scanner::unescape(raw, into.unescaped.emplace_back());
            raw = into.unescaped.back();
        }
    } else if (json.peek() == '-' || (json.peek() >= '0' && json.peek() <= '9')) {
        if (!json.take_number(raw, flag))
            return false;
        if (!flag)
            raw = {};
        else if (raw == "-0")
            raw.remove_prefix(1);
    } else if (!json.skip_value(into.list ? 2 : 1)) {
        return false;
    }
    json.skip_space();
    if (raw.empty() || raw.size() > max_uid_bytes_)
        into.good = false;
    into.all.push_back(raw);
    return true;
}

CRIER_COLD CRIER_DECL bool command_parser::take_list(detail::json_scanner& json, names& into)
{
    into.list = true;
    json.take('[');
    if (json.take(']')) {
        into.good = false;
        return true;
    }
    do {
        if (!take_name(json, into))
            return false;
    } while (json.take(','));
    return json.take(']');
}

CRIER_DECL bool command_parser::take_names(detail::json_scanner& json, names& into)
{
    into.all.clear();
    into.given = into.good = true;
    others_given_ = others_given_ || &into != &uid_;
    into.list = false;
    if (!into.unescaped.empty())
        into.unescaped.clear();
    return json.peek() == '[' ? take_list(json, into) : take_name(json, into);
}

CRIER_DECL bool command_parser::take_member(detail::json_scanner& json)
{
    std::string_view key;
    bool escaped;
    if (!json.take_string(key, escaped))
        return false;
    if (escaped) {
        detail::json_scanner::unescape(key, unescaped_key_);
        key = unescaped_key_;
    }
    json.skip_space();
    if (!json.take(':'))
        return false;
    names* into = nullptr;
    // The length is known in each case, so that the comparison is one of a number or two.
    const auto is = [&](const auto& name) {
        return std::memcmp(key.data(), name, sizeof(name) - 1) == 0;
    };
    switch (key.size()) { // most names have nothing to do with us
    case 3:
        into = is("uid") ? &uid_ : nullptr;
        break;
    case 4:
        into = is("join") ? &join_ : nullptr;
        break;
    case 5:
        into = is("topic") ? &topic_ : is("leave") ? &leave_ : nullptr;
        break;
    case 6:
        into = is("except") ? &except_ : nullptr;
        break;
    case 7:
        into = is("members") ? &members_ : nullptr;
        break;
    case 9:
        if (is("broadcast"))
            broadcast_ = json.peek() == 't';
        break;
    default:
        break;
    }
    return into ? take_names(json, *into) : json.skip_value(1);
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

CRIER_COLD CRIER_DECL std::span<std::string_view>
command_parser::in_order(std::vector<std::string_view>& all)
{
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

CRIER_COLD CRIER_DECL command command_parser::addressed(command::kind_type kind, names& of)
{
    if (except_.given && !except_.good && !(except_.list && except_.all.empty()))
        return refused(command_error::bad_receiver);
    command found{.kind = kind};
    if (kind == command::publish) {
        if (!of.good || of.list)
            return refused(command_error::bad_receiver);
        found.name = of.all.front();
    }
    if (except_.given)
        found.except = in_order(except_.all);
    return found;
}

CRIER_COLD CRIER_DECL command command_parser::membership(command::kind_type kind,
                                                         const names& topic)
{
    if (!topic.good || topic.list || !members_.given || !members_.good)
        return refused(command_error::bad_receiver);
    return {.kind = kind, .name = topic.all.front(), .uids = in_order(members_.all)};
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

CRIER_DECL command command_parser::parse(std::string_view line)
{
    forget();
    detail::json_scanner json(line);
    json.skip_space();
    if (!json.take('{'))
        return refused(command_error::not_json);
    if (!json.take('}')) {
        do {
            if (!take_member(json))
                return refused(command_error::not_json);
        } while (json.take(','));
        if (!json.take('}'))
            return refused(command_error::not_json);
    }
    if (!json.at_end())
        return refused(command_error::not_json);
    if (!uid_.given)
        return others();
    if (!uid_.good)
        return refused(command_error::bad_receiver);
    if (uid_.list)
        return {.kind = command::multicast, .uids = in_order(uid_.all)};
    return {.kind = command::unicast, .name = uid_.all.front()};
}

} // namespace crier

#endif
