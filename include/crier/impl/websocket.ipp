#ifndef CRIER_IMPL_WEBSOCKET_IPP
#define CRIER_IMPL_WEBSOCKET_IPP

#include <crier/codec/websocket.hpp>
#include <crier/codec/websocket/mask.hpp>
#include <crier/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace crier {

CRIER_DECL frame websocket::encode_frame(opcode code, std::string_view payload)
{
    return frame::build(server_header_size(payload.size()) + payload.size(), [&](char* out) {
        out += write_frame_header(out, code, payload.size());
        if (!payload.empty())
            std::memcpy(out, payload.data(), payload.size());
    });
}

CRIER_COLD CRIER_DECL frame websocket::encode_close(close_code code, std::string_view reason)
{
    if (code == close_code::none)
        return encode_frame(opcode::close, {});
    reason = reason.substr(0, 123);
    while (!is_valid_utf8(reason))
        reason.remove_suffix(1);
    auto number = static_cast<std::uint16_t>(code);
    if (!is_sendable(number))
        number = static_cast<std::uint16_t>(close_code::internal_error);
    std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
    payload += reason;
    return encode_frame(opcode::close, payload);
}

/// What is kept of something that did not come in one piece.
struct websocket::decoder::collection
{
    opening_request request;
    std::string bytes; // the message so far, or an answer

    message_kind kind = message_kind::text;
    utf8_validator utf8;
    std::uint64_t frame_left = 0; // bytes of the current data frame's payload still to come
    std::array<unsigned char, 4> mask{};
    unsigned mask_phase = 0;
    bool in_message = false;  // begun, and FIN has not come
    bool in_frame = false;    // a data frame's header was read, its payload not to the end
    bool final_frame = false; // that frame has FIN
};

CRIER_DECL websocket::decoder::decoder(const websocket& options) noexcept : options_(&options) {}

CRIER_DECL websocket::decoder::~decoder() = default;

CRIER_DECL const opening_request& websocket::decoder::request() const noexcept
{
    return collected_->request;
}

CRIER_DECL bool websocket::decoder::in_message() const noexcept
{
    return collected_ && collected_->in_message && !spent_;
}

CRIER_DECL decoded websocket::decoder::decode(std::span<char>& in)
{
    if (spent_) {
        collected_.reset();
        spent_ = false;
    }
    if (stage_ == stage::request)
        return decode_request(in);
    while (stage_ == stage::frames) {
        const std::size_t before = in.size();
        const decoded found =
            collected_ && collected_->in_frame ? take_piece(in) : decode_frame(in);
        // A pong, or a fragment, is no event: go on with what follows it.
        if (found.kind != decoded::kind_need_more || in.size() == before || in.empty())
            return found;
    }
    in = {};
    return decoded::need_more();
}

CRIER_DECL decoded websocket::decoder::decode_frame(std::span<char>& in)
{
    const frame_header_result parsed = parse_frame_header(in);
    if (parsed.status == frame_header_result::need_more)
        return decoded::need_more();
    if (parsed.status == frame_header_result::failed)
        return fail(static_cast<error>(parsed.ec.value()));
    const frame_header& header = parsed.header;
    if (is_control(header.code))
        return take_control(in, header);

    const bool in_message = collected_ && collected_->in_message;
    const bool continues = header.code == opcode::continuation;
    if (continues && !in_message)
        return fail(error::unexpected_continuation);
    if (!continues && in_message)
        return fail(error::continuation_expected);
    const std::size_t before = in_message ? collected_->bytes.size() : 0;
    if (header.payload_size > options_->max_message_bytes - before)
        return fail(error::message_too_large);

    if (header.fin && !in_message && header.payload_size <= in.size() - header.header_size)
        return take_whole(in, header);
    if (!header.fin || in_message)
        count_fragment();
    if (!collected_)
        collected_ = std::make_unique<collection>();
    if (!continues)
        collected_->kind = header.code == opcode::text ? message_kind::text : message_kind::binary;
    collected_->in_message = collected_->in_frame = true;
    collected_->final_frame = header.fin;
    collected_->frame_left = header.payload_size;
    collected_->mask = header.mask;
    collected_->mask_phase = 0;
    in = in.subspan(header.header_size);
    return take_piece(in);
}

CRIER_DECL decoded websocket::decoder::take_whole(std::span<char>& in, const frame_header& header)
{
    const auto size = static_cast<std::size_t>(header.payload_size);
    char* const payload = in.data() + header.header_size;
    apply_mask(payload, size, header.mask);
    in = in.subspan(header.header_size + size);
    const std::string_view bytes(payload, size);
    if (header.code == opcode::binary)
        return decoded::whole({bytes, message_kind::binary});
    if (!is_valid_utf8(bytes))
        return fail(error::invalid_utf8);
    return decoded::whole(bytes);
}

CRIER_DECL decoded websocket::decoder::take_piece(std::span<char>& in)
{
    collection& c = *collected_;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(c.frame_left, in.size()));
    const std::string_view piece(in.data(), size);
    c.mask_phase = apply_mask(in.data(), size, c.mask, c.mask_phase);
    in = in.subspan(size);
    if (c.kind == message_kind::text && !c.utf8.consume(piece))
        return fail(error::invalid_utf8);
    c.bytes.append(piece);
    c.frame_left -= size;
    c.in_frame = c.frame_left != 0;
    if (c.in_frame || !c.final_frame)
        return decoded::need_more();
    if (c.kind == message_kind::text && !c.utf8.complete())
        return fail(error::invalid_utf8);
    spent_ = true;
    return decoded::whole({c.bytes, c.kind});
}

CRIER_DECL decoded websocket::decoder::take_control(std::span<char>& in, const frame_header& header)
{
    const auto size = static_cast<std::size_t>(header.payload_size);
    if (in.size() < header.header_size + size)
        return decoded::need_more();
    if (control_frames_ != UINT16_MAX)
        ++control_frames_;
    char* const payload_front = in.data() + header.header_size;
    in = in.subspan(header.header_size + size);
    apply_mask(payload_front, size, header.mask);
    const std::string_view payload(payload_front, size);

    if (header.code == opcode::close)
        return take_close(payload, payload_front);
    if (header.code == opcode::pong)
        return decoded::need_more();
    // The answer is the same payload behind a header without a mask: it is written over the mask.
    char* const reply = payload_front - server_header_size(size);
    write_frame_header(reply, opcode::pong, size);
    return decoded::answer({reply, server_header_size(size) + size});
}

CRIER_DECL decoded websocket::decoder::take_close(std::string_view payload, char* payload_front)
{
    std::uint16_t code = 0;
    if (payload.size() >= 2)
        code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                          static_cast<unsigned char>(payload[1]));
    if (payload.size() == 1 || (code != 0 && !is_sendable(code)) ||
        (payload.size() >= 2 && code == 0))
        return fail(error::bad_close_payload);
    if (payload.size() > 2 && !is_valid_utf8(payload.substr(2)))
        return fail(error::invalid_utf8);

    // The answer repeats the code, not the reason (RFC 6455 section 5.5.1).
    stage_ = stage::ended;
    const std::size_t echoed = code ? 2 : 0;
    char* const reply = payload_front - server_header_size(echoed);
    write_frame_header(reply, opcode::close, echoed);
    return decoded::closed(static_cast<close_code>(code),
                           {reply, server_header_size(echoed) + echoed});
}

CRIER_COLD CRIER_DECL decoded websocket::decoder::fail(error why)
{
    close_code code = close_code::protocol_error;
    if (why == error::invalid_utf8)
        code = close_code::invalid_payload;
    else if (why == error::message_too_large)
        code = close_code::message_too_big;
    const error_code ec = why;
    stage_ = stage::ended;
    collected_ = std::make_unique<collection>();
    collected_->bytes = encode_close(code, ec.message()).bytes();
    return decoded::failed(ec, collected_->bytes);
}

CRIER_COLD CRIER_DECL decoded websocket::decoder::decode_request(std::span<char>& in)
{
    // Look for the empty line, judging no more than line ends: a bare LF is refused at once.
    std::size_t searched = searched_or_fragments_; // however few bytes come at a time, each once
    const std::size_t limit = std::min(in.size(), options_->max_header_bytes);
    if (!in.empty() && (in[0] < 'A' || in[0] > 'Z'))
        return refuse(error::bad_request); // TLS, say: no need to wait for a line end
    for (;;) {
        const void* lf =
            searched < limit ? std::memchr(in.data() + searched, '\n', limit - searched) : nullptr;
        if (!lf)
            break;
        const auto at = static_cast<std::size_t>(static_cast<const char*>(lf) - in.data());
        if (at < 2 || in[at - 1] != '\r')
            return refuse(error::bad_request);
        if (in[at - 2] == '\n') { // an empty line: the header's end
            collected_ = std::make_unique<collection>();
            if (const error_code ec = collected_->request.parse({in.data(), at + 1}))
                return refuse(static_cast<error>(ec.value()));
            in = in.subspan(at + 1);
            return decoded::opening();
        }
        searched = at + 1;
    }
    if (in.size() >= options_->max_header_bytes)
        return refuse(error::header_too_large);
    searched_or_fragments_ = static_cast<std::uint32_t>(std::min<std::size_t>(limit, UINT32_MAX));
    return decoded::need_more();
}

CRIER_COLD CRIER_DECL std::string_view websocket::decoder::answer(const opening_answer& how)
{
    std::string& bytes = collected_->bytes;
    if (how.accepted && request().is_upgrade()) {
        bytes = switching_protocols(request(), how.subprotocol);
        stage_ = stage::frames;
        searched_or_fragments_ = 0;
    } else {
        bytes = to_bytes(how.accepted ? refusal(error::upgrade_required) : how.response);
        stage_ = stage::ended;
    }
    spent_ = true;
    return bytes;
}

CRIER_COLD CRIER_DECL decoded websocket::decoder::refuse(error why)
{
    stage_ = stage::ended;
    if (!collected_)
        collected_ = std::make_unique<collection>();
    http_response response = refusal(why);
    if (request().method() == "HEAD")
        response.body.clear(); // an answer to HEAD has none (RFC 7230 section 3.3)
    collected_->bytes = to_bytes(response);
    return decoded::failed(why, collected_->bytes);
}

} // namespace crier

#endif
