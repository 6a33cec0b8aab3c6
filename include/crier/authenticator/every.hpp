#ifndef CRIER_AUTHENTICATOR_EVERY_HPP
#define CRIER_AUTHENTICATOR_EVERY_HPP

#include <crier/concepts/authenticator.hpp>

#include <utility>

namespace crier {

/// Authenticator: asks all of these at each occasion, in their order. One that refuses ends it; the
/// first one that accepts gives the name, if none refuses. Those behind one that answers later are
/// not asked at that occasion: put it last.
///
/// Example:
///     crier::every<crier::allowed_origins, crier::first_message> guard{
///         {.origins = {"https://example.org"}}, {}};
///
/// Models: authenticator.
template <class... Authenticators>
struct every : Authenticators...
{
    static_assert((check_authenticator<Authenticators>() && ...));

    verdict judge(const question& q)
    {
        verdict found = verdict::undecided();
        (ask(static_cast<Authenticators&>(*this), q, found) && ...);
        return found;
    }

private:
    template <class One>
    static bool ask(One& one, const question& q, verdict& found)
    {
        verdict v = one.judge(q);
        const bool decides = v.kind() == verdict::kind_refused || v.kind() == verdict::kind_later;
        if (decides || found.kind() == verdict::kind_undecided)
            found = std::move(v);
        return !decides;
    }
};

} // namespace crier

#endif
