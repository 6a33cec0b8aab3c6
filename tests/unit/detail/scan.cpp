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
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

using scan = const char* (*)(const char*, const char*) noexcept;

/// Puts every byte at every place of runs of every length up to some blocks, at every alignment and
/// in memory of just that size, with another stop behind it. Returns how often the scan was wrong.
std::size_t faults(scan skip, bool (*passes)(unsigned))
{
    std::size_t wrong = 0;
    for (std::size_t size = 0; size <= 50; ++size)
        for (std::size_t offset = 0; offset < (size < 20 ? 17u : 1u); ++offset) {
            const std::vector<char> run(offset + size, 'a');
            const char* const begin = run.data() + offset;
            wrong += skip(begin, begin + size) != begin + size;
        }
    for (const std::size_t size : {1u, 7u, 8u, 9u, 15u, 16u, 17u, 24u, 31u, 32u, 33u, 40u})
        for (std::size_t at = 0; at < size; ++at)
            for (unsigned byte = 0; byte < 256; ++byte) {
                std::vector<char> run(size, 'a');
                run[at] = static_cast<char>(byte);
                const bool stopped_behind = at + 2 < size;
                if (stopped_behind)
                    run[at + 2] = '\xFF';
                const char* const begin = run.data();
                const std::size_t expected = !passes(byte) ? at : stopped_behind ? at + 2 : size;
                wrong += skip(begin, begin + size) != begin + expected;
            }
    return wrong;
}

} // namespace

BOOST_AUTO_TEST_SUITE(scans)

BOOST_AUTO_TEST_CASE(skip_ascii_stops_at_the_first_byte_that_is_not_ascii)
{
    BOOST_TEST(faults(&detail::skip_ascii, &is_ascii) == 0u);
}

BOOST_AUTO_TEST_CASE(skip_plain_json_stops_at_the_first_byte_that_needs_a_second_look)
{
    const scan alone = [](const char* at, const char* end) noexcept {
        return detail::skip_plain_json(at, at, end);
    };
    BOOST_TEST(faults(alone, &is_plain_json) == 0u);
}

BOOST_AUTO_TEST_CASE(skip_plain_json_overlooks_what_stands_before)
{
    // Every place in a text of every length, with stops all over what stands before it.
    std::size_t wrong = 0;
    for (std::size_t size = 0; size <= 50; ++size)
        for (std::size_t from = 0; from <= size; ++from)
            for (std::size_t stop = from; stop <= size; ++stop) {
                std::vector<char> text(size, 'a');
                std::fill_n(text.begin(), from, '"');
                if (stop != size)
                    text[stop] = '\\';
                const char* const begin = text.data();
                wrong += detail::skip_plain_json(begin, begin + from, begin + size) != begin + stop;
            }
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
