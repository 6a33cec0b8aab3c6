#ifndef CRIER_CODEC_WEBSOCKET_CLOSE_CODE_HPP
#define CRIER_CODEC_WEBSOCKET_CLOSE_CODE_HPP

#include <cstdint>

namespace crier {

/// Why a connection is closed, as the peer is told (RFC 6455 section 7.4.1 and the IANA registry).
/// Any number from 3000 to 4999 may be used too: `static_cast<close_code>(4001)`.
enum class close_code : std::uint16_t {
    none = 0,                  ///< a close frame without a code
    normal = 1000,             ///< done
    going_away = 1001,         ///< the server stops, or the page is left
    protocol_error = 1002,     ///< the peer broke the protocol
    unsupported_data = 1003,   ///< a kind of data that is not accepted here
    invalid_payload = 1007,    ///< text that is not UTF-8
    policy_violation = 1008,   ///< refused for another reason
    message_too_big = 1009,    ///< above the limit
    extension_required = 1010, ///< (sent by clients only)
    internal_error = 1011,     ///< the server failed
    service_restart = 1012,    ///< come again
    try_again_later = 1013,    ///< overloaded, or the peer reads too slowly
    bad_gateway = 1014,        ///< the server behind a gateway failed
};

/// True if a close frame may carry this number (RFC 6455 section 7.4.2): 1000 to 1003, 1007 to
/// 1014, 3000 to 4999. 1004 to 1006 and 1015 are reserved and never on the wire.
constexpr bool is_sendable(std::uint16_t code) noexcept
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

} // namespace crier

#endif
