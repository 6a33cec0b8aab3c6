// Frames with permessage-deflate, beside a plain reader of RFC 6455 and zlib.
#include <crier/codec/websocket_deflate.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#define ZLIB_CONST
#include <zlib.h>

#include "plain_frames.hpp"
#include "reader.hpp"
#include "targets.hpp"
#include "websocket_script.hpp"

namespace {

using codec_type = crier::websocket_deflate<crier::deflate_parameters{.threshold_bytes = 0}>;

/// zlib's inflate, without a header around the data.
class by_zlib
{
public:
    explicit by_zlib(std::size_t limit) : room_(limit + 1, '\0')
    {
        ::inflateInit2(&z_, -15);
        z_.next_out = reinterpret_cast<Bytef*>(room_.data());
        z_.avail_out = static_cast<uInt>(room_.size());
    }
    ~by_zlib() { ::inflateEnd(&z_); }
    by_zlib(const by_zlib&) = delete;
    by_zlib& operator=(const by_zlib&) = delete;

    enum state { inside, between_blocks, behind_last, corrupt, too_large, both };

    /// Where it is after these bytes.
    state append(std::string_view bytes)
    {
        z_.next_in = reinterpret_cast<const Bytef*>(bytes.data());
        z_.avail_in = static_cast<uInt>(bytes.size());
        for (;;) {
            const int status = ::inflate(&z_, Z_SYNC_FLUSH);
            const bool failed = status != Z_OK && status != Z_BUF_ERROR && status != Z_STREAM_END;
            if (z_.avail_out == 0)
                return failed ? both : too_large;
            if (status == Z_STREAM_END) {
                ::inflateReset(&z_); // other blocks may follow the last one
                if (z_.avail_in == 0 || bytes == cut_off)
                    return behind_last;
            } else if (failed) {
                return corrupt;
            } else if (z_.avail_in == 0) {
                return z_.data_type == 128 ? between_blocks : inside; // at the end of a byte
            }
        }
    }

    std::string message() const { return room_.substr(0, room_.size() - z_.avail_out); }

    /// What a sender cuts off (RFC 7692 section 7.2.1).
    static constexpr std::string_view cut_off{"\x00\x00\xFF\xFF", 4};

private:
    ::z_stream z_{};
    std::string room_;
};

fuzz::plain_inflated inflate_by_zlib(std::string_view payload, std::size_t limit)
{
    using fuzz::plain_inflated;
    if (payload.empty())
        return {{}, plain_inflated::may};
    by_zlib zlib(limit);
    const by_zlib::state before = zlib.append(payload);
    if (before == by_zlib::corrupt)
        return {{}, 1007};
    if (before == by_zlib::too_large)
        return {{}, 1009};
    if (before == by_zlib::both)
        return {{}, plain_inflated::fails};
    const std::string message = zlib.message();
    const by_zlib::state after =
        before == by_zlib::behind_last ? before : zlib.append(by_zlib::cut_off);
    if (after == by_zlib::between_blocks)
        return {zlib.message(), plain_inflated::must};
    // A sender that breaks the rule may be understood: it has cut off nothing, or has sent a last block
    // and no other one.
    if (before != by_zlib::inside)
        return {message, plain_inflated::may};
    if (after == by_zlib::behind_last)
        return {zlib.message(), plain_inflated::may};
    if (after == by_zlib::both)
        return {{}, plain_inflated::fails};
    return {{}, after == by_zlib::too_large ? 1009u : 1007u};
}

const std::string& offer()
{
    static const std::string request = [] {
        std::string text(support::upgrade_request);
        return text.insert(text.size() - 2, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    }();
    return request;
}

/// What the codec compresses, zlib makes the same of, and so does the codec's own decoder.
void round_trip(std::string_view message, unsigned variant)
{
    const std::string frame(
        codec_type::encode({message, crier::message_kind::binary}, variant).bytes());
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(frame[i]); };
    const std::size_t front = byte(1) < 126 ? 2 : byte(1) == 126 ? 4 : 10;
    const std::string payload = frame.substr(front);
    fuzz::require(payload.size() <= message.size(), "nothing grows by being compressed");
    const bool compressed = byte(0) & 0x40;
    if (compressed) {
        using fuzz::plain_inflated;
        const plain_inflated back = inflate_by_zlib(payload, message.size());
        fuzz::require(back.status == plain_inflated::must && back.message == message,
                      "zlib reads what was compressed");
    } else {
        fuzz::require(payload == message, "a message that is not compressed is sent as it is");
    }
}

} // namespace

void fuzz::websocket_deflate(std::string_view bytes)
{
    constexpr std::size_t limits[] = {65536, 0, 1, 10, 125, 126, 1000, 5000};
    // A thread's state of zlib is made once, and is not a decoder's.
    static const crier::inflated_message first =
        crier::inflate_message("\xF2\x48\xCD\xC9\xC9\x07" + std::string(1, '\0'), 100);
    require(first.view() == "Hello", "the RFC's example");
    input in(bytes);
    codec_type codec;
    codec.max_message_bytes = limits[in.number(8)];
    const unsigned variant = in.number(codec_type::variants);
    const read_sizes sizes = in.sizes();

    auto got = read_in_any_cuts(codec, in.bytes(), sizes, offer());
    require(!got.events.empty() && got.variant == 1, "the opening agrees on a window");
    got.events.erase(got.events.begin());
    got.events = without_reasons(std::move(got.events));

    const plain_frames plain(in.bytes(), codec.max_message_bytes, inflate_by_zlib, &got.events);
    require(got.events == plain.events, "what a plain reader and zlib find",
            [&] { return to_text(plain.events) + "\nthe decoder finds" + to_text(got.events); });

    // Compressed it is what has come; inflated, never more than the limit and one byte to see that
    // there is more.
    const std::size_t come = std::min(2 * codec.max_message_bytes, in.bytes().size());
    const std::size_t most = 2 * come + 2 * codec.max_message_bytes + 4096;
    require(got.largest <= most && got.most_held <= static_cast<std::ptrdiff_t>(most),
            "what is inflated is bounded by the limit", [&] {
                return std::to_string(got.largest) + " at once, " + std::to_string(got.most_held) +
                       " held";
            });
    round_trip(in.bytes(), variant);
}
