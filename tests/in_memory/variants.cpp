// Codecs with variants: who is sent which, and how often a message is encoded.
#include <crier/codec/text_line.hpp>
#include <crier/test/codec_conformance.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <string>

#include "extras.hpp"

namespace {

using namespace support;

/// Lines, with an exclamation mark for each step above the first variant. The listener says which.
struct loud_line : crier::text_line
{
    static constexpr std::size_t variants = 3;
    static inline std::array<int, variants> encoded{};

    std::size_t loudness = 0;

    struct decoder : crier::text_line::decoder
    {
        explicit decoder(const loud_line& options)
            : crier::text_line::decoder(options), loudness(options.loudness)
        {}
        std::size_t variant() const { return loudness; }
        std::size_t loudness;
    };

    static crier::frame encode(crier::message_view message, std::size_t variant = 0)
    {
        ++encoded.at(variant);
        const std::string text = std::string(message.data) + std::string(variant, '!');
        return crier::text_line::encode(text);
    }
};
static_assert(crier::check_codec<loud_line>());

loud_line loud(std::size_t loudness)
{
    loud_line codec;
    codec.loudness = loudness;
    return codec;
}

using loud_clients = crier::clients<memory_transport, loud_line>;
using loud_backend = crier::backend<memory_transport, loud_line>;
using lines = crier::backend<memory_transport, crier::text_line>;

/// Two clients of each variant, "u" and "v".
struct everybody
{
    memory_network second, third;
    extras_server<loud_clients, lines, loud_clients, loud_clients> s{
        {},
        {},
        {.transport = {second}, .codec = loud(1)},
        {.transport = {third}, .codec = loud(2)}};
    std::array<memory_client, 6> clients{s.pages.connect(), s.pages.connect(), second.connect(),
                                         second.connect(),  third.connect(),   third.connect()};

    everybody()
    {
        for (std::size_t i = 0; i < clients.size(); ++i)
            clients[i].send(i % 2 ? "v\n" : "u\n");
        s.settle();
        loud_line::encoded = {};
    }

    std::string heard()
    {
        std::string all;
        for (memory_client& c : clients)
            all += c.receive() + '|';
        return all;
    }
};

const std::array<int, 3> once{1, 1, 1};

BOOST_AUTO_TEST_SUITE(variants)

BOOST_AUTO_TEST_CASE(one_push_is_encoded_once_for_each_variant_among_its_receivers)
{
    everybody e;
    e.s.server.push("u", "hello");
    e.s.settle();
    BOOST_TEST(e.heard() == "hello\n||hello!\n||hello!!\n||");
    BOOST_TEST(loud_line::encoded == once);
}

BOOST_AUTO_TEST_CASE(so_are_several_uids_and_topics_and_broadcasts)
{
    everybody e;
    const std::string to_all = "hello\nhello\n";
    BOOST_TEST(e.s.tell(R"({"uid":["u","v"]})") == "ok\n");
    BOOST_TEST(loud_line::encoded == once);
    BOOST_TEST(e.s.tell(R"({"join":"t","members":["v"]})") == "ok\n");
    BOOST_TEST(e.s.tell(R"({"topic":"t"})") == "ok\n");
    const std::array<int, 3> twice{2, 2, 2}, four_times{4, 4, 4};
    BOOST_TEST(loud_line::encoded == twice);
    e.heard();
    // Two that are merged on their way.
    BOOST_TEST(e.s.tell("{\"broadcast\":true}\n{\"broadcast\":1}\n{\"broadcast\":true}") ==
               "ok\nfail\nok\n");
    BOOST_TEST(loud_line::encoded == four_times);
    const std::string plain = "{\"broadcast\":true}\n", one = "{\"broadcast\":true}!\n",
                      two = "{\"broadcast\":true}!!\n";
    BOOST_TEST(e.heard() == plain + plain + '|' + plain + plain + '|' + one + one + '|' + one +
                                one + '|' + two + two + '|' + two + two + '|');
}

BOOST_AUTO_TEST_CASE(a_variant_that_is_not_there_is_the_first)
{
    extras_server<loud_clients, lines> s({.codec = loud(3)});
    auto client = s.say("u");
    s.server.push("u", "hello");
    s.settle();
    BOOST_TEST(client.receive() == "hello\n");
}

BOOST_AUTO_TEST_CASE(a_back_end_is_answered_in_its_variant)
{
    for (const std::size_t variant : {0u, 2u}) {
        extras_server<loud_clients, loud_backend> s({}, {.codec = loud(variant)});
        auto client = s.say("u");
        const std::string marks(variant, '!');
        BOOST_TEST(s.tell("{\"uid\":\"u\"}\n{\"uid\":\"v\"}") ==
                   "ok" + marks + "\nfail" + marks + '\n');
        BOOST_TEST(client.receive() == "{\"uid\":\"u\"}\n");
    }
}

BOOST_AUTO_TEST_CASE(the_kit_looks_at_each_variant)
{
    const auto found = crier::test::codec_conformance(loud(1), {{"one\n", {"one"}}});
    BOOST_TEST(found.ok(), found);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
