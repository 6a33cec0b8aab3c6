#include "events.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace push_server {
namespace {

/// The peer's address is kept from on_open until the client is known by its uid: when a connection
/// has been closed, the system no longer knows it.
void remember_peer(crier::connection& c)
{
    c.user_data = new std::string(c.peer());
}

std::string forget_peer(crier::connection& c)
{
    const std::unique_ptr<std::string> peer(
        static_cast<std::string*>(std::exchange(c.user_data, nullptr)));
    return peer ? *peer : std::string();
}

std::string name(const crier::connection& c)
{
    std::string text = c.kind() == crier::connection_kind::client ? "client " : "back end ";
    text += '#' + std::to_string(c.id());
    if (!c.uid().empty())
        text += " uid " + quoted(c.uid());
    return text;
}

/// True for what somebody should look at: a broken client, an attack, a limit that is too low.
bool is_refusal(crier::error_code why)
{
    return why == crier::condition::protocol_violation || why == crier::condition::limit_exceeded ||
           why == crier::condition::rejected || why == crier::error::uid_timeout ||
           why == crier::error::message_timeout || why == crier::error::write_stalled ||
           why == crier::error::hook_failed;
}

/// Each counter as NAME=NUMBER, for programs.
std::string all_of(const crier::counters& now)
{
    std::string text = "counters:";
    for (const auto& [name, member] : crier::counters::fields)
        text.append(" ").append(name).append("=").append(std::to_string(now.*member));
    return text;
}

/// Why connections ended, as far as any did, in the same way.
std::string reasons_in(const crier::counters& now)
{
    std::string text = "ended:";
    for (int i = 1; i <= static_cast<int>(crier::last_error); ++i) {
        const auto why = static_cast<crier::error>(i);
        if (const std::uint64_t times = now.ended(why))
            text.append(" ").append(to_string(why)).append("=").append(std::to_string(times));
    }
    return text;
}

} // namespace

void events::requested(const crier::connection& c, std::string_view path, unsigned status)
{
    if (log_.verbose())
        log_.debug("GET " + quoted(path) + " from " + c.peer() + ": " + std::to_string(status));
}

void events::origin_refused(const crier::connection& c, std::string_view origin)
{
    if (++refusals_ <= refusals_per_period)
        log_.warning("refused a page of the origin " + quoted(origin) + " from " + c.peer());
}

void events::ticket_refused(const crier::connection& c, std::string_view why)
{
    if (++refusals_ <= refusals_per_period)
        log_.warning("refused a page from " + c.peer() + ": " + std::string(why));
}

void events::opened(crier::connection& c)
{
    remember_peer(c);
    if (log_.verbose())
        log_.debug(name(c) + " connected from " + *static_cast<std::string*>(c.user_data));
}

void events::registered(crier::connection& c)
{
    forget_peer(c);
    if (log_.verbose())
        log_.debug(name(c) + " registered");
}

void events::closed(crier::connection& c, crier::error_code why)
{
    const std::string peer = forget_peer(c);
    const bool refused = is_refusal(why);
    if (refused ? ++refusals_ > refusals_per_period : !log_.verbose())
        return;
    const std::string from = peer.empty() ? "" : " from " + peer;
    if (refused)
        log_.warning("closed " + name(c) + from + ": " + why.message());
    else
        log_.debug(name(c) + from + " left: " + why.message());
}

void events::end_period(const crier::counters& now)
{
    const int refusals = refusals_.exchange(0);
    if (refusals > refusals_per_period)
        log_.warning(
            "closed " +
            counted(static_cast<std::uint64_t>(refusals - refusals_per_period), "more connection") +
            " for such reasons");
    if (now.handshakes_failed != before_.handshakes_failed)
        log_.warning("refused " +
                     counted(now.handshakes_failed - before_.handshakes_failed, "connection") +
                     " in the opening handshake");
    const auto late =
        now.ended(crier::error::handshake_timeout) - before_.ended(crier::error::handshake_timeout);
    if (late != 0)
        log_.warning(counted(late, "connection") + " did not finish the opening handshake in time");
    if (now.accept_errors != before_.accept_errors)
        log_.error("could not accept " +
                   counted(now.accept_errors - before_.accept_errors, "time") +
                   ": no descriptors or memory left?");
    if (now.turned_away != before_.turned_away)
        log_.warning("turned away " + counted(now.turned_away - before_.turned_away, "connection") +
                     ": too many, or too few descriptors left");
    if (now.accept_pauses != before_.accept_pauses)
        log_.warning("connections come faster than --max-accepts-per-second: some wait");
    before_ = now;
}

void events::summary(const crier::counters& now)
{
    log_.info(counted(now.connections, "connection") + " open, " + std::to_string(now.registered) +
              " registered; " + std::to_string(now.accepted) + " accepted, " +
              std::to_string(now.lost) + " lost, " +
              std::to_string(now.handshakes_failed + now.protocol_violations + now.limits_exceeded +
                             now.timed_out + now.rejected) +
              " refused; " + counted(now.lines_ok, "line") + " ok, " +
              std::to_string(now.lines_failed) + " failed; " +
              counted(now.messages_queued, "message") + " queued, " +
              std::to_string(now.messages_dropped) + " dropped");
    log_.info(all_of(now));
    log_.info(reasons_in(now));
}

} // namespace push_server
