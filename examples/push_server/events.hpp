#ifndef CRIER_EXAMPLES_PUSH_SERVER_EVENTS_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_EVENTS_HPP

#include <crier/connection.hpp>
#include <crier/counters.hpp>
#include <crier/error.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "log.hpp"

namespace push_server {

/// Turns what happens into what is worth an operator's eye. Who was refused, and why, is logged at
/// most some times a period, the rest is counted; what is ordinary is logged if verbose.
///
/// Thread safety: what the hooks call, from any thread; end_period and summary from one.
class events
{
public:
    /// How often end_period() is to be called.
    static constexpr std::chrono::seconds period{10};

    explicit events(log& out) noexcept : log_(out) {}

    void requested(const crier::connection& c, std::string_view path, unsigned status);
    void origin_refused(const crier::connection& c, std::string_view origin);
    void ticket_refused(const crier::connection& c, std::string_view why);
    void opened(crier::connection& c);
    void registered(crier::connection& c);
    void closed(crier::connection& c, crier::error_code why);

    /// Logs what was only counted, if there was any.
    void end_period(const crier::counters& now);

    /// Logs all counters, on request: a line for people and one for programs, which begins with
    /// "counters:" and goes on with NAME=NUMBER for each member of crier::counters. A third says why
    /// connections ended.
    void summary(const crier::counters& now);

private:
    static constexpr int refusals_per_period = 10;

    log& log_;
    std::atomic<int> refusals_ = 0; // in this period
    crier::counters before_;
};

} // namespace push_server

#endif
