#ifndef CRIER_IMPL_GATE_IPP
#define CRIER_IMPL_GATE_IPP

#include <crier/detail/gate.hpp>

#include <algorithm>
#include <chrono>

#include <sys/resource.h>

namespace crier::detail {

CRIER_COLD CRIER_DECL gate::gate(const admission& options, std::size_t spare_descriptors,
                                 std::size_t accepts_per_second)
    : options_(options)
{
    if (options_.spare_descriptors == admission::usual)
        options_.spare_descriptors = spare_descriptors;
    if (options_.max_accepts_per_second == admission::usual)
        options_.max_accepts_per_second = accepts_per_second;
    constexpr std::chrono::nanoseconds second = std::chrono::seconds(1);
    if (options_.max_accepts_per_second != 0)
        step_ = second / static_cast<std::int64_t>(
                             std::min<std::size_t>(options_.max_accepts_per_second, 1'000'000'000));
}

// Each accept moves next_ on by one step. Who has not accepted for a second is that much behind, and
// may catch up at once.

CRIER_COLD CRIER_DECL clock::duration gate::wait_for_step(clock::time_point now)
{
    const std::lock_guard lock(mutex_);
    return std::max(next_ - now, clock::duration::zero());
}

CRIER_COLD CRIER_DECL std::optional<gate::place>
gate::admit(int descriptor, const std::optional<source_address>& from, clock::time_point now,
            error_code& why)
{
    if (!leaves_spare(descriptor)) {
        why = error::no_descriptors_to_spare;
        return std::nullopt;
    }
    const std::lock_guard lock(mutex_);
    if (step_ != step_.zero())
        next_ = std::max(next_, now - std::chrono::seconds(1)) + step_;
    if (options_.max_connections != 0 && connections_ >= options_.max_connections) {
        why = error::too_many_connections;
        return std::nullopt;
    }
    crowd c = nullptr;
    if (from && asks_for_source()) {
        c = &*crowds_.try_emplace(*from, 0).first;
        if (c->second >= options_.max_connections_per_address) {
            why = error::too_many_from_address;
            return std::nullopt;
        }
        ++c->second;
    }
    ++connections_;
    why = {};
    return std::optional<place>(std::in_place, *this, c);
}

CRIER_COLD CRIER_DECL void gate::leave(crowd c) noexcept
{
    if (c) {
        const std::lock_guard lock(mutex_);
        if (--c->second == 0)
            crowds_.erase(c->first);
    }
    --connections_;
}

/// The system gives the lowest number that is free, so all below it are taken. The limit may have been
/// changed from outside (prlimit).
CRIER_COLD CRIER_DECL bool gate::leaves_spare(int descriptor) const noexcept
{
    if (descriptor < 0 || options_.spare_descriptors == 0)
        return true;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur == RLIM_INFINITY)
        return true;
    const rlim_t spare = std::min<rlim_t>(options_.spare_descriptors, limit.rlim_cur / 4);
    return static_cast<rlim_t>(descriptor) + spare < limit.rlim_cur;
}

} // namespace crier::detail

#endif
