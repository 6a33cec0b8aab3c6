#include <crier/detail/scan.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace detail = crier::detail;

namespace {

bool is_ascii(unsigned byte)
{
    return byte < 0x80;
}

bool is_plain_json(unsigned byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

using scan = const char* (*)(const char* begin, const char* at, const char* end) noexcept;

/// Puts every byte at every place of runs of every length up to some blocks, at every alignment and
/// in memory of just that size, with another stop behind it. Returns how often the scan was wrong.
std::size_t faults(scan skip, bool (*passes)(unsigned))
{
    std::size_t wrong = 0;
    for (std::size_t size = 0; size <= 150; ++size)
        for (std::size_t offset = 0; offset < (size < 20 ? 17u : 1u); ++offset) {
            const std::vector<char> run(offset + size, 'a');
            const char* const begin = run.data() + offset;
            wrong += skip(begin, begin, begin + size) != begin + size;
        }
    for (const std::size_t size :
         {1u, 7u, 8u, 9u, 15u, 16u, 17u, 24u, 31u, 32u, 33u, 40u, 63u, 64u, 65u, 100u, 129u})
        for (std::size_t at = 0; at < size; ++at)
            for (unsigned byte = 0; byte < 256; ++byte) {
                std::vector<char> run(size, 'a');
                run[at] = static_cast<char>(byte);
                const std::size_t behind = at + 1 + byte % 20; // another stop, in front of others
                if (behind < size)
                    std::fill(run.begin() + static_cast<std::ptrdiff_t>(behind), run.end(),
                              passes(0x80) ? '\x1F' : '\xFF');
                const char* const begin = run.data();
                const std::size_t expected = !passes(byte) ? at : std::min(behind, size);
                wrong += skip(begin, begin, begin + size) != begin + expected;
            }
    // Every place in a text of every length, with stops all over what stands before it, and behind
    // it what differs from a stop by one bit.
    for (const char stops : {passes(0x80) ? '"' : '\x80', passes(0x80) ? '\\' : '\xFF'})
        for (std::size_t size = 0; size <= 90; ++size)
            for (std::size_t from = 0; from <= size; ++from)
                for (std::size_t stop = from; stop <= size; ++stop) {
                    std::vector<char> text(size, static_cast<char>(passes(0x80) ? stops ^ 1 : 0));
                    std::fill_n(text.begin(), from, stops);
                    if (stop != size)
                        text[stop] = stops;
                    const char* const begin = text.data();
                    wrong += skip(begin, begin + from, begin + size) != begin + stop;
                }
    return wrong;
}

} // namespace

BOOST_AUTO_TEST_SUITE(scans)

BOOST_AUTO_TEST_CASE(skip_ascii_stops_at_the_first_byte_that_is_not_ascii)
{
    BOOST_TEST(faults(&detail::skip_ascii<>, &is_ascii) == 0u);
    BOOST_TEST(faults(&detail::skip_ascii<detail::word_block>, &is_ascii) == 0u);
}

BOOST_AUTO_TEST_CASE(skip_plain_json_stops_at_the_first_byte_that_needs_a_second_look)
{
    const scan widest = [](const char* begin, const char* at, const char* end) noexcept {
        return detail::skip_plain_json(begin, at, end);
    };
    const scan words = [](const char* begin, const char* at, const char* end) noexcept {
        return detail::skip_plain_json<detail::word_block>(begin, at, end);
    };
    BOOST_TEST(faults(widest, &is_plain_json) == 0u);
    BOOST_TEST(faults(words, &is_plain_json) == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
