#ifndef CRIER_REPLY_OK_FAIL_HPP
#define CRIER_REPLY_OK_FAIL_HPP

#include <crier/concepts/reply.hpp>

#include <string>
#include <string_view>

namespace crier {

/// Reply: `ok` if at least one connection was queued the message, and for every broadcast; `fail`
/// otherwise.
///
/// Models: reply, reply_is_fixed.
struct ok_fail
{
    static constexpr std::string_view ok = "ok";
    static constexpr std::string_view fail = "fail";

    void write(const line_result& result, std::string& out) const
    {
        out += result.push ? ok : fail;
    }
};

static_assert(reply<ok_fail>);

} // namespace crier

#endif
