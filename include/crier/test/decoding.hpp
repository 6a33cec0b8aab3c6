#ifndef CRIER_TEST_DECODING_HPP
#define CRIER_TEST_DECODING_HPP

#include <crier/concepts/codec.hpp>
#include <crier/opening.hpp>
#include <crier/test/report.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crier::test {

/// An event that a decoder found, with a copy of what it showed.
struct decoded_event
{
    decoded::kind_type kind{};
    close_code code = close_code::none;
    message_kind what = message_kind::text; ///< of a message
    std::string data;                       ///< the message, or the target of an opening request
    std::string reply;                      ///< what is to be sent back
    error_code ec;

    friend bool operator==(const decoded_event&, const decoded_event&) = default;
};

/// The event in words: `message "hello"`.
inline std::string to_string(const decoded_event& e)
{
    constexpr const char* names[] = {"need_more", "opening", "message", "reply",
                                     "discarded", "closed",  "failed"};
    std::string text = names[e.kind];
    if (e.kind == decoded::kind_message || e.kind == decoded::kind_opening)
        text += (e.what == message_kind::binary ? " binary \"" : " \"") + readable(e.data) + '"';
    if (e.ec)
        text += " (" + e.ec.message() + ')';
    if (!e.reply.empty())
        text += ", answers \"" + readable(e.reply) + '"';
    return text;
}

/// What became of some bytes.
struct decoding
{
    std::vector<decoded_event> events;
    std::string broken_rule; ///< of framing_codec, that the decoder broke; empty if none

    /// The messages alone.
    std::vector<std::string> messages() const
    {
        std::vector<std::string> found;
        for (const decoded_event& e : events)
            if (e.kind == decoded::kind_message)
                found.push_back(e.data);
        return found;
    }
};

/// Gives a new decoder the bytes in pieces, as the engine would: what it leaves comes again in front
/// of the next piece; an opening is accepted; nothing comes after `closed` and `failed`. The pieces
/// have these sizes in turn, the last one what remains.
template <framing_codec Codec>
decoding decode(const Codec& codec, std::string_view bytes,
                std::span<const std::size_t> pieces = {})
{
    decoding result;
    typename Codec::decoder decoder(codec);
    std::string left;
    std::size_t at = 0;
    bool ended = false;
    for (std::size_t piece = 0; at < bytes.size() && !ended; ++piece) {
        const std::size_t size = piece < pieces.size() ? pieces[piece] : bytes.size() - at;
        // A block of its own, so that a sanitizer sees a decoder that reads on.
        std::vector<char> buffer(left.begin(), left.end());
        const std::string_view next = bytes.substr(at, size);
        buffer.insert(buffer.end(), next.begin(), next.end());
        at += next.size();
        std::span<char> in(buffer);
        for (int idle = 0; !ended;) {
            const std::size_t before = in.size();
            const char* const end = in.data() + in.size();
            const decoded found = decoder.decode(in);
            if (in.size() > before || (!in.empty() && in.data() + in.size() != end)) {
                result.broken_rule = "decode() takes from the front of the input and nowhere else";
                return result;
            }
            if (found.kind == decoded::kind_need_more)
                break;
            idle = in.size() == before ? idle + 1 : 0;
            if (idle > 2) {
                result.broken_rule = "decode() finds events without end in the same bytes";
                return result;
            }
            decoded_event event{found.kind,
                                found.code,
                                found.message.kind,
                                std::string(found.message.data),
                                std::string(found.reply),
                                found.ec};
            if constexpr (codec_opens<Codec>) {
                if (found.kind == decoded::kind_opening) {
                    event.data = decoder.request().target();
                    event.reply = decoder.answer(opening_answer::accept());
                }
            }
            result.events.push_back(std::move(event));
            ended = found.kind == decoded::kind_closed || found.kind == decoded::kind_failed;
        }
        left.assign(in.begin(), in.end());
        if (!ended && left.size() > codec.max_unfinished_bytes()) {
            result.broken_rule = "decode() left " + std::to_string(left.size()) +
                                 " bytes, more than max_unfinished_bytes()";
            return result;
        }
    }
    return result;
}

} // namespace crier::test

#endif
