#include "guards.hpp"

#include <crier/authenticator/shared_secret.hpp>
#if PUSH_SERVER_HAS_OPENSSL
#include <crier/authenticator/signed_ticket.hpp>
#endif

#include <string>
#include <utility>
#include <vector>

namespace push_server {

crier::verdict replaceable_judge::operator()(const crier::question& q) const
{
    std::shared_ptr<const function> judge;
    {
        const std::lock_guard lock(mutex_);
        judge = current_;
    }
    return (*judge)(q);
}

void replaceable_judge::replace(function f)
{
    auto next = std::make_shared<const function>(std::move(f));
    const std::lock_guard lock(mutex_);
    current_.swap(next);
}

crier::verdict page_guard::judge(const crier::question& q) const
{
    if (!ticket)
        return crier::verdict::refuse();
    crier::verdict found = (*ticket)(q);
    if (told && found.kind() == crier::verdict::kind_refused)
        told->ticket_refused(q.peer(), found.text());
    return found;
}

replaceable_judge::function judge_of_secrets(const std::vector<std::string>& secrets)
{
    std::vector<crier::shared_secret> judges;
    judges.reserve(secrets.size());
    for (const std::string& secret : secrets)
        judges.push_back({.secret = secret});
    return [judges = std::move(judges)](const crier::question& q) {
        crier::verdict found = crier::shared_secret{}.judge(q);
        for (const crier::shared_secret& judge : judges) // all: the time says nothing
            if (crier::verdict now = judge.judge(q); now.kind() == crier::verdict::kind_accepted)
                found = std::move(now);
        return found;
    };
}

#if PUSH_SERVER_HAS_OPENSSL

replaceable_judge::function judge_of_tickets(const std::map<std::string, std::string>& keys)
{
    return [judge = crier::signed_ticket{.keys = keys}](const crier::question& q) {
        return judge.judge(q);
    };
}

bool can_judge_tickets() noexcept
{
    return true;
}

#else

replaceable_judge::function judge_of_tickets(const std::map<std::string, std::string>&)
{
    return [](const crier::question&) { return crier::verdict::refuse(); };
}

bool can_judge_tickets() noexcept
{
    return false;
}

#endif

} // namespace push_server
