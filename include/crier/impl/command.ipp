#ifndef CRIER_IMPL_COMMAND_IPP
#define CRIER_IMPL_COMMAND_IPP

#include <crier/command.hpp>
#include <crier/detail/json_scanner.hpp>

namespace crier {

CRIER_DECL bool command_parser::take_uid(detail::json_scanner& json)
{
    std::string_view raw;
    bool flag;
    uid_ = {};
    if (json.peek() == '"') {
        if (!json.take_string(raw, flag))
            return false;
        if (flag) {
            detail::json_scanner::unescape(raw, unescaped_uid_);
            raw = unescaped_uid_;
        }
        uid_ = raw;
    } else if (json.peek() == '-' || (json.peek() >= '0' && json.peek() <= '9')) {
        if (!json.take_number(raw, flag))
            return false;
        if (flag)
            uid_ = raw == "-0" ? raw.substr(1) : raw;
    } else {
        return json.skip_value(1);
    }
    json.skip_space();
    return true;
}

CRIER_DECL bool command_parser::take_member(detail::json_scanner& json, command& found)
{
    std::string_view key;
    bool escaped;
    if (!json.take_string(key, escaped))
        return false;
    if (escaped) {
        detail::json_scanner::unescape(key, unescaped_key_); // the uid may be a view of its own
        key = unescaped_key_;
    }
    const bool is_uid = key == "uid";
    const bool is_broadcast = key == "broadcast";
    json.skip_space();
    if (!json.take(':'))
        return false;
    if (is_uid) {
        found.kind = command::unicast;
        return take_uid(json);
    }
    if (is_broadcast && found.kind != command::unicast)
        found.kind = json.peek() == 't' ? command::broadcast : command::invalid;
    return json.skip_value(1);
}

CRIER_DECL command command_parser::parse(std::string_view line)
{
    detail::json_scanner json(line);
    command found;
    json.skip_space();
    if (!json.take('{'))
        return {};
    if (!json.take('}')) {
        do {
            if (!take_member(json, found))
                return {};
        } while (json.take(','));
        if (!json.take('}'))
            return {};
    }
    if (!json.at_end())
        return {};
    if (found.kind == command::unicast) {
        if (uid_.empty() || uid_.size() > max_uid_bytes_)
            return {};
        found.uid = uid_;
    }
    return found;
}

} // namespace crier

#endif
