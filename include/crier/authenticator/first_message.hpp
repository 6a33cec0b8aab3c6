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
    verdict judge(const question& q) const
    {
        return q.occasion() == question::first_message
                   ? verdict::accept(std::string(q.message().data))
                   : verdict::undecided();
    }
};

static_assert(authenticator<first_message>);

} // namespace crier

#endif
