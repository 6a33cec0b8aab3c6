#ifndef CRIER_AUTHENTICATOR_ASK_HPP
#define CRIER_AUTHENTICATOR_ASK_HPP

#include <crier/concepts/authenticator.hpp>

#include <functional>

namespace crier {

/// Authenticator: asks a function of yours.
///
/// Example:
///     crier::clients<crier::tcp, crier::websocket, crier::ask<>> options{
///         .authenticator = {[](const crier::question& q) {
///             if (q.occasion() != crier::question::first_message)
///                 return crier::verdict::undecided();
///             return q.message().data == "sesame" ? crier::verdict::accept("ali")
///                                                 : crier::verdict::refuse();
///         }}};
///
/// Models: authenticator.
template <class Function = std::function<verdict(const question&)>>
struct ask
{
    Function function{}; ///< verdict(const question&); a std::function that is empty refuses all

    verdict judge(const question& q)
    {
        if constexpr (std::constructible_from<bool, Function&>)
            if (!static_cast<bool>(function))
                return verdict::refuse();
        return function(q);
    }
};

static_assert(authenticator<ask<>>);

} // namespace crier

#endif
