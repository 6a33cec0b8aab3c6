#include <crier/utf8.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "readable.hpp"

using support::readable;

namespace {

/// UTF-8 by its definition and not by a table of byte ranges: every code point is encoded, and what
/// came out, or is the front of it, is allowed. A string packs into a number, its first byte highest.
class definition_of_utf8
{
public:
    definition_of_utf8() : front_(4), whole_(4), four_bytes_(5 << 24)
    {
        for (std::size_t size = 1; size <= 3; ++size) {
            front_[size].resize(std::size_t(1) << (8 * size));
            whole_[size].resize(std::size_t(1) << (8 * size));
        }
        for (std::uint32_t code = 0; code <= 0x10FFFF; ++code) {
            if (code >= 0xD800 && code <= 0xDFFF)
                continue;
            const std::string bytes = encode(code);
            std::uint32_t packed = 0;
            for (std::size_t size = 1; size <= bytes.size(); ++size) {
                packed = packed << 8 | static_cast<unsigned char>(bytes[size - 1]);
                if (size < bytes.size())
                    front_[size][packed] = true;
                else if (size < 4)
                    whole_[size][packed] = true;
                else
                    four_bytes_[packed - lowest_four_bytes] = true;
            }
        }
    }

    bool is_front(std::size_t size, std::uint32_t packed) const { return front_[size][packed]; }

    bool is_whole(std::size_t size, std::uint32_t packed) const
    {
        if (size < 4)
            return whole_[size][packed];
        const std::uint32_t at = packed - lowest_four_bytes; // wraps if it is lower
        return at < four_bytes_.size() && four_bytes_[at];
    }

private:
    static std::string encode(std::uint32_t code)
    {
        const auto tail = [&](unsigned shift) {
            return static_cast<char>(0x80 + (code >> shift) % 64);
        };
        if (code < 0x80)
            return {static_cast<char>(code)};
        if (code < 0x800)
            return {static_cast<char>(0xC0 + code / 64), tail(0)};
        if (code < 0x10000)
            return {static_cast<char>(0xE0 + code / 4096), tail(6), tail(0)};
        return {static_cast<char>(0xF0 + code / 262144), tail(12), tail(6), tail(0)};
    }

    static constexpr std::uint32_t lowest_four_bytes = 0xF0000000;

    std::vector<std::vector<bool>> front_, whole_;
    std::vector<bool> four_bytes_; // those that begin with 0xF0 to 0xF4; no others are needed
};

/// Walks through all strings up to `deepest` bytes and counts where validator and definition part.
/// A string that failed is not continued: each of its prefixes was walked through before it.
class walk
{
public:
    explicit walk(std::size_t deepest) : deepest_(deepest) {}

    void from(const crier::utf8_validator& state, const std::string& text, std::size_t size,
              std::uint32_t packed)
    {
        for (unsigned byte = 0; byte < 256; ++byte) {
            crier::utf8_validator next = state;
            const char c = static_cast<char>(byte);
            const bool accepted = next.consume({&c, 1});
            const std::uint32_t sequence = packed << 8 | byte;
            const bool whole = definition_.is_whole(size + 1, sequence);
            const bool front = size < 3 && definition_.is_front(size + 1, sequence);
            ++strings;
            if (accepted != (whole || front) || (accepted && next.complete() != whole)) {
                if (differences++ == 0)
                    BOOST_ERROR("wrong about the last byte of " << readable(text + c));
            } else if (accepted && text.size() + 1 < deepest_) {
                from(next, text + c, whole ? 0 : size + 1, whole ? 0 : sequence);
            }
        }
    }

    std::size_t strings = 0;
    std::size_t differences = 0;

private:
    std::size_t deepest_;
    definition_of_utf8 definition_;
};

/// Number of bytes until the validator says no, one byte at a time.
std::size_t first_refused(std::string_view text)
{
    crier::utf8_validator validator;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (!validator.consume(text.substr(i, 1)))
            return i + 1;
    return 0;
}

struct refused
{
    std::string_view bytes;
    std::size_t at; // the first impossible byte, counted from 1
};

constexpr refused impossible[] = {
    {"\x80", 1},                 // a continuation byte that continues nothing
    {"\xBF", 1},                 //
    {"a\x80", 2},                //
    {"\xC3\xA9\x80", 3},         //
    {"\xC0\x80", 1},             // overlong forms: C0 and C1 begin nothing else
    {"\xC1\xBF", 1},             //
    {"\xE0\x80\x80", 2},         //
    {"\xE0\x9F\xBF", 2},         //
    {"\xF0\x80\x80\x80", 2},     //
    {"\xF0\x8F\xBF\xBF", 2},     //
    {"\xED\xA0\x80", 2},         // surrogates
    {"\xED\xBF\xBF", 2},         //
    {"\xF4\x90\x80\x80", 2},     // above U+10FFFF
    {"\xF5\x80\x80\x80", 1},     //
    {"\xF8\x88\x80\x80\x80", 1}, // five and six bytes
    {"\xFC\x84\x80\x80\x80\x80", 1},
    {"\xFE", 1},
    {"\xFF", 1},
    {"\xC3(", 2},            // a sequence that is broken off
    {"\xE2(\xA1", 2},        //
    {"\xE2\x82(", 3},        //
    {"\xF0\x9F\x98(", 4},    //
    {"\xC3\xC3", 2},         //
    {"\xE2\x82\xE2", 3},     //
    {"\xF0\x9F\x98\xF0", 4}, //
};

constexpr std::string_view possible[] = {
    "",
    "plain",
    "\x7F",
    "\xC2\x80",
    "\xDF\xBF",
    "\xE0\xA0\x80",
    "\xED\x9F\xBF",
    "\xEE\x80\x80",
    "\xEF\xBF\xBF",
    "\xF0\x90\x80\x80",
    "\xF4\x8F\xBF\xBF",
    "\xEF\xBB\xBF with a mark in front",
    "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5 \xF0\x9F\x98\x80",
};

} // namespace

BOOST_AUTO_TEST_SUITE(utf8)

BOOST_AUTO_TEST_CASE(agrees_with_the_definition_on_every_string_of_one_to_three_bytes)
{
    walk all(3);
    all.from({}, {}, 0, 0);
    BOOST_TEST(all.differences == 0u);
    BOOST_TEST(all.strings > 2'000'000u);
}

BOOST_AUTO_TEST_CASE(agrees_with_the_definition_on_every_string_of_four_bytes_after_a_high_lead)
{
    walk all(4);
    for (unsigned lead = 0xF0; lead < 0x100; ++lead) {
        crier::utf8_validator validator;
        const std::string text(1, static_cast<char>(lead));
        if (validator.consume(text))
            all.from(validator, text, 1, lead);
    }
    BOOST_TEST(all.differences == 0u);
    BOOST_TEST(all.strings > 4'000'000u);
}

BOOST_AUTO_TEST_CASE(fails_at_the_first_impossible_byte_and_not_before_it)
{
    for (const auto& [bytes, at] : impossible)
        BOOST_TEST_CONTEXT(readable(bytes))
        {
            BOOST_TEST(first_refused(bytes) == at);
            BOOST_TEST(!crier::is_valid_utf8(bytes));
            crier::utf8_validator validator;
            BOOST_TEST(validator.consume(bytes.substr(0, at - 1)));
            BOOST_TEST(!validator.consume(bytes.substr(at - 1)));
        }
}

BOOST_AUTO_TEST_CASE(finds_an_impossible_byte_behind_any_run_of_plain_text)
{
    // The run is skipped eight bytes at a time.
    for (std::size_t before = 0; before < 40; ++before)
        for (std::size_t after = 0; after < 20; ++after)
            for (const auto& [bytes, at] : impossible) {
                const std::string text =
                    std::string(before, 'a') + std::string(bytes) + std::string(after, 'z');
                if (crier::is_valid_utf8(text))
                    BOOST_ERROR("took " << readable(text));
            }
    BOOST_TEST(!crier::is_valid_utf8(std::string(64, 'a') + '\x80' + std::string(64, 'a')));
}

BOOST_AUTO_TEST_CASE(accepts_the_first_and_the_last_character_of_each_length)
{
    for (const std::string_view text : possible)
        BOOST_TEST(crier::is_valid_utf8(text), readable(text));
    BOOST_TEST(crier::is_valid_utf8(std::string_view("\0", 1)));
}

BOOST_AUTO_TEST_CASE(gives_the_same_answer_however_the_text_is_cut)
{
    std::string all;
    for (const std::string_view text : possible)
        all += text;
    for (std::size_t i = 0; i <= all.size(); ++i)
        for (std::size_t j = i; j <= all.size(); ++j) {
            crier::utf8_validator validator;
            const std::string_view text = all;
            if (!validator.consume(text.substr(0, i)) ||
                !validator.consume(text.substr(i, j - i)) || !validator.consume(text.substr(j)) ||
                !validator.complete())
                BOOST_ERROR("refused when cut at " << i << " and " << j);
        }
    BOOST_TEST(first_refused(all) == 0u);
}

BOOST_AUTO_TEST_CASE(a_whole_text_is_judged_as_piece_by_piece_wherever_it_is_damaged)
{
    // A text is judged by blocks; these bytes are at the borders of the ranges that make a difference.
    static constexpr unsigned char bytes[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                              0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                                              0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
    std::size_t wrong = 0;
    for (const std::size_t at : {0u, 1u, 2u, 3u, 12u, 14u, 15u, 16u, 17u, 19u, 29u, 31u})
        for (const std::size_t behind : {0u, 1u, 20u}) {
            std::string text(at + 4 + behind, 'a');
            for (const unsigned char a : bytes)
                for (const unsigned char b : bytes)
                    for (const unsigned char c : bytes)
                        for (const unsigned char d : bytes) {
                            const unsigned char four[] = {a, b, c, d};
                            std::copy_n(four, 4, text.begin() + static_cast<std::ptrdiff_t>(at));
                            crier::utf8_validator pieces;
                            const bool expected = pieces.consume(text) && pieces.complete();
                            wrong += crier::is_valid_utf8(text) != expected;
                        }
        }
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(a_long_text_of_characters_of_all_lengths_is_valid_until_a_byte_is_missing)
{
    const std::string text =
        "ab\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z\xED\x9F\xBF\xF4\x8F\xBF\xBF"
        "\xE0\xA0\x80\xF0\x90\x80\x80\xC2\x80\xDF\xBF\xEF\xBF\xBF\xF0\x9F\x98\x80";
    std::string longer;
    for (int times = 0; times < 4; ++times) {
        longer += text;
        for (std::size_t before = 0; before < 16; ++before) { // at each place in a block
            const std::string all = std::string(before, 'a') + longer;
            BOOST_TEST(crier::is_valid_utf8(all));
            for (std::size_t at = 0; at < all.size(); ++at) {
                std::string damaged = all;
                damaged.erase(at, 1);
                crier::utf8_validator pieces;
                const bool expected = pieces.consume(damaged) && pieces.complete();
                if (crier::is_valid_utf8(damaged) != expected)
                    BOOST_ERROR("without byte " << at << " of " << readable(all));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(is_complete_only_between_characters)
{
    const std::string_view text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    const bool complete[] = {true, true,  false, true,  false, false,
                             true, false, false, false, true};
    for (std::size_t size = 0; size <= text.size(); ++size) {
        crier::utf8_validator validator;
        BOOST_TEST(validator.consume(text.substr(0, size)));
        BOOST_TEST(validator.complete() == complete[size], "after " << size << " bytes");
        BOOST_TEST(crier::is_valid_utf8(text.substr(0, size)) == complete[size]);
    }
}

BOOST_AUTO_TEST_CASE(the_size_of_a_character_is_that_of_the_first_whole_one)
{
    // By the validator, which the first tests compare with the definition.
    const auto by_validator = [](std::string_view bytes) -> std::size_t {
        for (std::size_t size = 1; size <= bytes.size() && size <= 4; ++size)
            if (crier::is_valid_utf8(bytes.substr(0, size)))
                return size;
        return 0;
    };
    constexpr std::string_view seconds("\0a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xFF", 11);
    constexpr std::string_view others("\0\x7F\x80\xBF\xC0\xFF", 6);
    BOOST_TEST(crier::utf8_character_size("") == 0u);
    for (unsigned lead = 0; lead < 256; ++lead)
        for (const char second : seconds)
            for (const char third : others)
                for (const char fourth : others)
                    for (std::size_t size = 1; size <= 5; ++size) {
                        const char all[] = {static_cast<char>(lead), second, third, fourth, 'a'};
                        const std::vector<char> bytes(all, all + size); // of just its size
                        const std::string_view view(bytes.data(), size);
                        if (crier::utf8_character_size(view) != by_validator(view))
                            BOOST_ERROR(readable(view) << " begins with a character of "
                                                       << crier::utf8_character_size(view)
                                                       << " bytes, not " << by_validator(view));
                    }
}

BOOST_AUTO_TEST_CASE(takes_a_new_text_after_a_reset)
{
    crier::utf8_validator validator;
    BOOST_TEST(validator.consume("\xF0"));
    validator.reset();
    BOOST_TEST(validator.complete());
    BOOST_TEST(validator.consume("\xC2\x80 plain"));
    BOOST_TEST(!validator.consume("\xF0\x80"));
    validator.reset();
    BOOST_TEST(validator.consume("\xF0\x90\x80\x80"));
}

BOOST_AUTO_TEST_SUITE_END()
