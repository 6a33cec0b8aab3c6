#include <crier/printable.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

using crier::printable;

BOOST_AUTO_TEST_SUITE(printable_text)

BOOST_AUTO_TEST_CASE(printable_ascii_stays_as_it_is)
{
    std::string all;
    for (char c = ' '; c <= '~'; ++c)
        all += c;
    BOOST_TEST(printable(all) == all);
    BOOST_TEST(printable("") == "");
}

BOOST_AUTO_TEST_CASE(nothing_else_does)
{
    BOOST_TEST(printable("u1\r\n2026 is admin") == "u1\\x0d\\x0a2026 is admin");
    BOOST_TEST(printable("\x1b[31m") == "\\x1b[31m");
    BOOST_TEST(printable(std::string("a\0b", 3)) == "a\\x00b");
    for (int byte = 0; byte < 256; ++byte) {
        const std::string out = printable(std::string(1, static_cast<char>(byte)));
        BOOST_TEST(out.size() == (byte >= ' ' && byte <= '~' ? 1u : 4u), "byte " << byte);
        for (const char c : out)
            BOOST_TEST((c >= ' ' && c <= '~'));
    }
}

BOOST_AUTO_TEST_SUITE_END()
