#ifndef CRIER_IMPL_ERROR_IPP
#define CRIER_IMPL_ERROR_IPP

#include <crier/error.hpp>

#include <string>

namespace crier {
namespace detail {

CRIER_DECL const char* describe(error e) noexcept
{
    switch (e) {
    case error::bad_request:
        return "malformed HTTP request";
    case error::header_too_large:
        return "request header too large";
    case error::method_not_allowed:
        return "method not allowed";
    case error::upgrade_required:
        return "not a WebSocket upgrade of version 13";
    case error::bad_key:
        return "bad Sec-WebSocket-Key";
    case error::request_answered:
        return "plain HTTP request answered";
    case error::request_refused:
        return "opening handshake refused";
    case error::reserved_bit_set:
        return "reserved bit set";
    case error::unknown_opcode:
        return "unknown opcode";
    case error::frame_not_masked:
        return "frame not masked";
    case error::length_not_minimal:
        return "length not minimal";
    case error::control_frame_too_long:
        return "control frame too long";
    case error::control_frame_fragmented:
        return "control frame fragmented";
    case error::unexpected_continuation:
        return "unexpected continuation frame";
    case error::continuation_expected:
        return "continuation frame expected";
    case error::bad_close_payload:
        return "bad close payload";
    case error::invalid_utf8:
        return "invalid UTF-8";
    case error::message_too_large:
        return "message too large";
    case error::malformed:
        return "malformed message";
    case error::too_many_frames:
        return "too many frames";
    case error::uid_empty:
        return "empty uid";
    case error::uid_too_long:
        return "uid too long";
    case error::uid_not_text:
        return "uid is not text";
    case error::uid_refused:
        return "uid refused";
    case error::unauthorized:
        return "not authorized";
    case error::http_request:
        return "HTTP request to a back ends' port";
    case error::replaced:
        return "replaced by a newer connection";
    case error::too_many_connections:
        return "too many connections";
    case error::too_many_from_address:
        return "too many connections from this address";
    case error::no_descriptors_to_spare:
        return "too few descriptors left";
    case error::exposed:
        return "whoever reaches it could push to everybody; give backend<> an authenticator "
               "(shared_secret, say), or .open_to_all = true";
    case error::handshake_timeout:
        return "handshake timeout";
    case error::uid_timeout:
        return "no uid in time";
    case error::message_timeout:
        return "message not complete in time";
    case error::idle_timeout:
        return "idle timeout";
    case error::write_stalled:
        return "write stalled";
    case error::close_timeout:
        return "close timeout";
    case error::slow_consumer:
        return "slow consumer";
    case error::peer_closed:
        return "closed by the peer";
    case error::peer_vanished:
        return "connection lost";
    case error::closed_here:
        return "closed by the server";
    case error::server_stopping:
        return "server is stopping";
    case error::hook_failed:
        return "the program's own code failed";
    }
    return "unknown crier error";
}

CRIER_DECL condition kind_of(error e) noexcept
{
    switch (e) {
    case error::bad_request:
    case error::method_not_allowed:
    case error::upgrade_required:
    case error::bad_key:
    case error::request_answered:
    case error::request_refused:
        return condition::handshake_failed;
    case error::header_too_large:
    case error::message_too_large:
    case error::slow_consumer:
    case error::too_many_frames:
    case error::too_many_connections:
    case error::too_many_from_address:
    case error::no_descriptors_to_spare:
        return condition::limit_exceeded;
    case error::reserved_bit_set:
    case error::unknown_opcode:
    case error::frame_not_masked:
    case error::length_not_minimal:
    case error::control_frame_too_long:
    case error::control_frame_fragmented:
    case error::unexpected_continuation:
    case error::continuation_expected:
    case error::bad_close_payload:
    case error::invalid_utf8:
    case error::malformed:
        return condition::protocol_violation;
    case error::uid_empty:
    case error::uid_too_long:
    case error::uid_not_text:
    case error::unauthorized:
    case error::http_request:
    case error::uid_refused:
    case error::replaced:
    case error::exposed:
        return condition::rejected;
    case error::handshake_timeout:
    case error::uid_timeout:
    case error::message_timeout:
    case error::idle_timeout:
    case error::write_stalled:
    case error::close_timeout:
        return condition::timed_out;
    case error::peer_closed:
    case error::peer_vanished:
    case error::closed_here:
    case error::server_stopping:
    case error::hook_failed:
        return condition::closed;
    }
    return condition::closed;
}

class error_category_type final : public boost::system::error_category
{
public:
    const char* name() const noexcept override { return "crier"; }

    std::string message(int value) const override { return describe(static_cast<error>(value)); }

    const char* message(int value, char*, std::size_t) const noexcept override
    {
        return describe(static_cast<error>(value));
    }

    boost::system::error_condition default_error_condition(int value) const noexcept override
    {
        return make_error_condition(kind_of(static_cast<error>(value)));
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
        }
        return "unknown crier condition";
    }
};

} // namespace detail

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
