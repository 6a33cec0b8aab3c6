#ifndef CRIER_CONCEPTS_CODEC_HPP
#define CRIER_CONCEPTS_CODEC_HPP

#include <crier/codec/websocket/close_code.hpp>
#include <crier/decoded.hpp>
#include <crier/detail/member_names.hpp>
#include <crier/frame.hpp>
#include <crier/message.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace crier {
// clang-format 14 knows no requires expressions:
// clang-format off

struct opening_answer;
class opening_request;

/// The codec is a copyable type whose members are its options.
template <class Codec>
concept codec_is_policy = std::copyable<Codec>;

/// `typename Codec::decoder`, the decoding state of one connection, is made from the codec's options.
template <class Codec>
concept codec_has_decoder = std::constructible_from<typename Codec::decoder, const Codec&>;

/// `crier::decoded decoder::decode(std::span<char>& in)` takes one event from the front of `in`.
template <class Codec>
concept codec_decodes = requires(typename Codec::decoder& decoder, std::span<char>& in) {
    { decoder.decode(in) } -> std::same_as<decoded>;
};

/// `decode` takes `in` by reference: what it consumes must be gone from it when it returns.
template <class Codec>
concept codec_consumes = !requires(typename Codec::decoder& decoder, std::span<char>&& copy) {
    decoder.decode(std::move(copy));
};

/// `static crier::frame encode(crier::message_view message)` frames a message, the same for all.
template <class Codec>
concept codec_encodes = requires(message_view message) {
    { Codec::encode(message) } -> std::same_as<frame>;
};

/// `std::size_t max_unfinished_bytes() const`: how many bytes decode() may leave and wait for more.
template <class Codec>
concept codec_is_bounded = requires(const Codec& codec) {
    { codec.max_unfinished_bytes() } -> std::convertible_to<std::size_t>;
};

/// How messages become bytes and bytes messages. Sans-I/O: no socket, no clock.
///
/// - `Codec` is a copyable aggregate; its members are its options.
/// - `Codec::decoder` is the state of one connection, made from the listener's options, which outlive
///   it. `decode(in)` looks at the front of `in`, takes what it consumes (`in = in.subspan(n)`), and
///   returns one event (see `decoded`). It may change the bytes it consumes. What it leaves with
///   `need_more` comes again in front of further bytes, and is at most `max_unfinished_bytes()`. The
///   same bytes give the same events however they are cut.
/// - What it finds is text unless it says otherwise (`decoded::whole({bytes, message_kind::binary})`).
///   It need not be checked for UTF-8 here: a uid and a back end's line are, where they are used. A
///   binary uid is refused by first_message; other authenticators look at its kind themselves.
/// - `encode` is static: one frame serves all receivers. The empty frame says "cannot carry this".
///
/// Options that a codec may add: see codec_opens, codec_closes, codec_pings, codec_varies,
/// codec_collects, codec_counts, codec_resynchronizes.
///
/// Test yours with `crier::test::codec_conformance` (crier/test/codec_conformance.hpp).
template <class Codec>
concept framing_codec = codec_is_policy<Codec> && codec_has_decoder<Codec> &&
                        codec_decodes<Codec> && codec_consumes<Codec> && codec_encodes<Codec> &&
                        codec_is_bounded<Codec>;

/// Optional: an opening handshake. `const opening_request& decoder::request() const` after the
/// event kind_opening, then `std::string_view decoder::answer(const opening_answer&)`: bytes to send.
template <class Codec>
concept codec_opens = requires(typename Codec::decoder& decoder, const opening_answer& how) {
    { decoder.request() } -> std::same_as<const opening_request&>;
    { decoder.answer(how) } -> std::same_as<std::string_view>;
};

/// Optional: a close handshake. `static frame encode_close(close_code, std::string_view reason)`; the
/// peer answers with what decodes as kind_closed.
template <class Codec>
concept codec_closes = requires(close_code code, std::string_view reason) {
    { Codec::encode_close(code, reason) } -> std::same_as<frame>;
};

/// Optional: pings. `static frame encode_ping()`; any byte from the peer counts as the answer.
template <class Codec>
concept codec_pings = requires {
    { Codec::encode_ping() } -> std::same_as<frame>;
};

/// Optional: variants, several ways to frame a message, of which a connection has one for all its
/// life: compressed or not, say, as its opening handshake has settled.
///
/// - `static constexpr std::size_t variants`: how many there are, 1 to 256.
/// - `static frame encode(message_view message, std::size_t variant)`, `variant` below `variants`. A
///   message is encoded once for each variant among its receivers. `encode(message)` is the same as
///   variant 0.
/// - `std::size_t decoder::variant() const`: the connection's, below `variants`. Asked once, before
///   the first message: with an opening handshake, after an answer() that accepts; else at the start.
///
/// Goodbyes and pings are the same for all variants.
template <class Codec>
concept codec_varies = requires(message_view message, std::size_t variant,
                                const typename Codec::decoder& decoder) {
    requires Codec::variants >= 1 && Codec::variants <= 256;
    { Codec::encode(message, variant) } -> std::same_as<frame>;
    { decoder.variant() } -> std::same_as<std::size_t>;
};

/// Optional: `bool decoder::in_message() const`, for decoders that collect a message which comes in
/// pieces, or throw one away: true from its first byte to its last. Asked after decode(). Without it a
/// message counts as begun while decode() leaves bytes (limits::message_timeout).
template <class Codec>
concept codec_collects = requires(const typename Codec::decoder& decoder) {
    { decoder.in_message() } -> std::same_as<bool>;
};

/// Optional: `crier::frame_counts decoder::take_counts()`, the frames since the last call that were no
/// whole messages (limits::max_fragments_per_second, max_control_frames_per_second).
template <class Codec>
concept codec_counts = requires(typename Codec::decoder& decoder) {
    { decoder.take_counts() } -> std::same_as<frame_counts>;
};

/// The least that is a framing_codec, and a start for your own: messages that end with a zero byte.
struct codec_archetype
{
    std::size_t max_message_bytes = 4096;

    std::size_t max_unfinished_bytes() const { return max_message_bytes; }

    struct decoder
    {
        explicit decoder(const codec_archetype& codec) : limit(codec.max_message_bytes) {}

        decoded decode(std::span<char>& in)
        {
            const auto end = std::find(in.begin(), in.end(), '\0');
            const auto size = static_cast<std::size_t>(end - in.begin());
            if (size > limit)
                return decoded::failed(error::message_too_large);
            if (end == in.end())
                return decoded::need_more();
            const std::string_view message(in.data(), size);
            in = in.subspan(size + 1);
            return decoded::whole(message);
        }

        std::size_t limit;
    };

    static frame encode(message_view message)
    {
        if (message.data.find('\0') != std::string_view::npos)
            return {}; // it would arrive as two
        return frame::join({message.data, std::string_view("\0", 1)});
    }
};

static_assert(framing_codec<codec_archetype>);

/// A codec in whose bytes the next message is found after any nonsense, as a line is behind a line end:
///
/// - `static constexpr bool resynchronizes = true`
///
/// Of another one's back ends the first message has to be JSON (error::malformed), since after
/// nonsense nothing that follows can be trusted. Not where it has an opening handshake, or where an
/// authenticator has to be convinced first.
template <class Codec>
concept codec_resynchronizes = requires { requires Codec::resynchronizes; };

namespace detail {

// What a codec may add must not be ignored because its signature is another.

template <class Codec>
concept means_to_open = requires(typename Codec::decoder& decoder) { decoder.request(); } ||
                        requires { requires of_function<decltype(&Codec::decoder::answer)>; };

template <class Codec>
concept means_to_close = requires { requires of_function<decltype(&Codec::encode_close)>; };

template <class Codec>
concept means_to_ping = requires { requires of_function<decltype(&Codec::encode_ping)>; };

template <class Codec>
concept means_to_vary = requires { Codec::variants; } ||
                        requires { requires of_function<decltype(&Codec::decoder::variant)>; };

template <class Codec>
concept means_to_collect =
    requires { requires of_function<decltype(&Codec::decoder::in_message)>; };

template <class Codec>
concept means_to_count =
    requires { requires of_function<decltype(&Codec::decoder::take_counts)>; };

/// How many ways a codec has to frame a message.
template <class Codec>
consteval std::size_t variants_of() noexcept
{
    if constexpr (codec_varies<Codec>)
        return Codec::variants;
    else
        return 1;
}

} // namespace detail

/// Says what is missing, one sentence each: `static_assert(crier::check_codec<my_codec>());`
template <class Codec>
consteval bool check_codec()
{
    static_assert(codec_is_policy<Codec>,
                  "a framing_codec is copyable: an aggregate whose members are its options, "
                  "pointers and not references to what it shares (see codec_archetype in "
                  "crier/concepts/codec.hpp)");
    static_assert(codec_has_decoder<Codec>,
                  "a framing_codec has a nested type `decoder`, public, with a constructor "
                  "`explicit decoder(const Codec& options)` (crier/concepts/codec.hpp)");
    static_assert(codec_decodes<Codec>,
                  "the decoder of a framing_codec has "
                  "`crier::decoded decode(std::span<char>& in)` (crier/concepts/codec.hpp)");
    static_assert(codec_consumes<Codec>,
                  "decode takes a reference, `std::span<char>& in`, and what it consumes away from "
                  "the front of it: `in = in.subspan(n)` (crier/concepts/codec.hpp)");
    static_assert(codec_encodes<Codec>,
                  "a framing_codec has `static crier::frame encode(crier::message_view message)` "
                  "(crier/concepts/codec.hpp)");
    static_assert(codec_is_bounded<Codec>,
                  "a framing_codec has `std::size_t max_unfinished_bytes() const` "
                  "(crier/concepts/codec.hpp)");
    static_assert(codec_opens<Codec> || !detail::means_to_open<Codec>,
                  "a decoder with an opening handshake has "
                  "`const crier::opening_request& request() const` and "
                  "`std::string_view answer(const crier::opening_answer&)` "
                  "(crier/concepts/codec.hpp)");
    static_assert(codec_closes<Codec> || !detail::means_to_close<Codec>,
                  "a codec with a close handshake has "
                  "`static crier::frame encode_close(crier::close_code, std::string_view reason)` "
                  "(crier/concepts/codec.hpp)");
    static_assert(codec_pings<Codec> || !detail::means_to_ping<Codec>,
                  "a codec with pings has `static crier::frame encode_ping()` "
                  "(crier/concepts/codec.hpp)");
    static_assert(codec_varies<Codec> || !detail::means_to_vary<Codec>,
                  "a codec with variants has `static constexpr std::size_t variants`, 1 to 256, "
                  "`static crier::frame encode(crier::message_view message, std::size_t variant)`, "
                  "and a decoder with `std::size_t variant() const` (crier/concepts/codec.hpp)");
    static_assert(codec_collects<Codec> || !detail::means_to_collect<Codec>,
                  "a decoder that collects messages has `bool in_message() const` "
                  "(crier/concepts/codec.hpp)");
    static_assert(codec_counts<Codec> || !detail::means_to_count<Codec>,
                  "a decoder that counts frames has `crier::frame_counts take_counts()` "
                  "(crier/concepts/codec.hpp)");
    return framing_codec<Codec>;
}

// clang-format on
} // namespace crier

#endif
