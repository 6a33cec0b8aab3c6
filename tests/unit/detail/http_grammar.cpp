#include <crier/detail/http_grammar.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include "readable.hpp"

using support::readable;
namespace detail = crier::detail;

// Extensions and hosts are in opening.cpp, as the requests that they stand in.

namespace {

std::string elements(std::string_view list)
{
    std::string out;
    detail::for_each_in_list(
        list, [&](std::string_view element) { out += '[' + std::string(element) + ']'; });
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_grammar)

BOOST_AUTO_TEST_CASE(a_line_of_http_is_known_by_its_version_or_by_the_host)
{
    for (const std::string_view line : {"GET / HTTP/1.1", "PROPFIND /a HTTP/1.0", " HTTP/1.1",
                                        "Host: example.com", "hOST:", "Host:{\"uid\":\"u\"}"})
        BOOST_TEST(detail::is_http_line(line), line);
    for (const std::string_view line :
         {"", "GET / HTTP/1.2", "GET / HTTP/2", "HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.0x",
          "{\"uid\":\"u\",\"text\":\"GET / HTTP/1.1", "{ HTTP/1.0", "Hos", "Host", "Host : a",
          " Host: a", "Hosts: a"})
        BOOST_TEST(!detail::is_http_line(line), line);
}

BOOST_AUTO_TEST_CASE(only_the_case_of_ascii_letters_does_not_matter)
{
    BOOST_TEST(detail::iequals("", ""));
    BOOST_TEST(detail::iequals("Sec-WebSocket-Key", "sEC-wEBsOCKET-kEY"));
    BOOST_TEST(!detail::iequals("Host", "Hos"));
    BOOST_TEST(!detail::iequals("Host", "Hose"));
    // Just beside the letters, and where one more bit would make a letter of them.
    BOOST_TEST(!detail::iequals("@", "`"));
    BOOST_TEST(!detail::iequals("[", "{"));
    BOOST_TEST(!detail::iequals("\xC1", "\xE1"));
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        const bool upper = byte >= 'A' && byte <= 'Z';
        BOOST_TEST(detail::to_lower(c) == (upper ? static_cast<char>(byte + 32) : c));
    }
}

BOOST_AUTO_TEST_CASE(blanks_and_tabs_are_trimmed_from_both_ends)
{
    BOOST_TEST(detail::trim("") == "");
    BOOST_TEST(detail::trim(" \t ") == "");
    BOOST_TEST(detail::trim("\t a b \t") == "a b");
    BOOST_TEST(detail::trim("a") == "a");
    BOOST_TEST(readable(detail::trim("\r a\n")) == readable("\r a\n"));
}

BOOST_AUTO_TEST_CASE(a_list_has_its_elements_between_commas_and_no_empty_ones)
{
    BOOST_TEST(elements("") == "");
    BOOST_TEST(elements("a") == "[a]");
    BOOST_TEST(elements("a,b , c\t,d e") == "[a][b][c][d e]");
    BOOST_TEST(elements(",,a, ,\t,b,") == "[a][b]");
    BOOST_TEST(elements(" , ") == "");
}

BOOST_AUTO_TEST_CASE(a_token_is_of_the_characters_that_http_allows)
{
    constexpr std::string_view allowed = "0123456789abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~";
    for (int byte = 0; byte < 256; ++byte) {
        const std::string c(1, static_cast<char>(byte));
        const bool in_token = allowed.find(c) != std::string_view::npos;
        BOOST_TEST(detail::is_token(c) == in_token, readable(c));
        BOOST_TEST(detail::is_token("a" + c + "z") == in_token, readable(c));
    }
    BOOST_TEST(detail::is_token(allowed));
    BOOST_TEST(!detail::is_token(""));
}

BOOST_AUTO_TEST_SUITE_END()
