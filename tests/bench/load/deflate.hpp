// permessage-deflate (RFC 7692) on the client's side, as browsers offer it. What comes is inflated by zlib.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <zlib.h>

namespace bench {

inline constexpr std::string_view deflate_offer =
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";

// An opening request with the offer.
inline std::string with_deflate_offer(std::string request)
{
    return request.insert(request.size() - 2, deflate_offer);
}

class inflater
{
public:
    inflater()
    {
        if (inflateInit2(&stream_, -15) != Z_OK)
            throw std::runtime_error("zlib has no memory");
    }
    ~inflater() { inflateEnd(&stream_); }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    void forget() { inflateReset(&stream_); }

    // Of the whole message; empty if it cannot be inflated, or is longer than anything that was sent.
    std::string_view inflate_message(std::string_view payload)
    {
        std::size_t size = 0;
        for (const std::string_view part : {payload, std::string_view("\x00\x00\xff\xff", 4)}) {
            stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
            stream_.avail_in = static_cast<uInt>(part.size());
            stream_.next_out = reinterpret_cast<Bytef*>(out_.get()) + size;
            stream_.avail_out = static_cast<uInt>(most - size);
            if (inflate(&stream_, Z_SYNC_FLUSH) != Z_OK || stream_.avail_in != 0)
                return {};
            size = most - stream_.avail_out;
        }
        return {out_.get(), size};
    }

private:
    static constexpr std::size_t most = 128 * 1024;

    z_stream stream_{};
    std::unique_ptr<char[]> out_{new char[most]};
};

// What a client has agreed on.
class deflate_agreement
{
public:
    // Takes the extension's line out of an answer's header. Empty if all is well.
    std::string take_from(std::string& header)
    {
        const std::string_view name = "\r\nSec-WebSocket-Extensions: ";
        const std::size_t at = header.find(name);
        if (at == header.npos)
            return "the server does not compress";
        const std::size_t end = header.find("\r\n", at + name.size());
        const std::string line = header.substr(at, end - at);
        header.erase(at, end - at);
        if (!line.starts_with(std::string(name) + "permessage-deflate"))
            return "an extension that nobody asked for: " + line.substr(2);
        if (line.find("server_no_context_takeover") == line.npos)
            own_ = std::make_unique<inflater>();
        return {};
    }

    // The message behind a compressed payload.
    std::string_view message(std::string_view payload)
    {
        if (own_)
            return own_->inflate_message(payload);
        // Without a context the same payload is the same message: of a broadcast, for all.
        static inflater shared;
        static std::array<std::pair<std::string, std::string>, 1024> seen;
        auto& [known, message] = seen[std::hash<std::string_view>()(payload) % seen.size()];
        if (payload != known || known.empty()) {
            shared.forget();
            message = shared.inflate_message(payload);
            known = payload;
        }
        return message;
    }

private:
    std::unique_ptr<inflater> own_; // if the server refers to messages before
};

} // namespace bench
