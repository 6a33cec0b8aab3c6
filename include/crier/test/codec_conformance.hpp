#ifndef CRIER_TEST_CODEC_CONFORMANCE_HPP
#define CRIER_TEST_CODEC_CONFORMANCE_HPP

#include <crier/concepts/codec.hpp>
#include <crier/test/decoding.hpp>
#include <crier/test/report.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier::test {

/// What a peer may send, and the messages that this must bring, in their order.
struct codec_sample
{
    std::string bytes;
    std::vector<std::string> messages{};
};

/// How codec_conformance is to go about it.
struct codec_conformance_options
{
    /// True if a peer frames its messages as encode() does. False for a protocol whose two sides
    /// differ (WebSocket clients mask).
    bool symmetric = true;
    std::uint32_t seed = 1; ///< of the random cuts and of the garbage
};

namespace detail {

class codec_checks
{
public:
    codec_checks(report& found, std::uint32_t seed) : found_(found), random_(seed) {}

    template <class Codec>
    void sample(const Codec& codec, const codec_sample& given)
    {
        const decoding whole = whole_checked(codec, given.bytes);
        found_.check(whole.messages() == given.messages, [&] {
            return "\"" + readable(given.bytes) + "\" should bring " +
                   std::to_string(given.messages.size()) + " messages: " + list(given.messages) +
                   "; it brought " + list(whole.events);
        });
        for (std::size_t cut = 1; cut < given.bytes.size(); ++cut)
            same(codec, given.bytes, whole, {cut});
        same(codec, given.bytes, whole, std::vector<std::size_t>(given.bytes.size(), 1));
        for (int i = 0; i < 20; ++i)
            same(codec, given.bytes, whole, random_pieces(given.bytes.size()));
        for (std::size_t size = 0; size < given.bytes.size(); ++size)
            beginning(codec, given.bytes, size, whole);
    }

    /// Bytes that mean nothing, and samples with a few bytes changed: whatever they bring, the same
    /// however they are cut.
    template <class Codec>
    void garbage(const Codec& codec, const std::vector<codec_sample>& samples)
    {
        for (int i = 0; i < 200; ++i) {
            std::string bytes(below(300), '\0');
            if (!samples.empty() && i % 4 != 0) {
                bytes = samples[below(samples.size())].bytes;
                bytes += samples[below(samples.size())].bytes;
            }
            const std::size_t changes = i % 4 == 0 ? bytes.size() : 1 + below(4);
            for (std::size_t change = 0; change < changes && !bytes.empty(); ++change)
                bytes[below(bytes.size())] = static_cast<char>(below(256));
            const decoding whole = whole_checked(codec, bytes);
            same(codec, bytes, whole, random_pieces(bytes.size()));
            same(codec, bytes, whole, std::vector<std::size_t>(bytes.size(), 1));
        }
    }

    /// A peer that never ends its message: what is left in the input stays bounded.
    template <class Codec>
    void endless(const Codec& codec, std::string_view begin)
    {
        std::string bytes(begin);
        bytes.append(2 * std::min<std::size_t>(codec.max_unfinished_bytes(), 1 << 20) + 100, 'x');
        const std::vector<std::size_t> pieces(bytes.size() / 512 + 1, 512);
        const decoding result = decode(codec, bytes, pieces);
        found_.check(result.broken_rule.empty(),
                     [&] { return "a message without an end: " + result.broken_rule; });
    }

    template <class Codec>
    void encoding(const Codec& codec, bool symmetric)
    {
        std::string every_byte;
        for (int c = 0; c < 256; ++c)
            every_byte += static_cast<char>(c);
        for (const std::size_t size : {0u, 1u, 2u, 125u, 126u, 127u, 1000u, 65535u, 65536u}) {
            both_kinds(codec, std::string(size, 'a'), symmetric);
            both_kinds(codec, std::string(size, '\0'), symmetric);
        }
        both_kinds(codec, every_byte, symmetric);
        both_kinds(codec, "two\nlines\r\n", symmetric);
        both_kinds(codec, "\xE2\x82\xAC", symmetric);
    }

private:
    std::size_t below(std::size_t limit)
    {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

    std::vector<std::size_t> random_pieces(std::size_t size)
    {
        std::vector<std::size_t> pieces;
        for (std::size_t sum = 0; sum < size; sum += pieces.back())
            pieces.push_back(1 + below(std::min<std::size_t>(size, 40)));
        return pieces;
    }

    static std::string list(const std::vector<std::string>& messages)
    {
        std::string text;
        for (const std::string& m : messages)
            text += (text.empty() ? "\"" : ", \"") + readable(m, 40) + '"';
        return text.empty() ? "none" : text;
    }

    static std::string list(const std::vector<decoded_event>& events)
    {
        std::string text;
        for (const decoded_event& e : events)
            text += (text.empty() ? "" : "; ") + to_string(e);
        return text.empty() ? "nothing" : text;
    }

    template <class Codec>
    decoding whole_checked(const Codec& codec, std::string_view bytes)
    {
        decoding whole = decode(codec, bytes);
        found_.check(whole.broken_rule.empty(),
                     [&] { return "\"" + readable(bytes) + "\": " + whole.broken_rule; });
        return whole;
    }

    template <class Codec>
    void same(const Codec& codec, std::string_view bytes, const decoding& whole,
              const std::vector<std::size_t>& pieces)
    {
        const decoding cut = decode(codec, bytes, pieces);
        found_.check(cut.broken_rule == whole.broken_rule && cut.events == whole.events, [&] {
            std::string sizes;
            for (std::size_t i = 0; i < pieces.size() && i < 8; ++i)
                sizes += (i ? ", " : "") + std::to_string(pieces[i]);
            return "\"" + readable(bytes) + "\" in pieces of " + sizes +
                   (pieces.size() > 8 ? "..." : "") + " brings " + list(cut.events) +
                   (cut.broken_rule.empty() ? "" : ", and " + cut.broken_rule) + "; whole, " +
                   list(whole.events);
        });
    }

    template <class Codec>
    void beginning(const Codec& codec, std::string_view bytes, std::size_t size,
                   const decoding& whole)
    {
        const decoding some = decode(codec, bytes.substr(0, size));
        const bool is_beginning =
            some.events.size() <= whole.events.size() &&
            std::equal(some.events.begin(), some.events.end(), whole.events.begin());
        found_.check(some.broken_rule.empty() && is_beginning, [&] {
            return "the first " + std::to_string(size) + " bytes of \"" + readable(bytes) +
                   "\" bring " + list(some.events) + "; all of them, " + list(whole.events);
        });
    }

    template <class Codec>
    void both_kinds(const Codec& codec, const std::string& payload, bool symmetric)
    {
        for (const message_kind kind : {message_kind::text, message_kind::binary}) {
            const frame encoded = Codec::encode({payload, kind});
            found_.check(encoded == Codec::encode({payload, kind}), [&] {
                return "encode(\"" + readable(payload) + "\") is not the same twice";
            });
            if constexpr (codec_varies<Codec>)
                all_variants<Codec>({payload, kind}, encoded);
            if (!encoded || !symmetric || payload.size() > codec.max_unfinished_bytes() / 2)
                continue;
            const std::string twice = std::string(encoded.bytes()) + std::string(encoded.bytes());
            added(codec, payload, twice);
            const decoding back = decode(codec, twice);
            found_.check(back.messages() == std::vector<std::string>{payload, payload}, [&] {
                return "encode(\"" + readable(payload) + "\") twice comes back as " +
                       list(back.events);
            });
        }
    }

    /// What a decoder says of itself when all messages are whole.
    template <class Codec>
    void added([[maybe_unused]] const Codec& codec, std::string_view payload, std::string bytes)
    {
        if constexpr ((codec_collects<Codec> || codec_counts<Codec>)&&!codec_opens<Codec>) {
            typename Codec::decoder decoder(codec);
            std::span<char> in(bytes);
            for (int i = 0; i < 4 && !in.empty(); ++i)
                decoder.decode(in);
            if (!in.empty())
                return; // another check says so
            if constexpr (codec_collects<Codec>)
                found_.check(!decoder.in_message(), [&] {
                    return "behind the whole message \"" + readable(payload, 40) +
                           "\" in_message() is true";
                });
            if constexpr (codec_counts<Codec>) {
                decoder.take_counts();
                const frame_counts again = decoder.take_counts();
                found_.check(again.fragments == 0 && again.control == 0,
                             [] { return "take_counts() tells the same frames twice"; });
            }
        }
    }

    template <class Codec>
    void all_variants(message_view message, const frame& first)
    {
        const auto call = [&](std::size_t variant) {
            return "encode(\"" + readable(message.data) + "\", " + std::to_string(variant) + ')';
        };
        found_.check(Codec::encode(message, 0) == first,
                     [&] { return call(0) + " is not what encode() without a variant makes"; });
        for (std::size_t variant = 1; variant < Codec::variants; ++variant)
            // NOLINTNEXTLINE(misc-redundant-expression): each is a call
            found_.check(Codec::encode(message, variant) == Codec::encode(message, variant),
                         [&] { return call(variant) + " is not the same twice"; });
    }

    report& found_;
    std::mt19937 random_;
};

} // namespace detail

/// Checks that a codec keeps the promises of framing_codec:
///
/// - each sample brings its messages, and the very same events however it is cut: in two at every
///   byte, byte by byte, at random; its beginnings bring the beginning of that;
/// - garbage and damaged samples bring the same events however they are cut, and come to an end;
/// - decode() takes from the front only, and leaves at most max_unfinished_bytes();
/// - encode() has no memory, and what it makes comes back (if the codec is symmetric); of a codec with
///   variants, those of variant 0, which are the ones that encode() makes without a variant.
///
/// Takes time with the square of a sample's size: give short ones, and many.
template <framing_codec Codec>
report codec_conformance(const Codec& codec, const std::vector<codec_sample>& samples,
                         const codec_conformance_options& options = {})
{
    report found;
    detail::codec_checks checks(found, options.seed);
    for (const codec_sample& sample : samples) {
        checks.sample(codec, sample);
        checks.endless(codec, sample.bytes);
    }
    checks.endless(codec, {});
    checks.garbage(codec, samples);
    checks.encoding(codec, options.symmetric);
    return found;
}

} // namespace crier::test

#endif
