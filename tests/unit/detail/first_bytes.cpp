#include <crier/detail/first_bytes.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "readable.hpp"

using crier::detail::first_bytes;
using crier::detail::may_be_browser;
using crier::detail::with_next;
using support::readable;

namespace {

first_bytes seen(std::string_view bytes)
{
    return with_next(first_bytes::none, bytes);
}

/// It is known at its last byte, not sooner, however it is cut, and stays so.
void check_browser(const std::string& start)
{
    for (std::size_t size = 0; size < start.size(); ++size)
        BOOST_TEST(may_be_browser(seen(start.substr(0, size))), readable(start));
    BOOST_TEST((seen(start) == first_bytes::browser), readable(start));
    BOOST_TEST((seen(start + "{") == first_bytes::browser), readable(start));
    for (std::size_t cut = 0; cut <= start.size(); ++cut)
        BOOST_TEST(
            (with_next(seen(start.substr(0, cut)), start.substr(cut)) == first_bytes::browser),
            readable(start));
}

/// Is neither, whatever follows.
void check_other(std::string_view bytes)
{
    BOOST_TEST((seen(bytes) == first_bytes::other), readable(bytes));
    BOOST_TEST((with_next(seen(bytes), "GET / HTTP/1.1") == first_bytes::other), readable(bytes));
}

} // namespace

BOOST_AUTO_TEST_SUITE(first_bytes_of_a_connection)

BOOST_AUTO_TEST_CASE(a_word_and_a_path_are_a_request)
{
    for (const std::string start :
         {"GET /", "POST /", "HEAD /", "PUT /", "PATCH /", "patch /", "DELETE /", "TRACE /", "X /",
          "OPTIONS *", "PRI *", "PROPFIND /", "!#$%&'*+-.^_`|~09az /", "GET http", "POST http"})
        check_browser(start);
    check_browser(std::string(100'000, 'X').substr(0, 300) + " /");
    for (const std::string_view other :
         {"{", " /", "\n", "\r\nGET /", "GET\t", "GET\n", "GET:", "GET  ", "GET x", "GET h/",
          "GET hT", "GET ht/", "GET htt/", "CONNECT example.com:443", "secret\n", "Host:", "a\x80",
          "\xC3\xA9", "\x7f"})
        check_other(other);
}

BOOST_AUTO_TEST_CASE(what_is_known_does_not_change)
{
    for (const first_bytes known : {first_bytes::browser, first_bytes::other})
        for (const char next : {'G', ' ', '/', '{', '\x16'})
            BOOST_TEST((with_next(known, next) == known));
}

BOOST_AUTO_TEST_CASE(only_words_are_methods)
{
    constexpr std::string_view allowed = "0123456789abcdefghijklmnopqrstuvwxyz"
                                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~";
    for (int byte = 0; byte < 256; ++byte) {
        const std::string c(1, static_cast<char>(byte));
        const bool in_word = allowed.find(c) != std::string_view::npos;
        BOOST_TEST(may_be_browser(seen(c)) == (in_word || byte == 0x16), readable(c));
        BOOST_TEST(may_be_browser(seen("A" + c)) == (in_word || byte == ' '), readable(c));
    }
}

BOOST_AUTO_TEST_CASE(a_record_with_a_client_hello_is_tls)
{
    for (char version = 0; version <= 4; ++version)
        for (const std::string& length : {std::string("\2\0", 2), std::string("\0\x5", 2),
                                          std::string("\n\n"), std::string("\xFF\xFF")})
            check_browser("\x16\3" + std::string(1, version) + length + '\1');
    // An alert, a version that there is not, and a ServerHello.
    for (const std::string_view other :
         {std::string_view("\x15"), std::string_view("\x16{"), std::string_view("\x16\2"),
          std::string_view("\x16\3\5"), std::string_view("\x16\3\xFF"),
          std::string_view("\x16\3\3\0\x5\2", 6), std::string_view("\x16\3\3\0\x5{", 6)})
        check_other(other);
}

BOOST_AUTO_TEST_SUITE_END()
