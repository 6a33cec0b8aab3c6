// Frames, after the opening handshake, beside a plain reader of RFC 6455.
#include <crier/codec/websocket.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "plain_frames.hpp"
#include "reader.hpp"
#include "targets.hpp"
#include "websocket_script.hpp"

void fuzz::websocket_frames(std::string_view bytes)
{
    constexpr std::size_t limits[] = {65536, 0, 1, 10, 125, 126, 1000, SIZE_MAX};
    input in(bytes);
    const std::size_t limit = limits[in.number(8)];
    const read_sizes sizes = in.sizes();
    const crier::websocket codec{.max_message_bytes = limit};

    auto got = read_in_any_cuts(codec, in.bytes(), sizes, support::upgrade_request);
    require(!got.events.empty() && got.answer == support::switching_protocols,
            "the opening succeeds");
    got.events.erase(got.events.begin());
    got.events = without_reasons(std::move(got.events));

    const plain_frames plain(in.bytes(), limit);
    require(got.events == plain.events, "what a plain reader finds",
            [&] { return to_text(plain.events) + "\nthe decoder finds" + to_text(got.events); });

    // A buffer grows with what has come, and not with what is announced.
    const std::size_t come = std::min(limit, in.bytes().size());
    require(got.largest <= 2 * come + 2048, "no memory is sized by an announced length");
    require(got.most_held <= static_cast<std::ptrdiff_t>(2 * come + 2048),
            "what is held is bounded by the limit");
}
