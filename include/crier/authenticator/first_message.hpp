#ifndef CRIER_AUTHENTICATOR_FIRST_MESSAGE_HPP
#define CRIER_AUTHENTICATOR_FIRST_MESSAGE_HPP

#include <crier/concepts/authenticator.hpp>

#include <string>

namespace crier {

/// Authenticator: believes what the first message says; a client's uid is its whole text.
///
/// Models: authenticator.
struct first_message
{
    /// Optional, for every<>: the first occasion at which it may accept, and the last one at which it
    /// may refuse.
    static constexpr auto decides_from = question::first_message;
    static constexpr auto decides_by = question::first_message;

    verdict judge(const question& q) const
    {
        if (q.occasion() != question::first_message)
            return verdict::undecided();
        if (q.message().kind != message_kind::text)
            return verdict::refuse("uid is not text");
        return verdict::accept(std::string(q.message().data));
    }
};

static_assert(authenticator<first_message>);

} // namespace crier

#endif
