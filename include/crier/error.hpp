#ifndef CRIER_ERROR_HPP
#define CRIER_ERROR_HPP

#include <crier/config.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>

#include <string_view>
#include <type_traits>

namespace crier {

using boost::system::error_code;
using boost::system::error_condition;

/// Why a message, a handshake or a connection ended otherwise than hoped. Compare with these for
/// the exact cause, with `condition` for the kind of cause.
enum class error {
    // The opening handshake (RFC 6455 section 4.2).
    bad_request = 1,    ///< the bytes are no HTTP/1.1 request, or one that a server must refuse
    header_too_large,   ///< the request's header is larger than max_header_bytes
    method_not_allowed, ///< a method other than GET
    upgrade_required, ///< a plain HTTP request where nothing is served, or no WebSocket version 13
    bad_key,          ///< Sec-WebSocket-Key missing, repeated, or not 16 bytes of base64
    request_answered, ///< a plain HTTP request was answered, the connection is done
    request_refused,  ///< a hook refused the opening handshake

    // Frames (RFC 6455 sections 5 to 7).
    reserved_bit_set,         ///< RSV1 to RSV3 without an extension that defines it
    unknown_opcode,           ///< opcodes 3-7 and 11-15
    frame_not_masked,         ///< a client's frame without a mask
    length_not_minimal,       ///< a length in more bytes than it needs, or above 2^63-1
    control_frame_too_long,   ///< a control frame of more than 125 bytes
    control_frame_fragmented, ///< a control frame without FIN
    unexpected_continuation,  ///< a continuation frame with nothing to continue
    continuation_expected,    ///< a new data frame inside a fragmented message
    bad_close_payload,        ///< a close frame of one byte, or with a code that may not be sent
    invalid_utf8,             ///< a text message, close reason, uid or line that is not UTF-8
    message_too_large,        ///< a message or line above the codec's limit

    // Other framings.
    malformed,       ///< the bytes break the rules of a codec of your own, or codec_resynchronizes'
    too_many_frames, ///< more fragments or control frames in a second than the limits allow, or more TLS
                     ///< records without a byte in them, one after the other, than crier::tls does

    // Who you are.
    uid_empty,    ///< the first message was empty
    uid_too_long, ///< the uid has more than max_uid_bytes bytes
    uid_not_text, ///< the first message was binary
    uid_refused,  ///< the registry did not take the uid
    unauthorized, ///< the authenticator refused it
    http_request, ///< HTTP, or TLS, to a back ends' listener without it: some page's, through a browser
    replaced,     ///< a newer connection of the same uid took this one's place

    // How many there are (admission).
    too_many_connections,    ///< the listener has max_connections already
    too_many_from_address,   ///< so many from one address
    no_descriptors_to_spare, ///< the process keeps its last descriptors for others
    exposed, ///< a listener for back ends without an authenticator, that other machines reach

    // Time.
    handshake_timeout, ///< the opening handshake was not complete in time
    uid_timeout,       ///< no uid was said in time
    message_timeout,   ///< a message was begun and not ended in time
    idle_timeout,      ///< nothing was heard, not even the answer to a ping
    write_stalled,     ///< nothing could be written for write_stall_timeout
    close_timeout,     ///< the close took too long; told only where there was no reason for it

    // The end of a connection.
    slow_consumer,   ///< more bytes were queued than max_outbox_bytes
    peer_closed,     ///< the peer said goodbye by the protocol's own means
    peer_vanished,   ///< the byte stream ended without a goodbye
    closed_here,     ///< connection::close was called
    server_stopping, ///< the server is stopping
    hook_failed,     ///< a hook, handler or policy threw, or wrote a reply that cannot be sent
};

/// The kinds of causes, to branch on: `if (ec == crier::condition::timed_out)`.
enum class condition {
    handshake_failed = 1, ///< the opening handshake did not lead to a connection
    protocol_violation,   ///< the peer broke the protocol's rules
    limit_exceeded,       ///< one of the configured limits was reached
    timed_out,            ///< one of the configured times ran out
    rejected,             ///< who the peer says it is was not accepted
    closed, ///< the connection ended in order: by the peer, by us, or by the server's stop
    lost, ///< the byte stream ended without a goodbye; I/O errors keep the system's own conditions
    program_failed, ///< the program's own code failed: a hook that threw, say
};

/// The last of them: they are numbered from 1, without gaps.
inline constexpr error last_error = error::hook_failed;

/// An error's own name, "uid_too_long" say, for logs and metrics; empty if there is no such error.
CRIER_DECL std::string_view to_string(error e) noexcept;

/// The category of `error` values.
CRIER_DECL const boost::system::error_category& error_category() noexcept;

/// The category of `condition` values.
CRIER_DECL const boost::system::error_category& condition_category() noexcept;

inline error_code make_error_code(error e) noexcept
{
    return {static_cast<int>(e), error_category()};
}

inline error_condition make_error_condition(condition c) noexcept
{
    return {static_cast<int>(c), condition_category()};
}

} // namespace crier

template <>
struct boost::system::is_error_code_enum<crier::error> : std::true_type
{};

template <>
struct boost::system::is_error_condition_enum<crier::condition> : std::true_type
{};

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/error.ipp>
#endif

#endif
