#ifndef CRIER_TESTS_HTTP_REQUEST_HPP
#define CRIER_TESTS_HTTP_REQUEST_HPP

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// A client's request that starts as the WebSocket upgrade of RFC 6455 section 1.3 and is then
/// changed: `http_request().with("Host", "other").without("Upgrade").bytes()`.
class http_request
{
public:
    http_request& line(std::string_view request_line)
    {
        line_ = request_line;
        return *this;
    }

    /// In place of the field of this name, or behind the others.
    http_request& with(std::string_view name, std::string_view value)
    {
        const auto found = find(name);
        if (found == fields_.end())
            return more(name, value);
        found->second = value;
        return *this;
    }

    /// Behind the others, whatever there is already.
    http_request& more(std::string_view name, std::string_view value)
    {
        fields_.emplace_back(name, value);
        return *this;
    }

    http_request& without(std::string_view name)
    {
        fields_.erase(find(name));
        return *this;
    }

    /// Leaves nothing of a WebSocket in it.
    http_request& plain()
    {
        fields_ = {{"Host", "server.example.com"}};
        return *this;
    }

    /// Up to this many bytes, by one more field of `x`.
    http_request& padded_to(std::size_t size)
    {
        const std::size_t least = more("X-Padding", "").bytes().size();
        fields_.back().second.assign(size - least, 'x');
        return *this;
    }

    std::string bytes() const
    {
        std::string out = line_ + "\r\n";
        for (const auto& [name, value] : fields_)
            out += name + ": " + value + "\r\n";
        return out + "\r\n";
    }

private:
    using field = std::pair<std::string, std::string>;

    std::vector<field>::iterator find(std::string_view name)
    {
        return std::find_if(fields_.begin(), fields_.end(),
                            [&](const field& f) { return f.first == name; });
    }

    std::string line_ = "GET /chat HTTP/1.1";
    std::vector<field> fields_{
        {"Host", "server.example.com"},  {"Upgrade", "websocket"},
        {"Connection", "Upgrade"},       {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
        {"Sec-WebSocket-Version", "13"},
    };
};

} // namespace support

#endif
