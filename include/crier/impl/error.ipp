#ifndef CRIER_IMPL_ERROR_IPP
#define CRIER_IMPL_ERROR_IPP

#include <crier/error.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

namespace crier {
namespace detail {

struct error_row
{
    error value;
    condition kind;
    const char* name;
    const char* message;
};

inline constexpr error_row error_rows[] = {
    {error::bad_request, condition::handshake_failed, "bad_request", "malformed HTTP request"},
    {error::header_too_large, condition::limit_exceeded, "header_too_large",
     "request header too large"},
    {error::method_not_allowed, condition::handshake_failed, "method_not_allowed",
     "method not allowed"},
    {error::upgrade_required, condition::handshake_failed, "upgrade_required",
     "not a WebSocket upgrade of version 13"},
    {error::bad_key, condition::handshake_failed, "bad_key", "bad Sec-WebSocket-Key"},
    {error::request_answered, condition::handshake_failed, "request_answered",
     "plain HTTP request answered"},
    {error::request_refused, condition::handshake_failed, "request_refused",
     "opening handshake refused"},
    {error::reserved_bit_set, condition::protocol_violation, "reserved_bit_set",
     "reserved bit set"},
    {error::unknown_opcode, condition::protocol_violation, "unknown_opcode", "unknown opcode"},
    {error::frame_not_masked, condition::protocol_violation, "frame_not_masked",
     "frame not masked"},
    {error::length_not_minimal, condition::protocol_violation, "length_not_minimal",
     "length not minimal"},
    {error::control_frame_too_long, condition::protocol_violation, "control_frame_too_long",
     "control frame too long"},
    {error::control_frame_fragmented, condition::protocol_violation, "control_frame_fragmented",
     "control frame fragmented"},
    {error::unexpected_continuation, condition::protocol_violation, "unexpected_continuation",
     "unexpected continuation frame"},
    {error::continuation_expected, condition::protocol_violation, "continuation_expected",
     "continuation frame expected"},
    {error::bad_close_payload, condition::protocol_violation, "bad_close_payload",
     "bad close payload"},
    {error::invalid_utf8, condition::protocol_violation, "invalid_utf8", "invalid UTF-8"},
    {error::message_too_large, condition::limit_exceeded, "message_too_large", "message too large"},
    {error::malformed, condition::protocol_violation, "malformed", "malformed message"},
    {error::too_many_frames, condition::limit_exceeded, "too_many_frames", "too many frames"},
    {error::uid_empty, condition::rejected, "uid_empty", "empty uid"},
    {error::uid_too_long, condition::rejected, "uid_too_long", "uid too long"},
    {error::uid_not_text, condition::rejected, "uid_not_text", "uid is not text"},
    {error::uid_refused, condition::rejected, "uid_refused", "uid refused"},
    {error::unauthorized, condition::rejected, "unauthorized", "not authorized"},
    {error::http_request, condition::rejected, "http_request", "HTTP or TLS to a back ends' port"},
    {error::replaced, condition::rejected, "replaced", "replaced by a newer connection"},
    {error::too_many_connections, condition::limit_exceeded, "too_many_connections",
     "too many connections"},
    {error::too_many_from_address, condition::limit_exceeded, "too_many_from_address",
     "too many connections from this address"},
    {error::no_descriptors_to_spare, condition::limit_exceeded, "no_descriptors_to_spare",
     "too few descriptors left"},
    {error::exposed, condition::rejected, "exposed",
     "whoever reaches it could push to everybody; give backend<> an authenticator (shared_secret, "
     "say), or .open_to_all = true"},
    {error::handshake_timeout, condition::timed_out, "handshake_timeout", "handshake timeout"},
    {error::uid_timeout, condition::timed_out, "uid_timeout", "no uid in time"},
    {error::message_timeout, condition::timed_out, "message_timeout",
     "message not complete in time"},
    {error::idle_timeout, condition::timed_out, "idle_timeout", "idle timeout"},
    {error::write_stalled, condition::timed_out, "write_stalled", "write stalled"},
    {error::close_timeout, condition::timed_out, "close_timeout", "close timeout"},
    {error::slow_consumer, condition::limit_exceeded, "slow_consumer", "slow consumer"},
    {error::peer_closed, condition::closed, "peer_closed", "closed by the peer"},
    {error::peer_vanished, condition::lost, "peer_vanished", "connection lost"},
    {error::closed_here, condition::closed, "closed_here", "closed by the server"},
    {error::server_stopping, condition::closed, "server_stopping", "server is stopping"},
    {error::hook_failed, condition::program_failed, "hook_failed", "the program's own code failed"},
};

constexpr bool each_row_is_where_it_is_looked_for() noexcept
{
    for (std::size_t i = 0; i < std::size(error_rows); ++i)
        if (error_rows[i].value != static_cast<error>(i + 1))
            return false;
    return error_rows[std::size(error_rows) - 1].value == crier::last_error;
}

static_assert(each_row_is_where_it_is_looked_for());

CRIER_DECL const error_row* find_row(int value) noexcept
{
    const bool known = value >= 1 && value <= static_cast<int>(crier::last_error);
    return known ? &error_rows[value - 1] : nullptr;
}

class error_category_type final : public boost::system::error_category
{
public:
    const char* name() const noexcept override { return "crier"; }

    std::string message(int value) const override { return message(value, nullptr, 0); }

    const char* message(int value, char*, std::size_t) const noexcept override
    {
        const error_row* const row = find_row(value);
        return row ? row->message : "unknown crier error";
    }

    boost::system::error_condition default_error_condition(int value) const noexcept override
    {
        const error_row* const row = find_row(value);
        return make_error_condition(row ? row->kind : condition::closed);
    }
};

class condition_category_type final : public boost::system::error_category
{
public:
    const char* name() const noexcept override { return "crier.condition"; }

    std::string message(int value) const override
    {
        switch (static_cast<condition>(value)) {
        case condition::handshake_failed:
            return "handshake failed";
        case condition::protocol_violation:
            return "protocol violation";
        case condition::limit_exceeded:
            return "limit exceeded";
        case condition::timed_out:
            return "timed out";
        case condition::rejected:
            return "rejected";
        case condition::closed:
            return "closed";
        case condition::lost:
            return "lost";
        case condition::program_failed:
            return "program failed";
        }
        return "unknown crier condition";
    }
};

} // namespace detail

CRIER_DECL std::string_view to_string(error e) noexcept
{
    const detail::error_row* const row = detail::find_row(static_cast<int>(e));
    return row ? row->name : std::string_view();
}

CRIER_DECL const boost::system::error_category& error_category() noexcept
{
    static const detail::error_category_type category;
    return category;
}

CRIER_DECL const boost::system::error_category& condition_category() noexcept
{
    static const detail::condition_category_type category;
    return category;
}

} // namespace crier

#endif
