#ifndef CRIER_AUTHENTICATOR_SHARED_SECRET_HPP
#define CRIER_AUTHENTICATOR_SHARED_SECRET_HPP

#include <crier/concepts/authenticator.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace crier {

/// Authenticator: the first message must be the secret. For back ends: it is answered `ok` (by
/// json_reply as a line that was right and reached nobody), and a wrong one `fail`, which ends the
/// connection.
///
/// The comparison takes the same time wherever the two differ. On a network that others can read the
/// secret is no secret: use it with tls, or between containers of one machine.
///
/// Models: authenticator.
struct shared_secret
{
    std::string secret{}; ///< empty: nobody gets in

    static constexpr auto decides_from = question::first_message;
    static constexpr auto decides_by = question::first_message;

    verdict judge(const question& q) const
    {
        if (q.occasion() != question::first_message)
            return verdict::undecided();
        return is_secret(q.message().data) ? verdict::accept() : verdict::refuse("wrong secret");
    }

private:
    bool is_secret(std::string_view said) const noexcept
    {
        // Reads as many bytes as were said, whatever the secret is.
        volatile unsigned char differences = secret.empty() || said.size() != secret.size();
        for (std::size_t i = 0; i < said.size(); ++i) {
            const char mine = secret.empty() ? '\0' : secret[i % secret.size()];
            differences = static_cast<unsigned char>(differences |
                                                     static_cast<unsigned char>(mine ^ said[i]));
        }
        return differences == 0;
    }
};

static_assert(authenticator<shared_secret>);

} // namespace crier

#endif
