// The opening handshake. What is accepted is held against the rules that matter most for security, read
// plainly.
#include <crier/codec/websocket.hpp>
#include <crier/codec/websocket_deflate.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <openssl/evp.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reader.hpp"
#include "targets.hpp"

namespace {

using fuzz::require;
using support::readable;

std::string lower(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string trimmed(std::string_view text)
{
    const auto from = text.find_first_not_of(" \t");
    return from == std::string_view::npos
               ? std::string()
               : std::string(text.substr(from, text.find_last_not_of(" \t") + 1 - from));
}

/// A header block, taken apart at its line ends and colons; it judges nothing.
struct plain_header
{
    std::string request_line;
    std::vector<std::pair<std::string, std::string>> fields; // names in lower case

    explicit plain_header(std::string_view block)
    {
        for (std::size_t line = 0; !block.empty(); ++line) {
            const std::string_view one = block.substr(0, block.find("\r\n"));
            block.remove_prefix(std::min(block.size(), one.size() + 2));
            if (line == 0) {
                request_line = one;
            } else if (!one.empty()) {
                const std::size_t colon = std::min(one.find(':'), one.size());
                fields.emplace_back(lower(one.substr(0, colon)),
                                    trimmed(one.substr(std::min(one.size(), colon + 1))));
            }
        }
    }

    std::size_t count(std::string_view name) const
    {
        std::size_t n = 0;
        for (const auto& field : fields)
            n += field.first == name;
        return n;
    }

    std::string value(std::string_view name) const
    {
        for (const auto& field : fields)
            if (field.first == name)
                return field.second;
        return {};
    }

    bool lists(std::string_view name, std::string_view token) const
    {
        for (const auto& field : fields) {
            if (field.first != name)
                continue;
            std::string_view rest = field.second;
            for (;;) {
                const std::size_t comma = rest.find(',');
                if (lower(trimmed(rest.substr(0, comma))) == token)
                    return true;
                if (comma == std::string_view::npos)
                    break;
                rest.remove_prefix(comma + 1);
            }
        }
        return false;
    }
};

std::string accept_by_openssl(const std::string& key)
{
    const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, 20> hash;
    ::EVP_Digest(text.data(), text.size(), hash.data(), nullptr, ::EVP_sha1(), nullptr);
    std::array<unsigned char, 32> base64;
    const int size = ::EVP_EncodeBlock(base64.data(), hash.data(), 20);
    return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(size)};
}

/// What no request may have that is read any further.
void check_request(std::string_view block, const plain_header& header)
{
    for (const char c : block)
        require(c == '\t' || c == '\r' || c == '\n' ||
                    (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F),
                "no control character is let through");
    for (std::size_t at = 0; at < block.size(); ++at) {
        require(block[at] != '\n' || (at > 0 && block[at - 1] == '\r'), "no bare LF");
        require(block[at] != '\r' || block.substr(at, 2) == "\r\n", "no bare CR");
        require(block[at] != '\n' || at + 1 == block.size() ||
                    (block[at + 1] != ' ' && block[at + 1] != '\t'),
                "no folded line");
    }
    require(header.request_line.starts_with("GET "), "GET and no other method");
    require(header.count("host") <= 1, "one Host at most");
    require(header.count("transfer-encoding") == 0, "no Transfer-Encoding");
    for (const auto& [name, value] : header.fields) {
        require(!name.empty() && name.find_first_of(" \t()<>@,;\\\"/[]?={}") == std::string::npos,
                "names are tokens");
        require(name != "content-length" || value == "0", "no body");
    }
}

void check_upgrade(const plain_header& header)
{
    require(header.request_line.ends_with(" HTTP/1.1"), "an upgrade is of HTTP/1.1");
    require(header.count("host") == 1, "an upgrade has one Host");
    require(header.lists("upgrade", "websocket") && header.lists("connection", "upgrade"),
            "an upgrade asks for it");
    require(header.count("sec-websocket-version") == 1 &&
                header.value("sec-websocket-version") == "13",
            "an upgrade has the version 13, once");
    require(header.count("sec-websocket-key") == 1 &&
                header.value("sec-websocket-key").size() == 24,
            "an upgrade has one key");
}

/// An answer is one header block, and what its length says.
void check_answer(std::string_view answer)
{
    const std::size_t end = answer.find("\r\n\r\n");
    require(answer.starts_with("HTTP/1.1 ") && end != std::string_view::npos, "an answer is HTTP");
    const plain_header header(answer.substr(0, end + 2));
    const std::size_t body = answer.size() - end - 4;
    if (answer.starts_with("HTTP/1.1 101 ")) {
        require(body == 0 && header.count("content-length") == 0, "an acceptance has no body");
        return;
    }
    require(header.count("sec-websocket-accept") == 0, "a refusal accepts nothing");
    require(lower(header.value("connection")) == "close", "a refusal closes");
    require(header.value("content-length") == std::to_string(body),
            "a body has the length that is said");
}

void check_extension(std::size_t variant, const plain_header& asked, const plain_header& told)
{
    const std::string extension = told.value("sec-websocket-extensions");
    require(extension.empty() == (variant == 0), "compression is used if it was said");
    if (extension.empty())
        return;
    bool offered = false, offered_window = false;
    for (const auto& [name, value] : asked.fields) {
        offered |= name == "sec-websocket-extensions" &&
                   value.find("permessage-deflate") != std::string::npos;
        offered_window |= name == "sec-websocket-extensions" &&
                          value.find("server_max_window_bits") != std::string::npos;
    }
    require(offered, "no extension that was not offered");
    require(offered_window || extension.find("server_max_window_bits") == std::string::npos,
            "no window is named that was not asked for");
    require(extension.find("client_max_window_bits") == std::string::npos,
            "the client's window is its own");
}

template <class Codec>
void check(const Codec& codec, std::string_view bytes, const fuzz::read_sizes& sizes,
           const crier::opening_answer& how)
{
    const auto got = fuzz::read_in_any_cuts(codec, bytes, sizes, {}, how);
    if (got.events.empty()) {
        require(bytes.size() < codec.max_header_bytes || bytes.empty(), "a header has its limit");
        return;
    }
    const std::string& first = got.events.front();
    if (!first.starts_with("opening")) {
        require(first.starts_with("failed"), "a handshake is judged, or fails");
        const std::string answer = first.substr(first.find(", reply HTTP") + 8);
        check_answer(answer);
        return;
    }
    const std::size_t end = bytes.find("\r\n\r\n");
    require(end != std::string_view::npos && end + 4 <= codec.max_header_bytes,
            "a request has an end, within the limit");
    const std::string_view block = bytes.substr(0, end + 4);
    const plain_header header(block);
    check_request(block, header);
    const bool upgrade = first.substr(0, first.find('\n')).ends_with(" upgrade");
    check_answer(got.answer);
    const bool accepted = got.answer.starts_with("HTTP/1.1 101 ");
    require(accepted == (upgrade && how.accepted), "an upgrade is accepted as the answer says");
    if (upgrade)
        check_upgrade(header);
    if (!accepted) {
        require(got.events.size() == 1, "behind a refusal nothing is read");
        return;
    }
    const plain_header told(got.answer);
    require(told.value("sec-websocket-accept") ==
                accept_by_openssl(header.value("sec-websocket-key")),
            "the key's answer is right");
    require(told.value("sec-websocket-protocol") == how.subprotocol,
            "the subprotocol is the one that was chosen");
    if constexpr (crier::codec_varies<Codec>)
        check_extension(got.variant, header, told);
    else
        require(told.count("sec-websocket-extensions") == 0, "no extension");
}

} // namespace

void fuzz::websocket_opening(std::string_view bytes)
{
    input in(bytes);
    const crier::opening_answer answers[] = {
        crier::opening_answer::accept(), crier::opening_answer::accept("chat"),
        crier::opening_answer::respond({.status = 403, .body = "no"})};
    const crier::opening_answer& how = answers[in.number(3)];
    const std::size_t limit = std::array<std::size_t, 3>{8192, 300, 20}[in.number(3)];
    const bool compressed = in.number(2);
    const read_sizes sizes = in.sizes();
    if (compressed) {
        crier::websocket_deflate<> codec;
        codec.max_header_bytes = limit;
        check(codec, in.bytes(), sizes, how);
    } else {
        check(crier::websocket{.max_header_bytes = limit}, in.bytes(), sizes, how);
    }
}
