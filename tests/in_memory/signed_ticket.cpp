// Tickets: what is accepted, and every way to forge one that is not.
#include <crier/authenticator/signed_ticket.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <string>

#include "extras.hpp"
#include "page.hpp"

namespace {

using namespace support;
using namespace std::chrono_literals;
using crier::signed_ticket;
using crier::verdict;
using std::chrono::system_clock;

system_clock::time_point the_time()
{
    return system_clock::time_point(1'000'000s);
}

signed_ticket two_keys()
{
    return {.keys = {{"old", std::string(32, 'o')}, {"new", std::string(32, 'n')}},
            .clock = the_time};
}

std::string judged(const signed_ticket& t, std::string_view ticket)
{
    verdict v = t.judge_ticket(ticket);
    return (v.kind() == verdict::kind_accepted ? "is " : "no: ") + v.text();
}

BOOST_AUTO_TEST_SUITE(signed_tickets)

BOOST_AUTO_TEST_CASE(a_ticket_says_who_it_is_with_either_key)
{
    const signed_ticket t = two_keys();
    for (const std::string uid : {"a", "ab", "abc", "uid1", "\xC3\xA4", "a.b", "with space & more"})
        for (const auto* key : {"old", "new"})
            BOOST_TEST(judged(t, t.issue(uid, key, the_time() + 1s)) == "is " + uid);
}

BOOST_AUTO_TEST_CASE(the_form_is_the_documented_one)
{
    // From PHP 8, with the lines in signed_ticket's documentation, and by hand with `openssl dgst`.
    const signed_ticket t{.keys = {{"k1", "secret"}}, .clock = the_time};
    BOOST_TEST(t.issue("uid1", "k1", system_clock::time_point(2'000'000'000s)) ==
               "k1.2000000000.dWlkMQ.wp9FvsiTLMTtXUxqbnT8WR0rmM65QH_rLlUkFl5YjvU");
}

BOOST_AUTO_TEST_CASE(a_ticket_ends)
{
    signed_ticket t = two_keys();
    BOOST_TEST(judged(t, t.issue("a", "new", the_time())) == "no: ticket has expired");
    BOOST_TEST(judged(t, t.issue("a", "new", the_time() - 5s)) == "no: ticket has expired");
    t.leeway = 6s;
    BOOST_TEST(judged(t, t.issue("a", "new", the_time() - 5s)) == "is a");
}

BOOST_AUTO_TEST_CASE(a_removed_key_is_worth_nothing)
{
    signed_ticket t = two_keys();
    const std::string ticket = t.issue("a", "old", the_time() + 1s);
    t.keys.erase("old");
    BOOST_TEST(judged(t, ticket) == "no: bad ticket");
    t.keys["old"] = "";
    BOOST_TEST(judged(t, ticket) == "no: bad ticket");
    BOOST_CHECK_THROW((void)t.issue("a", "none", the_time()), std::out_of_range);
}

BOOST_AUTO_TEST_CASE(a_ticket_with_any_character_changed_added_or_removed_is_refused)
{
    const signed_ticket t = two_keys();
    const std::string good = t.issue("uid1", "new", the_time() + 1s);
    BOOST_TEST_REQUIRE(judged(t, good) == "is uid1");
    for (std::size_t at = 0; at <= good.size(); ++at) {
        for (const char c : std::string("A0.-_=~ \0\xFF", 10)) {
            std::string forged = good;
            if (at < good.size() && good[at] != c) {
                forged[at] = c;
                BOOST_TEST(judged(t, forged).starts_with("no: "), forged);
            }
            forged = good;
            forged.insert(at, 1, c);
            BOOST_TEST(judged(t, forged).starts_with("no: "), forged);
        }
        BOOST_TEST(judged(t, good.substr(0, at)).starts_with("no: ") == (at < good.size()));
        if (at < good.size()) {
            std::string shorter = good;
            shorter.erase(at, 1);
            BOOST_TEST(judged(t, shorter).starts_with("no: "), shorter);
        }
    }
    for (const std::string nonsense : {"", ".", "..", "...", "....", "new", "new.1.YQ.", "new..."})
        BOOST_TEST(judged(t, nonsense) == "no: bad ticket", nonsense);
    BOOST_TEST(judged(t, good + std::string(5000, 'A')) == "no: bad ticket");
}

using ticket_server =
    extras_server<crier::clients<memory_transport, crier::websocket, signed_ticket>,
                  crier::backend<memory_transport, crier::text_line>>;

BOOST_AUTO_TEST_CASE(a_page_shows_it_in_the_url_or_says_it_first)
{
    ticket_server s({.authenticator = two_keys()});
    const auto ticket = [](const char* uid) {
        return two_keys().issue(uid, "new", the_time() + 1s);
    };
    page by_url(s.pages, {.target = "/push?x=1&ticket=" + ticket("ann")});
    page by_message = open(s.pages, ticket("bob"));
    page forged(s.pages, {.target = "/?ticket=" + ticket("eve") + "x"});
    page liar = open(s.pages, "ann", {.target = "/?myticket=x"});
    s.settle();
    for (page* p : {&by_url, &by_message, &forged, &liar})
        p->hear();
    BOOST_TEST(forged.status == 403u);
    BOOST_TEST(liar.closed_with == 1008u);
    BOOST_TEST(s.tell("{\"uid\":\"ann\"}\n{\"uid\":\"bob\"}\n{\"uid\":\"eve\"}") ==
               "ok\nok\nfail\n");
    by_url.hear();
    by_message.hear();
    BOOST_TEST(by_url.messages.size() == 1u);
    BOOST_TEST(by_message.messages.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
