#include <crier/codec/websocket/deflate_offer.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "websocket_script.hpp"

namespace {

/// What comes of these header fields: the response, or why the request is refused.
std::string response_to(const std::vector<std::string>& fields, int max_window_bits = 15)
{
    std::string head(support::upgrade_request);
    head.resize(head.size() - 2);
    for (const std::string& value : fields)
        head += "Sec-WebSocket-Extensions: " + value + "\r\n";
    crier::opening_request request;
    if (const auto ec = request.parse(head + "\r\n"))
        return ec.message();
    const crier::deflate_agreement agreed = crier::agree_on_deflate(request, max_window_bits);
    BOOST_TEST((agreed.server_window_bits == 0) == agreed.response.empty());
    if (agreed.server_window_bits == 0)
        return "declined";
    return agreed.response + " -> " + std::to_string(agreed.server_window_bits);
}

const std::string pmd = "permessage-deflate";
const std::string forgetful =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
const std::string plain = forgetful + " -> 15";

std::string with_window(int bits)
{
    return forgetful + "; server_max_window_bits=" + std::to_string(bits) + " -> " +
           std::to_string(bits);
}

} // namespace

BOOST_AUTO_TEST_SUITE(deflate_offer)

BOOST_AUTO_TEST_CASE(both_sides_forget_whether_that_was_offered_or_not)
{
    for (const char* more :
         {"", "; client_no_context_takeover", ";server_no_context_takeover",
          "; server_no_context_takeover ; client_no_context_takeover", "; client_max_window_bits",
          "; client_max_window_bits=8", "; client_max_window_bits=\"15\""})
        BOOST_TEST(response_to({pmd + more}) == plain, more);
}

BOOST_AUTO_TEST_CASE(a_window_that_was_named_is_named_in_the_response)
{
    for (int bits = 9; bits <= 15; ++bits) {
        const std::string value = std::to_string(bits);
        BOOST_TEST(response_to({pmd + "; server_max_window_bits=" + value}) == with_window(bits));
        BOOST_TEST(response_to({pmd + "; server_max_window_bits=\"" + value + '"'}) ==
                   with_window(bits));
    }
    BOOST_TEST(response_to({pmd + "; server_max_window_bits = \"\\1\\1\""}) == with_window(11));
}

BOOST_AUTO_TEST_CASE(the_servers_own_window_may_be_smaller)
{
    BOOST_TEST(response_to({pmd}, 12) == forgetful + " -> 12");
    BOOST_TEST(response_to({pmd + "; server_max_window_bits=14"}, 12) == with_window(12));
    BOOST_TEST(response_to({pmd + "; server_max_window_bits=10"}, 12) == with_window(10));
    BOOST_TEST(response_to({pmd + "; server_max_window_bits=15"}, 9) == with_window(9));
}

BOOST_AUTO_TEST_CASE(the_first_acceptable_offer_counts)
{
    const std::string ten = pmd + "; server_max_window_bits=10";
    BOOST_TEST(response_to({ten + ", " + pmd}) == with_window(10));
    BOOST_TEST(response_to({pmd + ", " + ten}) == plain);
    BOOST_TEST(response_to({"foo; x=\"y\", " + pmd + "; what, " + ten, pmd}) == with_window(10));
    BOOST_TEST(response_to({pmd + "; server_max_window_bits=8", "bar", ten}) == with_window(10));
}

BOOST_AUTO_TEST_CASE(other_extensions_are_not_for_this)
{
    BOOST_TEST(response_to({}) == "declined");
    for (const char* other :
         {"permessage-bzip2", "x-permessage-deflate", "permessage-deflate2", ","})
        BOOST_TEST(response_to({other}) == "declined", other);
}

BOOST_AUTO_TEST_CASE(an_offer_with_a_mistake_is_declined)
{
    for (const std::string name : {"server_max_window_bits", "client_max_window_bits"})
        for (const char* value : {"0", "7", "16", "08", "015", "10.0", "a", "1a", "-9", "\"09\"",
                                  "100", "18446744073709551625"})
            BOOST_TEST(response_to({pmd + "; " + name + '=' + value}) == "declined",
                       name << '=' << value);
    for (const char* more :
         {"server_max_window_bits", "server_max_window_bits=8", "server_no_context_takeover=1",
          "client_no_context_takeover=true", "unknown", "unknown=1", "Server_No_Context_Takeover",
          "server_no_context_takeover; server_no_context_takeover",
          "client_no_context_takeover; client_no_context_takeover",
          "client_max_window_bits; client_max_window_bits",
          "client_max_window_bits=9; client_max_window_bits",
          "server_max_window_bits=9; client_max_window_bits; server_max_window_bits=10"})
        BOOST_TEST(response_to({pmd + "; " + more}) == "declined", more);
}

BOOST_AUTO_TEST_CASE(what_is_no_list_of_extensions_is_refused_before)
{
    const std::string bad = make_error_code(crier::error::bad_request).message();
    for (const char* more : {";", ";;", "; server_max_window_bits=", "; =9", "; x=\"9",
                             "; x=\"9\"0", "; x=\"\"", "; x=\"9,10\"", "; x=\"9;10\"", " x"})
        BOOST_TEST(response_to({pmd + more}) == bad, more);
}

BOOST_AUTO_TEST_SUITE_END()
