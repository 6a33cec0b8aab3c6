// Browsers let any page open a WebSocket to any server, and say in Origin whose page it is.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include "extras.hpp"
#include "page.hpp"

namespace {

using namespace support;

using guard = crier::every<crier::allowed_origins, crier::first_message>;
using lines = crier::backend<memory_transport, crier::text_line>;
using guarded_server =
    extras_server<crier::clients<memory_transport, crier::websocket, guard>, lines>;

unsigned status_of(guarded_server& s, const std::vector<std::string>& fields)
{
    page p = open(s.pages, "u", {.fields = fields});
    s.settle();
    p.hear();
    const bool registered = s.tell(R"({"uid":"u"})") == "ok\n";
    BOOST_TEST(registered == (p.status == 101));
    return p.status;
}

BOOST_AUTO_TEST_SUITE(origins)

BOOST_AUTO_TEST_CASE(what_only_looks_like_an_allowed_one_is_refused)
{
    guarded_server s({.authenticator = {{.origins = {"https://example.org"}}, {}}});
    for (const std::string origin : {"https://example.org.evil.com",
                                     "https://evil-example.org",
                                     "https://evil.example.org",
                                     "https://example.orgevil",
                                     "https://example.or",
                                     "http://example.org",
                                     "wss://example.org",
                                     "https://example.org:443",
                                     "https://example.org:8443",
                                     "https://example.org/",
                                     "https://example.org/x",
                                     "https://example.org?",
                                     "https://example.org#",
                                     "example.org",
                                     "//example.org",
                                     "https:example.org",
                                     "https://example.org.",
                                     "https://user@example.org",
                                     "https://example.org@evil.com",
                                     "https://evil.com/https://example.org",
                                     "https://evil.com#https://example.org",
                                     "https://example.org\\.evil.com",
                                     "https://example.org%00.evil.com",
                                     "https://example.org,https://evil.com",
                                     "https://evil.com https://example.org",
                                     "https://example.org https://evil.com",
                                     "https://example.org\tx",
                                     "https://ex\xC3\xA4mple.org",
                                     "https://example.org\xE3\x80\x82",
                                     "https://[::1]",
                                     "null",
                                     "NULL",
                                     "*",
                                     "https://*",
                                     "file://",
                                     "chrome-extension://abc",
                                     "about:blank",
                                     ""})
        BOOST_TEST(status_of(s, {"Origin: " + origin}) == 403u, origin);
    BOOST_TEST(status_of(s, {"Origin: https://example.org"}) == 101u);
}

BOOST_AUTO_TEST_CASE(space_around_it_and_the_case_of_its_letters_mean_nothing)
{
    guarded_server s({.authenticator = {{.origins = {"https://Example.org"}}, {}}});
    for (const char* field : {"Origin:https://example.org", "ORIGIN: \t https://EXAMPLE.ORG \t "})
        BOOST_TEST(status_of(s, {field}) == 101u, field);
}

BOOST_AUTO_TEST_CASE(a_missing_one_is_no_browser_and_comes_in_only_if_that_is_said)
{
    guarded_server strict({.authenticator = {{.origins = {"https://example.org"}}, {}}});
    BOOST_TEST(status_of(strict, {}) == 403u);
    BOOST_TEST(status_of(strict, {"Sec-WebSocket-Origin: https://example.org"}) == 403u);
    BOOST_TEST(status_of(strict, {"X-Origin: https://example.org",
                                  "Referer: https://example.org"}) == 403u);
    guarded_server open_to_programs(
        {.authenticator = {{.origins = {"https://example.org"}, .allow_none = true}, {}}});
    BOOST_TEST(status_of(open_to_programs, {}) == 101u);
    for (const char* field : {"Origin: https://evil.example", "Origin: null", "Origin:"})
        BOOST_TEST(status_of(open_to_programs, {field}) == 403u, field);
}

BOOST_AUTO_TEST_CASE(of_several_all_must_be_allowed)
{
    guarded_server s(
        {.authenticator = {{.origins = {"https://a.example", "https://b.example"}}, {}}});
    const std::string a = "Origin: https://a.example", b = "Origin: https://b.example",
                      evil = "Origin: https://evil.example";
    for (const auto& fields : std::vector<std::vector<std::string>>{
             {a, evil}, {evil, a}, {a, b, evil}, {a, "Origin: null"}, {"origin:", a}})
        BOOST_TEST(status_of(s, fields) == 403u, fields.back());
    BOOST_TEST(status_of(s, {a, b}) == 101u);
}

BOOST_AUTO_TEST_CASE(without_any_allowed_one_no_page_comes_in)
{
    guarded_server s;
    for (const char* field : {"Origin: https://example.org", "Origin:", "Origin: null"})
        BOOST_TEST(status_of(s, {field}) == 403u, field);
    BOOST_TEST(status_of(s, {}) == 403u);
}

BOOST_AUTO_TEST_CASE(it_stands_in_front_of_a_ticket_too)
{
    using both = crier::every<crier::allowed_origins, crier::ask<>>;
    int asked = 0;
    extras_server<crier::clients<memory_transport, crier::websocket, both>, lines> s(
        {.authenticator = {{.origins = {"https://example.org"}}, {[&](const crier::question& q) {
                               asked += q.occasion() == crier::question::opening;
                               return q.occasion() == crier::question::opening
                                          ? crier::verdict::accept("cookie's owner")
                                          : crier::verdict::undecided();
                           }}}});
    page evil(s.pages, {.fields = {"Origin: https://evil.example", "Cookie: session=victim"}});
    s.settle();
    evil.hear();
    BOOST_TEST(evil.status == 403u);
    BOOST_TEST(asked == 0);
    page own(s.pages, {.fields = {"Origin: https://example.org", "Cookie: session=victim"}});
    s.settle();
    own.hear();
    BOOST_TEST(own.status == 101u);
    BOOST_TEST(asked == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
