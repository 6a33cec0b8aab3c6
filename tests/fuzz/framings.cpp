// The framings without a handshake: text_line and length_prefixed, beside plain readers of the same
// formats.
#include <crier/codec/length_prefixed.hpp>
#include <crier/codec/text_line.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reader.hpp"
#include "targets.hpp"

namespace {

using fuzz::require;
using event_list = std::vector<std::string>;

event_list plain_lines(std::string_view bytes, std::size_t limit)
{
    event_list events;
    for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos;) {
        std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end + 1);
        bool too_long = line.size() > limit + 1;
        while (line.ends_with('\r'))
            line.remove_suffix(1);
        too_long = too_long || line.size() > limit;
        events.push_back(
            too_long ? fuzz::to_words(crier::decoded::discarded(crier::error::message_too_large))
                     : "text " + std::string(line));
    }
    return events;
}

event_list plain_prefixed(std::string_view bytes, std::size_t limit, unsigned width,
                          std::endian order)
{
    event_list events;
    while (bytes.size() >= width) {
        std::uint64_t size = 0;
        for (unsigned i = 0; i < width; ++i) {
            const unsigned at = order == std::endian::big ? i : width - 1 - i;
            size = size << 8 | static_cast<unsigned char>(bytes[at]);
        }
        if (size > limit) {
            events.push_back(
                fuzz::to_words(crier::decoded::failed(crier::error::message_too_large)));
            break;
        }
        if (bytes.size() - width < size)
            break;
        events.push_back("text " + std::string(bytes.substr(width, size)));
        bytes.remove_prefix(width + size);
    }
    return events;
}

template <class Codec>
void check(const Codec& codec, std::string_view bytes, std::size_t limit,
           const fuzz::read_sizes& sizes, const event_list& expected)
{
    static const auto& first [[maybe_unused]] = crier::error_category(); // is made once
    const auto got = fuzz::read_in_any_cuts(codec, bytes, sizes);
    require(got.events == expected, "what a plain reader finds", [&] {
        return fuzz::to_text(expected) + "\nthe decoder finds" + fuzz::to_text(got.events);
    });
    require(got.most_held == 0 && got.largest == 0, "a decoder without memory of its own");

    const crier::frame encoded = Codec::encode(bytes);
    if (!encoded || bytes.size() > limit)
        return;
    fuzz::reader<Codec> back(codec);
    back.read(encoded.bytes(), sizes);
    require(back.found.events == event_list{"text " + std::string(bytes)},
            "what is encoded comes back");
}

template <unsigned Width, std::endian Order>
void check_prefixed(std::string_view bytes, std::size_t limit, const fuzz::read_sizes& sizes)
{
    const crier::length_prefixed<Width, Order> codec{.max_message_bytes = limit};
    check(codec, bytes, limit, sizes, plain_prefixed(bytes, limit, Width, Order));
}

} // namespace

void fuzz::framings(std::string_view bytes)
{
    constexpr std::size_t limits[] = {65536, 1, 2, 5, 16, 100, 255, 4096};
    input in(bytes);
    const unsigned which = in.number(8);
    const std::size_t limit = limits[in.number(8)];
    const read_sizes sizes = in.sizes();
    const std::string_view data = in.bytes();
    switch (which) {
    case 0:
        return check_prefixed<1, std::endian::big>(data, limit, sizes);
    case 1:
        return check_prefixed<2, std::endian::little>(data, limit, sizes);
    case 2:
        return check_prefixed<4, std::endian::big>(data, limit, sizes);
    case 3:
        return check_prefixed<8, std::endian::little>(data, limit, sizes);
    default:
        return check(crier::text_line{.max_line_bytes = limit}, data, limit, sizes,
                     plain_lines(data, limit));
    }
}
