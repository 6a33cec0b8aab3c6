#ifndef CRIER_AUTHENTICATOR_ALLOWED_ORIGINS_HPP
#define CRIER_AUTHENTICATOR_ALLOWED_ORIGINS_HPP

#include <crier/concepts/authenticator.hpp>
#include <crier/detail/http_grammar.hpp>
#include <crier/opening.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

/// Authenticator: only pages of these origins, against cross-site WebSocket hijacking (RFC 6455
/// section 10.2). It decides nothing else: `every<allowed_origins, first_message>`.
///
/// Models: authenticator.
struct allowed_origins
{
    /// As browsers send them (RFC 6454 section 6.2): "https://example.org", with a port only if it is
    /// not the scheme's own. Compared without regard to case.
    std::vector<std::string> origins{};
    bool allow_none = false; ///< requests without Origin, of programs that are no browsers, too

    static constexpr auto decides_from = question::opening;
    static constexpr auto decides_by = question::opening;

    verdict judge(const question& q) const
    {
        if (q.occasion() != question::opening || allows(q.request()))
            return verdict::undecided();
        return verdict::refuse("origin not allowed");
    }

    /// The same for those who ask themselves, in hooks::on_opening say.
    bool allows(const opening_request& request) const
    {
        std::size_t given = 0;
        bool allowed = true;
        for (const auto& [name, value] : request.fields()) {
            if (!detail::iequals(name, "Origin"))
                continue;
            ++given;
            const std::string_view origin = value;
            allowed = allowed && std::any_of(origins.begin(), origins.end(), [&](const auto& o) {
                          return detail::iequals(o, origin);
                      });
        }
        return given == 0 ? allow_none : allowed;
    }
};

static_assert(authenticator<allowed_origins>);

} // namespace crier

#endif
