#ifndef CRIER_TESTS_HTTP_RESPONSE_HPP
#define CRIER_TESTS_HTTP_RESPONSE_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// A server's response, taken apart without help of the library. Bytes that are no response leave
/// `well_formed` false.
struct http_response_parts
{
    bool well_formed = false;
    std::string status_line;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;

    explicit http_response_parts(std::string_view bytes)
    {
        const auto header_end = bytes.find("\r\n\r\n");
        if (header_end == std::string_view::npos)
            return;
        body = bytes.substr(header_end + 4);
        std::string_view header = bytes.substr(0, header_end + 2);
        status_line = take_line(header);
        while (!header.empty()) {
            const std::string_view line = take_line(header);
            const auto colon = line.find(": ");
            if (colon == std::string_view::npos)
                return;
            fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
        well_formed = status_line.starts_with("HTTP/1.1 ");
    }

    /// All values of this name, joined by " | "; "(none)" if there is none.
    std::string field(std::string_view name) const
    {
        std::string out;
        for (const auto& [n, value] : fields)
            if (n == name)
                out += (out.empty() ? "" : " | ") + value;
        return out.empty() ? "(none)" : out;
    }

private:
    static std::string_view take_line(std::string_view& text)
    {
        const auto end = text.find("\r\n");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 2);
        return line;
    }
};

} // namespace support

#endif
