#ifndef CRIER_TESTS_FUZZ_READER_HPP
#define CRIER_TESTS_FUZZ_READER_HPP

#include <crier/concepts/codec.hpp>
#include <crier/opening.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "input.hpp"
#include "readable.hpp"
#include "require.hpp"

namespace fuzz {

/// An event of a decoder, all of it, as text.
inline std::string to_words(const crier::decoded& found)
{
    using crier::decoded;
    switch (found.kind) {
    case decoded::kind_message:
        return (found.message.kind == crier::message_kind::text ? "text " : "binary ") +
               std::string(found.message.data);
    case decoded::kind_reply:
        return "reply " + std::string(found.reply);
    case decoded::kind_discarded:
        return "discarded: " + found.ec.message();
    case decoded::kind_closed:
        return "closed " + std::to_string(static_cast<unsigned>(found.code)) + ", reply " +
               std::string(found.reply);
    case decoded::kind_failed:
        return "failed: " + found.ec.message() + ", reply " + std::string(found.reply);
    case decoded::kind_opening:
        return "opening";
    case decoded::kind_need_more:
        break;
    }
    return "need more";
}

/// Everything that is known of a request.
inline std::string to_words(const crier::opening_request& request)
{
    std::string all = "opening " + std::string(request.method()) + ' ' +
                      std::string(request.target()) + (request.is_upgrade() ? " upgrade" : "");
    for (const auto& [name, value] : request.fields()) {
        all.append("\n").append(name).append(": ").append(value);
        require(request.field(name).data() <= value.data(), "a field is the first of its name");
    }
    for (const std::string_view protocol : request.subprotocols())
        all.append("\noffers ").append(protocol);
    return all;
}

/// What came of some bytes.
struct decoding
{
    std::vector<std::string> events;
    std::string answer;           ///< to the opening request
    std::size_t variant = 0;      ///< of a codec that has several
    std::ptrdiff_t most_held = 0; ///< bytes of memory, between two calls of decode
    std::size_t largest = 0;      ///< bytes that were asked for at once
};

/// Reads for a decoder as the engine does, and holds it to what concepts/codec.hpp demands: it takes
/// from the front of its input, leaves no more there than it says, comes to an end, and stays silent
/// after that.
template <crier::framing_codec Codec>
class reader
{
public:
    explicit reader(const Codec& codec, crier::opening_answer how = crier::opening_answer::accept())
        : codec_(codec), decoder_(codec), how_(std::move(how))
    {}

    /// What came in one read.
    void read(std::string_view bytes)
    {
        if (ended_)
            return;
        // A block of just this size, so that the sanitizer sees a decoder that looks beyond it.
        std::vector<char> block(left_.begin(), left_.end());
        block.insert(block.end(), bytes.begin(), bytes.end());
        std::span<char> in(block);
        for (int idle = 0; !ended_;) {
            const std::size_t before = in.size();
            const crier::decoded event = decode(in);
            require(in.empty() || (in.size() <= before &&
                                   in.data() + in.size() == block.data() + block.size()),
                    "decode takes from the front of its input");
            if (event.kind == crier::decoded::kind_need_more)
                break;
            idle = in.size() == before ? idle + 1 : 0;
            require(idle <= 2, "decode finds no events without end in the same bytes");
            take(event);
        }
        require(ended_ || in.size() <= codec_.max_unfinished_bytes(),
                "decode leaves at most max_unfinished_bytes");
        left_.assign(in.begin(), in.end());
    }

    void read(std::string_view bytes, const read_sizes& sizes)
    {
        for (std::size_t turn = 0; !bytes.empty(); ++turn) {
            read(bytes.substr(0, sizes[turn % sizes.size()]));
            bytes.remove_prefix(std::min(bytes.size(), sizes[turn % sizes.size()]));
        }
    }

    decoding found;

private:
    crier::decoded decode(std::span<char>& in)
    {
        const support::allocation_watch watch;
        const crier::decoded event = decoder_.decode(in);
        watched(watch);
        return event;
    }

    void take(const crier::decoded& event)
    {
        found.events.push_back(to_words(event));
        ended_ =
            event.kind == crier::decoded::kind_closed || event.kind == crier::decoded::kind_failed;
        if constexpr (crier::codec_opens<Codec>) {
            if (event.kind != crier::decoded::kind_opening)
                return;
            found.events.back() = to_words(decoder_.request());
            const support::allocation_watch watch;
            const std::string_view bytes = decoder_.answer(how_);
            watched(watch);
            found.answer = bytes;
            found.events.back() += "\nanswered " + found.answer;
            if constexpr (crier::codec_varies<Codec>)
                found.variant = decoder_.variant();
        }
    }

    void watched(const support::allocation_watch& watch)
    {
        held_ += watch.live_bytes();
        found.most_held = std::max(found.most_held, held_);
        found.largest = std::max(found.largest, watch.largest());
    }

    const Codec& codec_;
    typename Codec::decoder decoder_;
    crier::opening_answer how_;
    std::string left_;
    std::ptrdiff_t held_ = 0;
    bool ended_ = false;
};

inline std::string to_text(const std::vector<std::string>& events)
{
    std::string all;
    for (const std::string& e : events)
        all += "\n  " + support::readable(e);
    return all;
}

/// However the bytes are cut, they bring the same. `opening` comes first, in one piece.
template <crier::framing_codec Codec>
decoding read_in_any_cuts(const Codec& codec, std::string_view bytes, const read_sizes& sizes,
                          std::string_view opening = {},
                          const crier::opening_answer& how = crier::opening_answer::accept())
{
    reader<Codec> whole(codec, how), cut(codec, how);
    for (auto* one : {&whole, &cut})
        if (!opening.empty())
            one->read(opening);
    whole.read(bytes);
    cut.read(bytes, sizes);
    decoding& all = whole.found;
    require(all.events == cut.found.events, "events do not depend on the cuts",
            [&] { return "whole" + to_text(all.events) + "\ncut" + to_text(cut.found.events); });
    require(all.variant == cut.found.variant, "nor does the variant");
    all.most_held = std::max(all.most_held, cut.found.most_held);
    all.largest = std::max(all.largest, cut.found.largest);
    return std::move(all);
}

} // namespace fuzz

#endif
