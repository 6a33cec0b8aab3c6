#ifndef CRIER_IMPL_WEBSOCKET_IPP
#define CRIER_IMPL_WEBSOCKET_IPP

#include <crier/codec/websocket.hpp>
#include <crier/codec/websocket/mask.hpp>

#include <algorithm>
#include <cstring>

namespace crier {

CRIER_DECL frame websocket::encode_frame(opcode code, std::string_view payload)
{
    return frame::build(server_header_size(payload.size()) + payload.size(), [&](char* out) {
        out += write_frame_header(out, code, payload.size());
        if (!payload.empty())
            std::memcpy(out, payload.data(), payload.size());
    });
}

CRIER_DECL frame websocket::encode_close(close_code code, std::string_view reason)
{
    if (code == close_code::none)
        return encode_frame(opcode::close, {});
    if (reason.size() > 123) {
        reason = reason.substr(0, 123);
        while (!reason.empty() && !is_valid_utf8(reason))
            reason.remove_suffix(1);
    }
    const auto number = static_cast<std::uint16_t>(code);
    std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
    payload += reason;
    return encode_frame(opcode::close, payload);
}

CRIER_DECL decoded websocket::decoder::decode(std::span<char>& in)
{
    if (delivered_)
        forget_message();
    for (;;) {
        if (stage_ == stage::request)
            return decode_request(in);
        if (stage_ == stage::ended) {
            in = {};
            return decoded::need_more();
        }
        if (in_frame_)
            return decode_payload(in);

        const frame_header_result parsed = parse_frame_header(in);
        if (parsed.status == frame_header_result::need_more)
            return decoded::need_more();
        if (parsed.status == frame_header_result::failed)
            return fail(static_cast<error>(parsed.ec.value()));
        if (is_control(parsed.header.code)) {
            if (in.size() < parsed.header.header_size + parsed.header.payload_size)
                return decoded::need_more();
            const decoded found = take_control(in, parsed.header);
            if (found.kind != decoded::kind_need_more) // a pong says nothing
                return found;
            continue;
        }
        if (const decoded refused = begin_data(parsed.header);
            refused.kind == decoded::kind_failed)
            return refused;
        in = in.subspan(parsed.header.header_size);
        const decoded found = decode_payload(in);
        if (found.kind != decoded::kind_need_more || in_frame_)
            return found;
    }
}

CRIER_DECL decoded websocket::decoder::begin_data(const frame_header& header)
{
    const bool continues = header.code == opcode::continuation;
    if (continues && !in_message_)
        return fail(error::unexpected_continuation);
    if (!continues && in_message_)
        return fail(error::continuation_expected);
    const std::size_t collected = buffer_ ? buffer_->size() : 0;
    if (header.payload_size > options_->max_message_bytes - collected)
        return fail(error::message_too_large);

    if (!continues) {
        kind_ = header.code == opcode::text ? message_kind::text : message_kind::binary;
        in_message_ = true;
    }
    in_frame_ = true;
    final_frame_ = header.fin;
    frame_left_ = header.payload_size;
    mask_ = header.mask;
    mask_phase_ = 0;
    return decoded::need_more();
}

CRIER_DECL decoded websocket::decoder::decode_payload(std::span<char>& in)
{
    const std::size_t size = std::min<std::uint64_t>(frame_left_, in.size());
    const std::string_view piece(in.data(), size);
    mask_phase_ = static_cast<unsigned char>(apply_mask(in.data(), size, mask_, mask_phase_));
    if (kind_ == message_kind::text && !utf8_.consume(piece))
        return fail(error::invalid_utf8);
    in = in.subspan(size);
    frame_left_ -= size;

    const bool frame_ends = frame_left_ == 0;
    const bool message_ends = frame_ends && final_frame_;
    const bool collecting = buffer_ != nullptr;
    if (!message_ends || collecting) {
        if (!buffer_)
            buffer_ = std::make_unique<std::string>();
        buffer_->append(piece);
    }
    in_frame_ = !frame_ends;
    if (!message_ends)
        return decoded::need_more();

    if (kind_ == message_kind::text && !utf8_.complete())
        return fail(error::invalid_utf8);
    in_message_ = false;
    delivered_ = collecting;
    utf8_.reset();
    return decoded::whole({collecting ? std::string_view(*buffer_) : piece, kind_});
}

CRIER_DECL decoded websocket::decoder::take_control(std::span<char>& in,
                                                    const frame_header& header)
{
    char* const payload_front = in.data() + header.header_size;
    const auto size = static_cast<std::size_t>(header.payload_size);
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

CRIER_DECL decoded websocket::decoder::fail(error why)
{
    close_code code = close_code::protocol_error;
    if (why == error::invalid_utf8)
        code = close_code::invalid_payload;
    else if (why == error::message_too_large)
        code = close_code::message_too_big;
    const error_code ec = why;
    stage_ = stage::ended;
    buffer_ = std::make_unique<std::string>(encode_close(code, ec.message()).bytes());
    return decoded::failed(ec, *buffer_);
}

CRIER_DECL decoded websocket::decoder::decode_request(std::span<char>& in)
{
    // Look for the empty line, judging no more than line ends: a bare LF is refused at once.
    std::size_t line = line_start_;
    std::size_t searched = line;
    const std::size_t limit = std::min(in.size(), options_->max_header_bytes);
    if (!in.empty() && (in[0] < 'A' || in[0] > 'Z'))
        return refuse(error::bad_request); // TLS, say: no need to wait for a line end
    for (;;) {
        const void* lf = searched < limit
                             ? std::memchr(in.data() + searched, '\n', limit - searched)
                             : nullptr;
        if (!lf)
            break;
        const auto at = static_cast<std::size_t>(static_cast<const char*>(lf) - in.data());
        if (at == 0 || in[at - 1] != '\r')
            return refuse(error::bad_request);
        if (at - 1 == line) { // an empty line: the header's end
            auto request = std::make_unique<opening_request>();
            if (const error_code ec = request->parse({in.data(), at + 1}))
                return refuse(static_cast<error>(ec.value()));
            in = in.subspan(at + 1);
            request_ = std::move(request);
            return decoded::opening();
        }
        line = searched = at + 1;
    }
    if (in.size() >= options_->max_header_bytes)
        return refuse(error::header_too_large);
    line_start_ = static_cast<std::uint16_t>(std::min<std::size_t>(line, UINT16_MAX));
    return decoded::need_more();
}

CRIER_DECL std::string_view websocket::decoder::answer(const opening_answer& how)
{
    std::string bytes;
    if (how.accepted && request_->is_upgrade()) {
        bytes = switching_protocols(*request_, how.subprotocol);
        stage_ = stage::frames;
    } else {
        bytes = to_bytes(how.accepted ? refusal(error::upgrade_required) : how.response);
        stage_ = stage::ended;
    }
    request_.reset();
    buffer_ = std::make_unique<std::string>(std::move(bytes));
    delivered_ = true;
    return *buffer_;
}

CRIER_DECL decoded websocket::decoder::refuse(error why)
{
    stage_ = stage::ended;
    buffer_ = std::make_unique<std::string>(to_bytes(refusal(why)));
    return decoded::failed(why, *buffer_);
}

inline void websocket::decoder::forget_message() noexcept
{
    buffer_.reset();
    delivered_ = false;
}

} // namespace crier

#endif
