// A ticket says who a page is. What a forger could try, beside changing characters
// (in_memory/signed_ticket.cpp).
#include <crier/authenticator/signed_ticket.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <openssl/hmac.h>
#include <string>
#include <string_view>
#include <vector>

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

const std::string secret(32, 's');

signed_ticket one_key()
{
    return {.keys = {{"k", secret}}, .clock = the_time};
}

std::string judged(const signed_ticket& t, std::string_view ticket)
{
    verdict v = t.judge_ticket(ticket);
    return (v.kind() == verdict::kind_accepted ? "is " : "no: ") + v.text();
}

std::string
base64(std::string_view bytes,
       std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_")
{
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        unsigned bits = 0;
        const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t j = 0; j < 3; ++j)
            bits = bits << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (std::size_t j = 0; j <= n; ++j)
            out += alphabet[bits >> (18 - 6 * j) & 63];
    }
    return out;
}

std::string mac(std::string_view key, std::string_view body, const EVP_MD* digest = ::EVP_sha256())
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ::HMAC(digest, key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(body.data()), body.size(), bytes, &size);
    return {reinterpret_cast<const char*>(bytes), size};
}

/// Whoever has the key can sign any body, also one that issue() would not write.
std::string signed_with(std::string_view key, const std::string& body)
{
    return body + '.' + base64(mac(key, body));
}

BOOST_AUTO_TEST_SUITE(forged_tickets)

BOOST_AUTO_TEST_CASE(the_forgers_tools_write_good_tickets_too)
{
    BOOST_TEST(signed_with(secret, "k.1000001." + base64("uid1")) ==
               one_key().issue("uid1", "k", the_time() + 1s));
    BOOST_TEST(judged(one_key(), signed_with(secret, "k.1000001.dWlkMQ")) == "is uid1");
}

BOOST_AUTO_TEST_CASE(another_uid_or_a_later_end_under_an_old_signature_is_refused)
{
    const std::string good = one_key().issue("bob", "k", the_time() + 1s);
    const std::string signature = good.substr(good.rfind('.'));
    for (const std::string& body :
         std::vector<std::string>{"k.1000001." + base64("ann"), "k.1000002." + base64("bob"),
                                  "k.1000001." + base64("bo"), "k.1000001." + base64("bobb"),
                                  "k.1000001.", "k.1000001", "k.1000001.Ym9i."})
        BOOST_TEST(judged(one_key(), body + signature) == "no: bad ticket", body);
}

BOOST_AUTO_TEST_CASE(a_signature_of_no_key_an_unknown_one_or_an_empty_one_is_refused)
{
    const std::string rest = ".1000001." + base64("ann");
    signed_ticket t = one_key();
    t.keys["empty"] = "";
    for (const std::string& forged :
         {signed_with("", "k" + rest), signed_with("", "empty" + rest), signed_with("", rest),
          signed_with(secret, "K" + rest), signed_with(secret, rest), signed_with("k", "k" + rest),
          signed_with(secret, std::string("k\0", 2) + rest), signed_with(secret, "k " + rest),
          "k" + rest + '.', "k" + rest + "." + base64(std::string(32, '\0'))})
        BOOST_TEST(judged(t, forged) == "no: bad ticket", forged);
    BOOST_TEST(judged({.clock = the_time}, signed_with("", "k" + rest)) == "no: bad ticket");
}

BOOST_AUTO_TEST_CASE(there_is_one_algorithm_and_no_way_to_ask_for_another)
{
    const std::string body = "k.1000001." + base64("ann");
    for (const EVP_MD* digest : {::EVP_md5(), ::EVP_sha1(), ::EVP_sha224(), ::EVP_sha512()})
        BOOST_TEST(judged(one_key(), body + '.' + base64(mac(secret, body, digest))) ==
                   "no: bad ticket");
    for (const std::string forged :
         {"none.1000001.YW5u.", "HS256.1000001.YW5u.", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.",
          "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln"})
        BOOST_TEST(judged(one_key(), forged) == "no: bad ticket", forged);
}

BOOST_AUTO_TEST_CASE(a_signature_is_whole_and_written_in_the_one_way_there_is)
{
    const std::string body = "k.1000001." + base64("ann");
    const std::string full = mac(secret, body);
    for (std::size_t size = 0; size < full.size(); ++size)
        BOOST_TEST(judged(one_key(), body + '.' + base64(full.substr(0, size))) ==
                   "no: bad ticket");
    BOOST_TEST(judged(one_key(), body + '.' + base64(full + full)) == "no: bad ticket");

    const std::string written = base64(full);
    BOOST_TEST(judged(one_key(), body + '.' + written + '=') == "no: bad ticket");
    BOOST_TEST(judged(one_key(), body + '.' + written + "\n") == "no: bad ticket");
    BOOST_TEST(judged(one_key(), ' ' + body + '.' + written) == "no: bad ticket");
    // The last character has two bits that stand for nothing.
    std::string other = written;
    for (char c : std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
        other.back() = c;
        BOOST_TEST(judged(one_key(), body + '.' + other) ==
                   (other == written ? "is ann" : "no: bad ticket"));
    }
    // The alphabet of the other base64, in signature and uid: uids whose bytes need it.
    const std::string uid = "\xFB\xEF\xBE\xFF";
    for (const char* plus : {"-+", "_/"}) {
        std::string classic = base64(uid);
        std::replace(classic.begin(), classic.end(), plus[0], plus[1]);
        if (classic != base64(uid))
            BOOST_TEST(judged(one_key(), signed_with(secret, "k.1000001." + classic)) ==
                       "no: bad ticket");
    }
    for (const std::string uid_text : {"YW5", "YW5uY", "YQ=", "YQ==", "YR", "Y Q", "Y%51"})
        BOOST_TEST(judged(one_key(), signed_with(secret, "k.1000001." + uid_text)) ==
                   "no: bad ticket");
}

BOOST_AUTO_TEST_CASE(an_end_is_a_number_of_seconds_and_nothing_else)
{
    const std::string uid = "." + base64("ann");
    for (const std::string end :
         {"", "x", "+2000000", "2e9", "0x7fffffff", "2000000 ", " 2000000", "2000000.0",
          "9223372036854775808", "18446744073709551617", "99999999999999999999999"})
        BOOST_TEST(judged(one_key(), signed_with(secret, "k." + end + uid)).starts_with("no: "),
                   end);
    for (const std::string end : {"-1", "0", "999999", "1000000", "-9223372036854775808"})
        BOOST_TEST(judged(one_key(), signed_with(secret, "k." + end + uid)) ==
                       "no: ticket has expired",
                   end);
    BOOST_TEST(judged(one_key(), signed_with(secret, "k.9223372036854775807" + uid)) == "is ann");
}

BOOST_AUTO_TEST_CASE(the_same_ticket_serves_until_its_end_and_not_longer)
{
    static system_clock::time_point now;
    now = the_time();
    signed_ticket t = one_key();
    t.clock = [] { return now; };
    const std::string ticket = t.issue("ann", "k", the_time() + 60s);
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(judged(t, ticket) == "is ann"); // as its documentation says
    now = the_time() + 59s;
    BOOST_TEST(judged(t, ticket) == "is ann");
    now = the_time() + 60s;
    BOOST_TEST(judged(t, ticket) == "no: ticket has expired");
}

using ticket_server =
    extras_server<crier::clients<memory_transport, crier::websocket, signed_ticket>,
                  crier::backend<memory_transport, crier::text_line>>;

BOOST_AUTO_TEST_CASE(a_uid_that_was_signed_is_bound_by_the_same_rules_as_others)
{
    ticket_server s({.authenticator = one_key()});
    const auto come = [&](const std::string& uid) {
        page p = open(s.pages, one_key().issue(uid, "k", the_time() + 1s));
        s.settle();
        p.hear();
        return p.closed_with;
    };
    BOOST_TEST(come("") == 1008u);
    BOOST_TEST(come(std::string(257, 'x')) == 1008u);
    BOOST_TEST(come(std::string(256, 'x')) == 0u);
}

BOOST_AUTO_TEST_CASE(a_page_cannot_say_another_uid_after_its_ticket)
{
    ticket_server s({.authenticator = one_key()});
    page mallory(s.pages,
                 {.target = "/?ticket=" + one_key().issue("mallory", "k", the_time() + 1s)});
    mallory.say(one_key().issue("ann", "k", the_time() + 1s)); // found somewhere: too late
    mallory.say("ann");
    s.settle();
    BOOST_TEST(s.tell("{\"uid\":\"ann\"}\n{\"uid\":\"mallory\"}") == "fail\nok\n");
}

BOOST_AUTO_TEST_CASE(of_two_tickets_in_a_url_the_first_counts_and_no_other_name_is_one)
{
    ticket_server s({.authenticator = one_key()});
    const std::string ann = one_key().issue("ann", "k", the_time() + 1s);
    const auto status = [&](const std::string& target) {
        page p(s.pages, {.target = target});
        s.settle();
        p.hear();
        return p.status;
    };
    BOOST_TEST(status("/?ticket=x&ticket=" + ann) == 403u);
    BOOST_TEST(s.tell(R"({"uid":"ann"})") == "fail\n");
    // None of these is a ticket; the page must still say one.
    for (const std::string& target :
         {"/?xticket=" + ann, "/?Ticket=" + ann, "/?ticket" + ann, "/ticket=" + ann,
          "/?a=b;ticket=" + ann, "/?%74icket=" + ann, "/?ticket%3D" + ann})
    {
        BOOST_TEST(status(target) == 101u, target);
        BOOST_TEST(s.tell(R"({"uid":"ann"})") == "fail\n", target);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
