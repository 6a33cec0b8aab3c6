#ifndef CRIER_REPLY_JSON_REPLY_HPP
#define CRIER_REPLY_JSON_REPLY_HPP

#include <crier/concepts/reply.hpp>

#include <string>

namespace crier {

/// Reply: `{"matched":2,"queued":1,"dropped":1}`: the receivers that were there, those that were
/// queued the message, and those that were not. Where none was queued it, why:
/// `{"matched":0,"queued":0,"dropped":0,"reason":"no receiver"}`.
///
/// Models: reply.
struct json_reply
{
    void write(const line_result& result, std::string& out) const
    {
        out += "{\"matched\":" + std::to_string(result.push.matched()) +
               ",\"queued\":" + std::to_string(result.push.queued) +
               ",\"dropped\":" + std::to_string(result.push.dropped);
        if (!result.push)
            out.append(",\"reason\":\"").append(reason(result)).append("\"");
        out += '}';
    }

private:
    static const char* reason(const line_result& result) noexcept
    {
        switch (result.push.status) {
        case push_status::no_receiver:
            return "no receiver";
        case push_status::dropped:
            return "no receiver took it";
        case push_status::stopped:
            return "the server is stopping";
        default:
            return describe(result.why);
        }
    }
};

static_assert(reply<json_reply>);

} // namespace crier

#endif
