#ifndef CRIER_CODEC_WEBSOCKET_DEFLATE_HPP
#define CRIER_CODEC_WEBSOCKET_DEFLATE_HPP

#include <crier/codec/websocket.hpp>
#include <crier/codec/websocket/deflate_message.hpp>
#include <crier/codec/websocket/deflate_offer.hpp>
#include <crier/codec/websocket/mask.hpp>
#include <crier/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace crier {

namespace detail {

/// The decoding state of one connection with websocket_deflate. What is not compressed it leaves to the
/// decoder of websocket; between messages it holds no buffer, and never any state of zlib.
class websocket_deflate_decoder
{
public:
    websocket_deflate_decoder(const websocket& options, int max_window_bits) noexcept
        : inner_(options),
          options_(&options),
          max_window_bits_(static_cast<std::uint8_t>(max_window_bits))
    {}

    const opening_request& request() const noexcept { return inner_.request(); }

    CRIER_COLD std::string_view answer(const opening_answer& how)
    {
        deflate_agreement agreed;
        if (how.accepted && request().is_upgrade() && max_window_bits_ != 0)
            agreed = agree_on_deflate(request(), max_window_bits_);
        const std::string_view bytes = inner_.answer(how);
        inner_spent_ = true;
        if (agreed.server_window_bits == 0)
            return bytes;
        window_bits_ = static_cast<std::uint8_t>(agreed.server_window_bits);
        std::string& more = hold().bytes;
        more = bytes.substr(0, bytes.size() - 2); // the empty line
        more += "Sec-WebSocket-Extensions: " + agreed.response + "\r\n\r\n";
        spent_ = true;
        return more;
    }

    /// 0 if there is no compression, else 1 for the largest window that this side uses, and so on down.
    std::size_t variant() const noexcept
    {
        return window_bits_ ? 1u + max_window_bits_ - window_bits_ : 0u;
    }

    decoded decode(std::span<char>& in)
    {
        if (spent_) {
            held_.reset();
            spent_ = false;
        }
        if (window_bits_ == 0)
            return inner_.decode(in);
        if (inner_spent_) { // it frees what it has handed out when it is called again
            std::span<char> nothing;
            inner_.decode(nothing);
            inner_spent_ = false;
        }
        while (!ended_) {
            const std::size_t before = in.size();
            const decoded found = inner_in_message_          ? decode_plain(in)
                                  : held_ && held_->in_frame ? take_piece(in)
                                                             : decode_frame(in);
            if (found.kind != decoded::kind_need_more || in.size() == before || in.empty())
                return found;
        }
        in = {};
        return decoded::need_more();
    }

    bool in_message() const noexcept
    {
        return inner_.in_message() || (held_ && held_->in_message && !spent_);
    }

    frame_counts take_counts() noexcept { return inner_.take_counts(); }

private:
    /// What is kept in the middle of a compressed message, of one that was handed out, or of an answer.
    struct holding
    {
        std::string bytes; // compressed, so far; or to be sent
        inflated_message inflated;
        std::uint64_t frame_left = 0; // bytes of the current frame's payload still to come
        std::array<unsigned char, 4> mask{};
        unsigned mask_phase = 0;
        message_kind kind = message_kind::text;
        bool in_message = false;  // begun, and FIN has not come
        bool in_frame = false;    // a frame's header was read, its payload not to the end
        bool final_frame = false; // that frame has FIN
    };

    holding& hold()
    {
        if (!held_)
            held_ = std::make_unique<holding>();
        return *held_;
    }

    decoded decode_plain(std::span<char>& in)
    {
        const decoded found = inner_.decode(in);
        if (found.kind == decoded::kind_message) {
            inner_in_message_ = false;
            inner_spent_ = true;
        }
        return found;
    }

    decoded decode_frame(std::span<char>& in)
    {
        constexpr char rsv1 = 0x40;
        std::array<char, 14> bytes{}; // of the header, without RSV1, which its parser does not know
        const std::size_t size = std::min(in.size(), bytes.size());
        std::copy_n(in.begin(), size, bytes.begin());
        const bool compressed = size != 0 && (bytes[0] & rsv1) != 0;
        bytes[0] = static_cast<char>(bytes[0] & ~rsv1);
        const auto code = static_cast<opcode>(bytes[0] & 0x0F);
        // RFC 7692 section 6.1. All that the first byte says is judged before the second.
        if (compressed && (code == opcode::continuation || code == opcode::close ||
                           code == opcode::ping || code == opcode::pong))
            return fail(error::reserved_bit_set);
        const frame_header_result parsed = parse_frame_header({bytes.data(), size});
        if (parsed.status == frame_header_result::failed)
            return fail(static_cast<error>(parsed.ec.value()));
        if (parsed.status == frame_header_result::need_more)
            return decoded::need_more();

        const frame_header& header = parsed.header;
        if (is_control(header.code)) {
            if (header.payload_size > in.size() - header.header_size)
                return decoded::need_more();
            std::span<char> frame =
                in.first(header.header_size + static_cast<std::size_t>(header.payload_size));
            in = in.subspan(frame.size());
            return inner_.decode(frame);
        }
        const bool in_message = held_ && held_->in_message;
        const bool continues = header.code == opcode::continuation;
        if (!continues && in_message)
            return fail(error::continuation_expected);
        if (continues && !in_message)
            return fail(error::unexpected_continuation);
        if (!continues && !compressed) {
            inner_in_message_ = true;
            return decode_plain(in);
        }
        return take_compressed(in, header);
    }

    decoded take_compressed(std::span<char>& in, const frame_header& header)
    {
        const bool continues = header.code == opcode::continuation;
        const auto kind = header.code == opcode::text ? message_kind::text : message_kind::binary;
        const std::size_t before = continues ? held_->bytes.size() : 0;
        if (header.payload_size > max_compressed_bytes() - before)
            return fail(error::message_too_large);
        in = in.subspan(header.header_size);
        if (!header.fin || continues)
            inner_.count_fragment();
        if (header.fin && !continues && header.payload_size <= in.size()) {
            const std::span<char> payload = in.first(static_cast<std::size_t>(header.payload_size));
            in = in.subspan(payload.size());
            apply_mask(payload.data(), payload.size(), header.mask);
            return inflate({payload.data(), payload.size()}, kind);
        }
        holding& h = hold();
        if (!continues)
            h.kind = kind;
        h.in_message = h.in_frame = true;
        h.final_frame = header.fin;
        h.frame_left = header.payload_size;
        h.mask = header.mask;
        h.mask_phase = 0;
        return take_piece(in);
    }

    decoded take_piece(std::span<char>& in)
    {
        holding& h = *held_;
        const auto size =
            static_cast<std::size_t>(std::min<std::uint64_t>(h.frame_left, in.size()));
        h.mask_phase = apply_mask(in.data(), size, h.mask, h.mask_phase);
        h.bytes.append(in.data(), size);
        in = in.subspan(size);
        h.frame_left -= size;
        h.in_frame = h.frame_left != 0;
        if (h.in_frame || !h.final_frame)
            return decoded::need_more();
        return inflate(h.bytes, h.kind);
    }

    decoded inflate(std::string_view payload, message_kind kind)
    {
        inflated_message& message = hold().inflated;
        message = inflate_message(payload, options_->max_message_bytes);
        if (message.status == inflated_message::too_large)
            return fail(error::message_too_large);
        if (message.status == inflated_message::corrupt)
            return fail(error::malformed);
        if (kind == message_kind::text && !is_valid_utf8(message.view()))
            return fail(error::invalid_utf8);
        spent_ = true;
        return decoded::whole({message.view(), kind});
    }

    CRIER_COLD decoded fail(error why)
    {
        close_code code = close_code::protocol_error;
        if (why == error::invalid_utf8 || why == error::malformed)
            code = close_code::invalid_payload;
        else if (why == error::message_too_large)
            code = close_code::message_too_big;
        const error_code ec = why;
        ended_ = true;
        held_ = std::make_unique<holding>();
        const std::string reason =
            why == error::malformed ? "malformed compressed data" : ec.message();
        held_->bytes = websocket::encode_close(code, reason).bytes();
        return decoded::failed(ec, held_->bytes);
    }

    /// What compresses badly is a little larger than before: by an eighth with the fixed code.
    std::size_t max_compressed_bytes() const noexcept
    {
        const std::size_t most = std::min(options_->max_message_bytes, SIZE_MAX / 2);
        return most + most / 8 + 64;
    }

    websocket::decoder inner_;
    const websocket* options_;
    std::unique_ptr<holding> held_;
    std::uint8_t max_window_bits_;  // 0: no offer is accepted
    std::uint8_t window_bits_ = 0;  // as agreed; 0: no compression
    bool inner_in_message_ = false; // it is in the middle of a message that is not compressed
    bool inner_spent_ = false;      // what it holds has been handed out and is of no more use
    bool spent_ = false;            // the same of held_
    bool ended_ = false;            // failed here
};

} // namespace detail

/// Codec: websocket, with the extension permessage-deflate (RFC 7692) for the clients that offer it.
///
/// A message is compressed once for all receivers that have agreed on the same window: server and
/// client forget after each message (`server_no_context_takeover`, `client_no_context_takeover`). So a
/// connection holds no state of zlib, and a frame serves everybody. Receivers without the extension,
/// messages below the threshold and those that would get no smaller (or for which there is no memory)
/// are sent as they are.
///
/// All state of zlib belongs to threads: to decompress, 45 KiB; to compress, 2^(bits+2) +
/// 2^(memory_level+9) bytes and 6 KiB for each window that messages have asked for, where a message
/// asks for the smallest one that it fits into, with as much memory as that is good for. With the
/// defaults: 60 KiB if no message is above 1.7 KiB, at most 0.8 MB in all. It is freed when the thread
/// ends.
///
/// `max_message_bytes` is the most that a message may have, inflated: no more is inflated. Until the last
/// frame of a message has come its payload is kept as it is, up to an eighth above that.
///
/// Security: the length of a compressed message tells how much of it repeats. Where one message holds a
/// secret (a token, say) beside text that another party chooses, who sees the lengths on the wire can
/// guess the secret piece by piece, TLS or not (CRIME, BREACH). Send the two in messages of their own,
/// or secrets by a listener without compression.
///
/// Errors: those of websocket, and `malformed` (1007) for a payload that is no DEFLATE data or does not
/// end with a whole block. RSV1 on control frames and continuations: 1002.
///
/// Thread safety: that of websocket; encode() may be called from any thread.
///
/// Models: framing_codec, with an opening, pings, a close handshake and variants.
///
/// Example:
///     crier::clients<crier::tcp, crier::websocket_deflate<>> pages{.transport = {.port = 1234}};
///     pages.codec.max_message_bytes = 1024;
///
///     // In a pair of braces of their own, as they are a base class's; then accept_offers.
///     crier::clients<crier::tcp, crier::websocket_deflate<>> without_compression{
///         .transport = {.port = 1235}, .codec = {{.max_message_bytes = 4096}, false}};
///
///     // The parameters are in crier/codec/websocket/deflate_message.hpp.
///     using small = crier::websocket_deflate<crier::deflate_parameters{.level = 9}>;
///     crier::clients<crier::tcp, small> slower{.transport = {.port = 1236}};
template <deflate_parameters Parameters = deflate_parameters{}>
struct websocket_deflate : websocket
{
    static_assert(Parameters.valid(),
                  "deflate_parameters: level and memory_level are 1 to 9, max_window_bits 9 to 15");

    bool accept_offers = true; ///< false: no compression, as with websocket

    /// The decoding state of one connection.
    class decoder : public detail::websocket_deflate_decoder
    {
    public:
        /// Lifetime: the options must outlive the decoder.
        explicit decoder(const websocket_deflate& options) noexcept
            : websocket_deflate_decoder(options,
                                        options.accept_offers ? Parameters.max_window_bits : 0)
        {}
    };

    /// No compression, and one for each window that a client may ask for.
    static constexpr std::size_t variants = 2u + Parameters.max_window_bits - 9;

    /// One unfragmented text or binary frame, not compressed.
    static frame encode(message_view message) { return websocket::encode(message); }

    /// One unfragmented text or binary frame, compressed if that is of use.
    static frame encode(message_view message, std::size_t variant)
    {
        if (variant == 0 || message.data.size() < Parameters.threshold_bytes)
            return encode(message);
        const int window_bits = Parameters.max_window_bits + 1 - static_cast<int>(variant);
        const std::string_view payload = deflate_message(message.data, Parameters, window_bits);
        if (payload.empty())
            return encode(message);
        const auto code = message.kind == message_kind::text ? opcode::text : opcode::binary;
        return frame::build(server_header_size(payload.size()) + payload.size(), [&](char* out) {
            const std::size_t header_size = write_frame_header(out, code, payload.size());
            out[0] = static_cast<char>(out[0] | 0x40); // RSV1
            std::memcpy(out + header_size, payload.data(), payload.size());
        });
    }
};

} // namespace crier

#endif
