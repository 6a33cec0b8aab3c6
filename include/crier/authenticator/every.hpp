#ifndef CRIER_AUTHENTICATOR_EVERY_HPP
#define CRIER_AUTHENTICATOR_EVERY_HPP

#include <crier/concepts/authenticator.hpp>

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace crier {

namespace detail {

/// True unless it is known that `Last` may accept before `Other` has had its say.
template <class Other, class Last>
consteval bool may_stand_before()
{
    if constexpr (std::same_as<Other, Last>)
        return true;
    else if constexpr (requires {
                           Other::decides_by;
                           Last::decides_from;
                       })
        return Other::decides_by <= Last::decides_from;
    else
        return true;
}

} // namespace detail

/// Authenticator: the last of these says who it is, those before it may object. All are asked at each
/// occasion, in their order. The first that refuses ends it; that one before the last accepts means
/// no more than that it has nothing against it.
///
/// When the last one has accepted, nobody is asked any more: those before it must have had their say
/// by then. So put that last which decides latest, `every<peer_credentials, shared_secret>`; the
/// other way round would not ask for the secret, and does not compile. Of authenticators of your own
/// that is known if they have the members decides_from and decides_by (see first_message).
///
/// Only the last may answer later: another one that does ends the connection, as by an exception.
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
        std::size_t behind = sizeof...(Authenticators);
        (ask(static_cast<Authenticators&>(*this), q, found, --behind == 0) && ...);
        return found;
    }

private:
    using last_type =
        std::tuple_element_t<sizeof...(Authenticators) - 1, std::tuple<Authenticators...>>;
    static_assert((detail::may_stand_before<Authenticators, last_type>() && ...),
                  "the last authenticator of every<> may accept before another one is asked: put "
                  "that last which decides latest (crier/authenticator/every.hpp)");

    template <class One>
    static bool ask(One& one, const question& q, verdict& found, bool last)
    {
        verdict v = one.judge(q);
        if (v.kind() == verdict::kind_later && !last)
            throw std::logic_error("in every<>, only the last authenticator may answer later");
        if (last || v.kind() == verdict::kind_refused)
            found = std::move(v);
        return found.kind() != verdict::kind_refused;
    }
};

} // namespace crier

#endif
