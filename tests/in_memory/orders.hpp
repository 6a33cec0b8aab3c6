#ifndef CRIER_TESTS_IN_MEMORY_ORDERS_HPP
#define CRIER_TESTS_IN_MEMORY_ORDERS_HPP

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model.hpp"

namespace model {

inline std::string uid(std::mt19937_64& random)
{
    return "u" + std::to_string(random() % 6);
}
inline std::string topic(std::mt19937_64& random)
{
    return "t" + std::to_string(random() % 3);
}

inline std::string list(const std::vector<std::string>& all)
{
    std::string text;
    for (const std::string& one : all)
        text += (text.empty() ? "[\"" : ",\"") + one + '"';
    return text.empty() ? "[]" : text + ']';
}

/// An order without its text, and the members of the line that say it.
inline std::pair<order, std::string> random_order(std::mt19937_64& random)
{
    order o;
    std::string members;
    const auto except = [&] {
        if (random() % 3 != 0)
            return;
        o.except = {uid(random), uid(random)};
        members += ",\"except\":" + list({o.except.begin(), o.except.end()});
    };
    switch (random() % 12) {
    case 0:
        o.kind = order::invalid;
        o.name = "it names no receiver: uid, topic or broadcast";
        members = "\"nobody\":1";
        break;
    case 1:
        o.kind = order::several;
        o.uids = {uid(random), uid(random), uid(random)};
        members = "\"uid\":" + list(o.uids);
        break;
    case 2:
    case 3:
    case 4:
        o.kind = order::all;
        members = "\"broadcast\":true";
        except();
        break;
    case 5:
        o.kind = order::topic;
        o.name = topic(random);
        members = "\"topic\":\"" + o.name + '"';
        except();
        break;
    case 6:
        o.kind = random() % 3 ? order::join : order::leave;
        o.name = topic(random);
        o.uids = {uid(random), uid(random)};
        members = (o.kind == order::join ? "\"join\":\"" : "\"leave\":\"") + o.name +
                  "\",\"members\":" + list(o.uids);
        break;
    default:
        o.kind = order::one;
        o.name = uid(random);
        members = "\"uid\":\"" + o.name + '"';
    }
    if (random() % 2) {
        o.key = std::to_string(random() % 3);
        members += ",\"k\":" + o.key;
    }
    return {o, members};
}

} // namespace model

#endif
