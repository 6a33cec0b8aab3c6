#ifndef CRIER_EXAMPLES_PUSH_SERVER_GUARDS_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_GUARDS_HPP

#include <crier/concepts/authenticator.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "events.hpp"

namespace push_server {

/// Who decides, and may be another one from the next question on.
///
/// Thread safety: any thread, at the same time.
class replaceable_judge
{
public:
    using function = std::function<crier::verdict(const crier::question&)>;

    explicit replaceable_judge(function f)
        : current_(std::make_shared<const function>(std::move(f)))
    {}

    crier::verdict operator()(const crier::question& q) const;
    void replace(function f);

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const function> current_;
};

/// Authenticator of back ends: who knows the secret, if there is one. Without one whoever connects
/// is let in.
///
/// Models: crier::authenticator.
struct backend_guard
{
    std::shared_ptr<const replaceable_judge> secret{}; ///< null: there is none

    crier::verdict judge(const crier::question& q) const
    {
        return secret ? (*secret)(q) : crier::verdict::accept();
    }

    bool admits_all() const noexcept { return !secret; }
};

static_assert(crier::check_authenticator<backend_guard>());
static_assert(crier::authenticator_admits_all<backend_guard>);

/// Authenticator of pages: who has a ticket. Tells the log of tickets that were refused, and why.
///
/// Models: crier::authenticator.
struct page_guard
{
    std::shared_ptr<const replaceable_judge> ticket{}; ///< null: nobody gets in
    events* told = nullptr;

    crier::verdict judge(const crier::question& q) const;
};

static_assert(crier::check_authenticator<page_guard>());

/// Accepts who says one of the secrets first; nobody if there is none.
replaceable_judge::function judge_of_secrets(const std::vector<std::string>& secrets);

/// Accepts tickets that are signed with one of these keys, id to secret (crier::signed_ticket).
/// Precondition: can_judge_tickets().
replaceable_judge::function judge_of_tickets(const std::map<std::string, std::string>& keys);

/// False if the program was built without OpenSSL.
bool can_judge_tickets() noexcept;

} // namespace push_server

#endif
