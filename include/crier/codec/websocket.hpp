#ifndef CRIER_CODEC_WEBSOCKET_HPP
#define CRIER_CODEC_WEBSOCKET_HPP

#include <crier/codec/websocket/close_code.hpp>
#include <crier/codec/websocket/frame_header.hpp>
#include <crier/decoded.hpp>
#include <crier/frame.hpp>
#include <crier/message.hpp>
#include <crier/opening.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace crier {

/// Codec: the server's side of the WebSocket protocol, RFC 6455, without extensions.
///
/// A message that is whole in the input is unmasked there and handed out without a copy; what
/// comes in pieces is collected in a buffer that grows with the bytes that have come, never by
/// their announced number. Between messages a decoder holds no buffer.
///
/// Errors: every violation ends the connection with the close code that the RFC names: 1002, 1007
/// for text that is not UTF-8 (at the first impossible byte), 1009 for a message above the limit
/// (as soon as its length is announced). Before that, in the opening handshake, with an HTTP
/// status: 400, 405, 426 or 431.
///
/// Models: framing_codec, with an opening, pings and a close handshake.
struct websocket
{
    std::size_t max_message_bytes = 64 * 1024; ///< the payload of one message, all fragments
    std::size_t max_header_bytes = 8 * 1024;   ///< the HTTP request of the opening handshake

    class decoder;

    /// The most bytes that a decoder leaves in its input: a request or a control frame, unfinished.
    std::size_t max_unfinished_bytes() const noexcept
    {
        constexpr std::size_t control_frame = 6 + 125;
        return max_header_bytes < control_frame ? control_frame : max_header_bytes;
    }

    /// One unfragmented text or binary frame.
    static frame encode(message_view message)
    {
        return encode_frame(message.kind == message_kind::text ? opcode::text : opcode::binary,
                            message.data);
    }

    /// A ping frame without payload.
    static frame encode_ping() { return encode_frame(opcode::ping, {}); }

    /// A close frame. Of the reason goes what is UTF-8 from its beginning on, 123 bytes at most. A code
    /// that may not be sent (is_sendable) becomes 1011.
    CRIER_DECL static frame encode_close(close_code code, std::string_view reason);

    /// A frame of any kind with this payload.
    CRIER_DECL static frame encode_frame(opcode code, std::string_view payload);
};

/// The decoding state of one connection: first the HTTP request, then frames.
class websocket::decoder
{
public:
    /// Lifetime: the options must outlive the decoder.
    CRIER_DECL explicit decoder(const websocket& options) noexcept;
    CRIER_DECL ~decoder();

    /// Takes what it can from the front of `in`, unmasking in place, up to the next event.
    CRIER_DECL decoded decode(std::span<char>& in);

    /// After kind_opening: the request to be judged. Valid until answer().
    CRIER_DECL const opening_request& request() const noexcept;

    /// Answers the opening request and returns the bytes to send, valid until the next call.
    /// If the answer is no acceptance, the connection ends after these bytes.
    CRIER_DECL std::string_view answer(const opening_answer& how);

    /// True from the first frame of a message that comes in pieces until it is whole.
    CRIER_DECL bool in_message() const noexcept;

    /// The frames since the last call that were no whole messages.
    frame_counts take_counts() noexcept
    {
        if (stage_ == stage::request)
            return {};
        return {std::exchange(searched_or_fragments_, 0u),
                std::exchange(control_frames_, std::uint16_t{})};
    }

    /// Counts a fragment that an extension has taken.
    void count_fragment() noexcept { ++searched_or_fragments_; }

private:
    enum class stage : unsigned char { request, frames, ended };

    struct collection;

    CRIER_DECL decoded decode_request(std::span<char>& in);
    CRIER_DECL decoded decode_frame(std::span<char>& in);
    CRIER_DECL decoded take_whole(std::span<char>& in, const frame_header& header);
    CRIER_DECL decoded take_piece(std::span<char>& in);
    CRIER_DECL decoded take_control(std::span<char>& in, const frame_header& header);
    CRIER_DECL decoded take_close(std::string_view payload, char* payload_front);
    CRIER_DECL decoded fail(error why);
    CRIER_DECL decoded refuse(error why);

    const websocket* options_;
    // Only in the middle of something: a request that is judged, a message that came in pieces, the
    // bytes of an answer.
    std::unique_ptr<collection> collected_;
    // In the request: the bytes in which all line ends were judged. Then: fragments, to be told.
    std::uint32_t searched_or_fragments_ = 0;
    std::uint16_t control_frames_ = 0; // to be told; enough for what is read in one turn
    stage stage_ = stage::request;
    bool spent_ = false; // what was collected has been handed out and is of no more use
};

} // namespace crier

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/websocket.ipp>
#endif

#endif
