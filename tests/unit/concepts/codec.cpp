#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/concepts/codec.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

#include "replay.hpp"
#include "websocket_script.hpp"

namespace {

using crier::codec_archetype;
using crier::decoded;
using crier::frame;
using crier::message_view;

// Each of these misses being a framing_codec by one thing.

struct not_copyable : codec_archetype
{
    not_copyable() = default;
    not_copyable(const not_copyable&) = delete;
    not_copyable& operator=(const not_copyable&) = delete;
};

struct without_decoder
{
    std::size_t max_unfinished_bytes() const { return 1; }
    static frame encode(message_view) { return {}; }
};

struct decoder_without_options : codec_archetype
{
    struct decoder
    {
        decoded decode(std::span<char>&) { return {}; }
    };
};

struct decoder_without_events : codec_archetype
{
    struct decoder : codec_archetype::decoder
    {
        using codec_archetype::decoder::decoder;
        bool decode(std::span<char>&) { return true; } // hides the right one
    };
};

struct decoder_of_constant_bytes : codec_archetype
{
    struct decoder
    {
        explicit decoder(const codec_archetype&) {}
        decoded decode(std::span<const char>&) { return {}; }
    };
};

struct decoder_of_a_copy : codec_archetype
{
    struct decoder
    {
        explicit decoder(const codec_archetype&) {}
        decoded decode(std::span<char>) { return {}; } // what it consumes would come again
    };
};

struct encodes_to_a_string : codec_archetype
{
    static std::string encode(message_view m) { return std::string(m.data); }
};

struct encodes_with_state : codec_archetype
{
    frame encode(message_view m) { return codec_archetype::encode(m); } // not static
};

struct unbounded
{
    struct decoder
    {
        explicit decoder(const unbounded&) {}
        decoded decode(std::span<char>&) { return {}; }
    };
    static frame encode(message_view) { return {}; }
};

struct bounded_if_changed : codec_archetype
{
    std::size_t max_unfinished_bytes() { return 1; } // not const
};

using namespace crier;

static_assert(check_codec<codec_archetype>());
static_assert(check_codec<text_line>());
static_assert(check_codec<websocket>());

static_assert(!codec_is_policy<not_copyable> && !framing_codec<not_copyable>);
static_assert(!codec_has_decoder<without_decoder> && !framing_codec<without_decoder>);
static_assert(codec_encodes<without_decoder> && codec_is_bounded<without_decoder>);
static_assert(!codec_has_decoder<decoder_without_options>);
static_assert(codec_decodes<decoder_without_options> && !framing_codec<decoder_without_options>);
static_assert(!codec_decodes<decoder_without_events>);
static_assert(codec_has_decoder<decoder_without_events> && !framing_codec<decoder_without_events>);
static_assert(!codec_decodes<decoder_of_constant_bytes> &&
              !framing_codec<decoder_of_constant_bytes>);
static_assert(codec_decodes<decoder_of_a_copy> && !codec_consumes<decoder_of_a_copy> &&
              !framing_codec<decoder_of_a_copy>);
static_assert(!codec_encodes<encodes_to_a_string> && !framing_codec<encodes_to_a_string>);
static_assert(!codec_encodes<encodes_with_state> && !framing_codec<encodes_with_state>);
static_assert(!codec_is_bounded<unbounded> && !framing_codec<unbounded>);
static_assert(codec_has_decoder<unbounded> && codec_decodes<unbounded> && codec_encodes<unbounded>);
static_assert(!codec_is_bounded<bounded_if_changed> && !framing_codec<bounded_if_changed>);
static_assert(!framing_codec<int> && !framing_codec<std::string>);

// The options that a codec may add.
static_assert(codec_opens<websocket> && codec_closes<websocket> && codec_pings<websocket>);
static_assert(!codec_opens<text_line> && !codec_closes<text_line> && !codec_pings<text_line>);
static_assert(codec_resynchronizes<text_line> && !codec_resynchronizes<websocket> &&
              !codec_resynchronizes<codec_archetype>);
static_assert(!codec_opens<codec_archetype> && !codec_closes<codec_archetype> &&
              !codec_pings<codec_archetype>);

// Each of these misses having variants by one thing.

struct with_variants : codec_archetype
{
    static constexpr std::size_t variants = 3;

    struct decoder : codec_archetype::decoder
    {
        using codec_archetype::decoder::decoder;
        std::size_t variant() const { return 0; }
    };

    static frame encode(message_view m, std::size_t = 0) { return codec_archetype::encode(m); }
};

struct of_no_variants : with_variants
{
    static constexpr std::size_t variants = 0;
};

struct of_too_many_variants : with_variants
{
    static constexpr std::size_t variants = 257;
};

struct encodes_no_variant : with_variants
{
    static frame encode(message_view m) { return codec_archetype::encode(m); }
};

struct decoder_without_variant : with_variants
{
    using decoder = codec_archetype::decoder;
};

static_assert(codec_varies<with_variants> && framing_codec<with_variants>);
static_assert(detail::variants_of<with_variants>() == 3);
static_assert(!codec_varies<of_no_variants> && !codec_varies<of_too_many_variants>);
static_assert(!codec_varies<encodes_no_variant> && !codec_varies<decoder_without_variant>);
static_assert(!codec_varies<codec_archetype> && !codec_varies<websocket> && !codec_varies<int>);
static_assert(detail::variants_of<websocket>() == 1);

} // namespace

BOOST_AUTO_TEST_SUITE(codec_concept)

BOOST_AUTO_TEST_CASE(the_archetype_is_a_codec_of_messages_that_end_with_a_zero_byte)
{
    using namespace std::string_view_literals;
    support::check_every_split(
        codec_archetype{}, "one\0\0three\0half"sv,
        {support::text_event("one"), support::text_event(""), support::text_event("three")});
    BOOST_TEST(support::readable(codec_archetype::encode("text").bytes()) ==
               support::readable("text\0"sv));
    BOOST_TEST(!codec_archetype::encode("a\0b"sv));
}

BOOST_AUTO_TEST_CASE(the_archetype_fails_at_the_first_byte_above_its_limit)
{
    const std::string why = make_error_code(error::message_too_large).message();
    support::check_every_split(codec_archetype{.max_message_bytes = 3}, std::string("abc\0abcd", 8),
                               {support::text_event("abc"), "failed: " + why + ", reply \"\""});
}

BOOST_AUTO_TEST_SUITE_END()
