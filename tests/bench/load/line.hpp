// The lines that a back end says, and the judgement of what arrives.
//
//     {"uid":"u123","n":456,"b":2,"pad":"..."}
//
// n counts the lines of back end b from 1. The padding is a piece of one fixed text, and where the
// piece starts depends on n and b: bytes that went astray between two messages are seen.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

namespace bench {

struct parsed_line
{
    bool valid = false;
    std::uint32_t n = 0;
    std::uint32_t b = 0;
};

class line_format
{
public:
    static constexpr std::size_t max_payload_bytes = 64 * 1024;

    // The padding is of letters that compress badly, or of words.
    explicit line_format(bool of_words = false)
    {
        static constexpr char alphabet[] =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;+-*/!";
        static constexpr std::string_view words[] = {
            "order", "status", "paid",   "shipped",  "percent",    "message", "from",    "customer",
            "total", "queue",  "the",    "job",      "of",         "is",      "ready",   "and",
            "waits", "for",    "upload", "finished", "2024-11-25", "10:15",   "EUR",     "user",
            "name",  "id",     "retry",  "in",       "seconds",    "not",     "done",    "yet",
            "null",  "true",   "false",  "items",    "https",      "www",     "example", "com"};
        std::uint64_t state = 88172645463325252;
        text_.reserve(places + max_payload_bytes);
        while (text_.size() < places + max_payload_bytes) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if (of_words)
                text_.append(words[(state >> 32) % std::size(words)]).push_back(' ');
            else
                text_.push_back(alphabet[(state >> 32) % (sizeof alphabet - 1)]);
        }
    }

    // The length of a line without padding, with a back end and number of so many digits.
    static constexpr std::size_t bare_bytes(std::size_t prefix, std::size_t digits)
    {
        return prefix + n_key.size() + b_key.size() + digits + pad_key.size() + end.size();
    }

    // With its newline, which is not counted. The prefix says whom it is for: {"uid":"u123" or
    // {"broadcast":true
    void append(std::string& out, std::string_view prefix, std::uint32_t n, std::uint32_t b,
                std::size_t payload_bytes) const
    {
        const std::size_t start = out.size();
        out.append(prefix).append(n_key);
        append_number(out, n);
        out.append(b_key);
        append_number(out, b);
        out.append(pad_key);
        const std::size_t used = out.size() - start + end.size();
        if (used < payload_bytes)
            out.append(text_, place(n, b), payload_bytes - used);
        out.append(end).push_back('\n');
    }

    // Valid only if it is, to the byte, what append made for this n and b.
    parsed_line parse(std::string_view message, std::string_view prefix) const
    {
        parsed_line result;
        std::string_view rest = message;
        if (!skip(rest, prefix) || !skip(rest, n_key) || !number(rest, result.n) ||
            !skip(rest, b_key) || !number(rest, result.b) || !skip(rest, pad_key) ||
            rest.size() < end.size() || rest.size() > max_payload_bytes)
            return result;
        const std::size_t pad = rest.size() - end.size();
        result.valid =
            std::memcmp(rest.data(), text_.data() + place(result.n, result.b), pad) == 0 &&
            rest.substr(pad) == end;
        return result;
    }

private:
    static constexpr std::string_view n_key = ",\"n\":";
    static constexpr std::string_view b_key = ",\"b\":";
    static constexpr std::string_view pad_key = ",\"pad\":\"";
    static constexpr std::string_view end = "\"}";
    static constexpr std::size_t places = 8191; // a prime, so that neighbours differ

    static std::size_t place(std::uint32_t n, std::uint32_t b)
    {
        return (std::uint64_t{n} * 67 + std::uint64_t{b} * 1009) % places;
    }

    static void append_number(std::string& out, std::uint32_t value)
    {
        char digits[10];
        const auto result = std::to_chars(digits, digits + sizeof digits, value);
        out.append(digits, static_cast<std::size_t>(result.ptr - digits));
    }

    static bool skip(std::string_view& rest, std::string_view expected)
    {
        if (!rest.starts_with(expected))
            return false;
        rest.remove_prefix(expected.size());
        return true;
    }

    static bool number(std::string_view& rest, std::uint32_t& value)
    {
        const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), value);
        const auto digits = static_cast<std::size_t>(result.ptr - rest.data());
        if (result.ec != std::errc{} || (rest.front() == '0' && digits > 1))
            return false;
        rest.remove_prefix(digits);
        return true;
    }

    std::string text_;
};

} // namespace bench
