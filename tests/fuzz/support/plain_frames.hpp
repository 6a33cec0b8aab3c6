#ifndef CRIER_TESTS_FUZZ_PLAIN_FRAMES_HPP
#define CRIER_TESTS_FUZZ_PLAIN_FRAMES_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plain_utf8.hpp"

namespace fuzz {

/// A compressed message, inflated.
struct plain_inflated
{
    std::string message;
    unsigned status = must;

    /// A decoder has to accept it, or may, or fails with 1007 or 1009; else it is the close code.
    static constexpr unsigned must = 0, may = 1, fails = 2;
};

using plain_inflate = plain_inflated (*)(std::string_view payload, std::size_t limit);

/// What a server has to make of a client's frames, RFC 6455 sections 5 and 7, read from all of them
/// at once. Events are text: "text hello", "reply " and a frame, "closed 1000, reply " and a frame,
/// "failed 1002".
class plain_frames
{
public:
    /// `inflate`: permessage-deflate is agreed on. `got`: the events of a decoder, whose choice is followed
    /// where it has one.
    plain_frames(std::string_view bytes, std::size_t limit, plain_inflate inflate = nullptr,
                 const std::vector<std::string>* got = nullptr)
        : left_(bytes), limit_(limit), inflate_(inflate), got_(got)
    {
        while (!over_ && one_frame()) {
        }
    }

    std::vector<std::string> events;

private:
    enum : unsigned { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

    unsigned at(std::size_t i) const { return static_cast<unsigned char>(left_[i]); }

    bool fail(unsigned code)
    {
        events.push_back("failed " + std::to_string(code));
        over_ = true;
        return false;
    }

    /// False if it is not all there.
    bool one_frame()
    {
        if (left_.empty())
            return false;
        const bool fin = at(0) & 0x80, compressed = at(0) & 0x40;
        const unsigned code = at(0) & 0x0F;
        const bool control = code >= 8;
        if ((at(0) & 0x30) || (code > binary && code < close) || code > pong || (control && !fin))
            return fail(1002);
        const bool in_plain_message = in_message_ && !compressed_;
        if (compressed && (!inflate_ || control || code == continuation || in_plain_message))
            return fail(1002);
        if (left_.size() < 2)
            return false;
        if (!(at(1) & 0x80) || (control && (at(1) & 0x7F) > 125))
            return fail(1002);
        std::uint64_t size = at(1) & 0x7F;
        const std::size_t front = size < 126 ? 2 : size == 126 ? 4 : 10;
        if (front == 10 && left_.size() > 2 && at(2) >= 0x80)
            return fail(1002);
        if (left_.size() < front)
            return false;
        if (front > 2) {
            size = 0;
            for (std::size_t i = 2; i < front; ++i)
                size = size << 8 | at(i);
            if (size < (front == 4 ? 126u : 65536u))
                return fail(1002);
        }
        if (left_.size() < front + 4)
            return false;
        const bool whole = left_.size() - front - 4 >= size;
        std::string payload(left_.substr(front + 4, size));
        for (std::size_t i = 0; i < payload.size(); ++i)
            payload[i] = static_cast<char>(payload[i] ^ left_[front + i % 4]);
        if (control)
            return whole && take_control(code, payload) && skip(front + 4 + size);
        return take_data(code, compressed, fin && whole, size, payload) && whole &&
               skip(front + 4 + size);
    }

    bool skip(std::uint64_t bytes)
    {
        left_.remove_prefix(static_cast<std::size_t>(bytes));
        return true;
    }

    bool take_data(unsigned code, bool compressed, bool last, std::uint64_t size,
                   const std::string& payload)
    {
        if ((code == continuation) != in_message_)
            return fail(1002);
        if (code != continuation) {
            kind_ = code;
            compressed_ = compressed;
            message_.clear();
            in_message_ = true;
        }
        // What compresses badly is larger than before.
        const std::size_t most = compressed_ ? limit_ + limit_ / 8 + 64 : limit_;
        if (size > most - message_.size())
            return fail(1009);
        message_ += payload;
        if (compressed_ && last) {
            plain_inflated inflated = inflate_(message_, limit_);
            const bool failed =
                events.size() < got_->size() && (*got_)[events.size()].starts_with("failed");
            if (inflated.status == plain_inflated::may && failed)
                inflated.status = 1007;
            if (inflated.status == plain_inflated::fails)
                inflated.status = failed && (*got_)[events.size()] == "failed 1009" ? 1009 : 1007;
            if (inflated.status != plain_inflated::must && inflated.status != plain_inflated::may)
                return fail(inflated.status);
            message_.swap(inflated.message);
        }
        if (kind_ == text && (!compressed_ || last)) {
            const plain_utf8 utf8(message_);
            if (utf8.good != message_.size() || (last && !utf8.complete))
                return fail(1007);
        }
        if (last) {
            events.push_back((kind_ == text ? "text " : "binary ") + message_);
            in_message_ = false;
        }
        return true;
    }

    static std::string server_frame(unsigned code, std::string_view payload)
    {
        return {static_cast<char>(0x80 | code), static_cast<char>(payload.size())};
    }

    bool take_control(unsigned code, const std::string& payload)
    {
        if (code == ping)
            events.push_back("reply " + server_frame(pong, payload) + payload);
        if (code != close)
            return true;
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(payload[i]); };
        const unsigned why = payload.size() < 2 ? 0 : byte(0) * 256u + byte(1);
        const bool known = (why >= 1000 && why <= 1003) || (why >= 1007 && why <= 1014) ||
                           (why >= 3000 && why <= 4999);
        if (!payload.empty() && !known)
            return fail(1002);
        const std::string reason = payload.size() < 2 ? std::string() : payload.substr(2);
        if (!plain_utf8(reason).valid(reason))
            return fail(1007);
        const std::string echoed = payload.substr(0, 2);
        events.push_back("closed " + std::to_string(why) + ", reply " +
                         server_frame(close, echoed) + echoed);
        over_ = true;
        return false;
    }

    std::string_view left_;
    std::size_t limit_;
    plain_inflate inflate_;
    const std::vector<std::string>* got_;
    std::string message_;
    unsigned kind_ = text;
    bool in_message_ = false, compressed_ = false;
    bool over_ = false;
};

/// Of what a decoder says of a failure, the close code that it tells the peer.
inline std::vector<std::string> without_reasons(std::vector<std::string> events)
{
    for (std::string& event : events) {
        if (!event.starts_with("failed"))
            continue;
        const std::size_t frame = event.find(", reply \x88");
        const auto byte = [&](std::size_t i) {
            return i < event.size() ? static_cast<unsigned char>(event[i]) : 0u;
        };
        const std::size_t code = frame + 10; // behind the two bytes of a header
        const bool one_frame = frame != std::string::npos && event.size() == code + byte(code - 1);
        event = one_frame ? "failed " + std::to_string(byte(code) * 256u + byte(code + 1))
                          : "failed without one close frame";
    }
    return events;
}

} // namespace fuzz

#endif
