#ifndef CRIER_DECODED_HPP
#define CRIER_DECODED_HPP

#include <crier/codec/websocket/close_code.hpp>
#include <crier/error.hpp>
#include <crier/message.hpp>

#include <cstdint>
#include <string_view>

namespace crier {

/// What a decoder found at the front of its input: one event per call of `decode`.
///
/// Lifetime: the views are valid until the next call of any function of the decoder, or until the
/// input is overwritten, whichever comes first.
struct decoded
{
    enum kind_type : unsigned char {
        kind_need_more, ///< nothing whole is there; what is left in the input comes again, with
                        ///< more
        kind_opening,   ///< a handshake to be judged: ask `request()`, then call `answer()`
        kind_message,   ///< a whole message
        kind_reply,     ///< bytes to send back (a pong, say); the connection goes on
        kind_discarded, ///< a message was thrown away, `ec` says why; the connection goes on
        kind_closed,    ///< the peer said goodbye; `reply` is the answer to it
        kind_failed,    ///< the peer broke the rules, `ec` says how; `reply` tells it so; no more
                        ///< input
    };

    kind_type kind = kind_need_more;
    close_code code = close_code::none; ///< if closed: what the peer gave as the reason
    message_view message{};             ///< if message
    std::string_view reply{};           ///< if reply, closed or failed: to be sent, may be empty
    error_code ec{};                    ///< if discarded or failed

    static decoded need_more() noexcept { return {}; }

    static decoded opening() noexcept { return {.kind = kind_opening}; }

    static decoded whole(message_view m) noexcept { return {.kind = kind_message, .message = m}; }

    static decoded answer(std::string_view bytes) noexcept
    {
        return {.kind = kind_reply, .reply = bytes};
    }

    static decoded discarded(error_code why) noexcept
    {
        return {.kind = kind_discarded, .ec = why};
    }

    static decoded closed(close_code code, std::string_view bytes = {}) noexcept
    {
        return {.kind = kind_closed, .code = code, .reply = bytes};
    }

    static decoded failed(error_code why, std::string_view bytes = {}) noexcept
    {
        return {.kind = kind_failed, .reply = bytes, .ec = why};
    }
};

/// Frames that are no whole messages.
struct frame_counts
{
    std::uint32_t fragments = 0; ///< of messages, the last one of each too
    std::uint32_t control = 0;   ///< pings, pongs
};

} // namespace crier

#endif
