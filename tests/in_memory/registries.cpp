// Each registry in a whole server.
#include <boost/test/unit_test.hpp>

#include <string>

#include "extras.hpp"
#include "page.hpp"

namespace {

using namespace support;

template <class Registry>
using server_of =
    extras_server<crier::clients<memory_transport, crier::websocket>,
                  crier::backend<memory_transport, crier::text_line, crier::json_reply>, Registry>;

std::string reply(int queued)
{
    return "{\"matched\":" + std::to_string(queued) + ",\"queued\":" + std::to_string(queued) +
           ",\"dropped\":0" + (queued ? "}\n" : ",\"reason\":\"no receiver\"}\n");
}

BOOST_AUTO_TEST_SUITE(registries)

BOOST_AUTO_TEST_CASE(first_only_refuses_the_newer_connection_while_the_first_is_there)
{
    server_of<crier::first_only> s({}, {}, {});
    page first = open(s.pages, "u"), second = open(s.pages, "u");
    s.settle();
    first.hear();
    second.hear();
    BOOST_TEST(first.closed_with == 0u);
    BOOST_TEST(second.closed_with == 1008u);
    BOOST_TEST(s.tell(R"({"uid":"u"})") == reply(1));
    second.client.reset();
    s.settle();
    BOOST_TEST(s.tell(R"({"uid":"u"})") == reply(1));
    first.client.reset();
    s.settle();
    BOOST_TEST(s.tell(R"({"uid":"u"})") == reply(0));
    page third = open(s.pages, "u");
    s.settle();
    BOOST_TEST(s.tell(R"({"uid":"u"})") == reply(1));
}

BOOST_AUTO_TEST_CASE(uid_registry_refuses_more_connections_of_a_uid_than_it_may_have)
{
    server_of<crier::uid_registry> s({}, {}, {.max_connections_per_uid = 2});
    page a = open(s.pages, "u"), b = open(s.pages, "u"), c = open(s.pages, "u"),
         other = open(s.pages, "v");
    s.settle();
    c.hear();
    other.hear();
    BOOST_TEST(c.closed_with == 1008u);
    BOOST_TEST(other.closed_with == 0u);
    BOOST_TEST(s.tell(R"({"uid":"u"})") == reply(2));
    a.client.reset();
    s.settle();
    page d = open(s.pages, "u");
    s.settle();
    BOOST_TEST(s.tell(R"({"uid":"u"})") == reply(2));
}

BOOST_AUTO_TEST_CASE(latest_only_closes_the_older_connection)
{
    server_of<crier::latest_only> s({}, {}, {});
    page first = open(s.pages, "u");
    s.settle();
    page second = open(s.pages, "u");
    s.settle();
    first.hear();
    BOOST_TEST(first.closed_with == 4001u);
    BOOST_TEST(s.tell(R"({"uid":"u"})") == reply(1));
    second.hear();
    BOOST_TEST(second.messages.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
