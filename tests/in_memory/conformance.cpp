// The conformance kits on every policy that is shipped, and on the archetypes.
#include <crier/codec/length_prefixed.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/codec/websocket_deflate.hpp>
#include <crier/overflow/close_slow.hpp>
#include <crier/overflow/conflate_by.hpp>
#include <crier/overflow/drop_newest.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/overflow/json_member.hpp>
#include <crier/registry/first_only.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/test/codec_conformance.hpp>
#include <crier/test/memory_transport.hpp>
#include <crier/test/overflow_conformance.hpp>
#include <crier/test/registry_conformance.hpp>
#include <crier/test/transport_conformance.hpp>
#include <crier/transport/local.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "socket_peer.hpp"
#include "websocket_script.hpp"

namespace {

using namespace crier::test;
using namespace support;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(conformance)

BOOST_AUTO_TEST_CASE(text_line_is_a_codec)
{
    const auto found =
        codec_conformance(crier::text_line{.max_line_bytes = 100},
                          {{"one\ntwo\r\n\n", {"one", "two", ""}},
                           {"no end", {}},
                           {std::string(100, 'a') + "\r\n" + std::string(101, 'b') + "\nc\n",
                            {std::string(100, 'a'), "c"}},
                           {"a\rb\r\r\n\0\n"s, {"a\rb", "\0"s}}});
    BOOST_TEST(found.ok(), found);
}

BOOST_AUTO_TEST_CASE(length_prefixed_is_a_codec)
{
    const auto four = codec_conformance(
        crier::length_prefixed<>{.max_message_bytes = 100},
        {{"\0\0\0\3one\0\0\0\0\0\0\0\3two"s, {"one", "", "two"}},
         {"\0\0\0\144"s + std::string(100, 'a') + "\0\0\0\145"s + std::string(101, 'b'),
          {std::string(100, 'a')}},
         {"\xFF\xFF\xFF\xFF"s, {}},
         {"\0\0\0\5a\0b\xFF\n"s, {"a\0b\xFF\n"s}}});
    BOOST_TEST(four.ok(), four);
    const auto little = codec_conformance(
        crier::length_prefixed<2, std::endian::little>{.max_message_bytes = 300},
        {{"\3\0one\0\1"s + std::string(256, 'x'), {"one", std::string(256, 'x')}}});
    BOOST_TEST(little.ok(), little);
    const auto eight = codec_conformance(
        crier::length_prefixed<8>{.max_message_bytes = 10},
        {{"\0\0\0\0\0\0\0\1x"s, {"x"}}, {"\x80\0\0\0\0\0\0\0"s, {}}, {std::string(8, '\xFF'), {}}});
    BOOST_TEST(eight.ok(), eight);
    const auto one = codec_conformance(crier::length_prefixed<1>{}, {{"\1x\0"s, {"x", ""}}});
    BOOST_TEST(one.ok(), one);
    BOOST_TEST(!crier::length_prefixed<1>::encode(std::string(256, 'x')));
    BOOST_TEST(crier::length_prefixed<1>::encode(std::string(255, 'x')).size() == 256u);
}

BOOST_AUTO_TEST_CASE(websocket_is_a_codec)
{
    const std::string head(upgrade_request);
    const auto found = codec_conformance(
        crier::websocket{.max_message_bytes = 1000},
        {{head, {}},
         {head + client_frame(fin | op::text, "hello") + client_frame(fin | op::binary, "\0\xff"s) +
              client_frame(fin | op::text),
          {"hello", "\0\xff"s, ""}},
         {head + client_frame(op::text, "\xE2\x82") + client_frame(fin | op::ping, "p") +
              client_frame(fin | op::continuation, "\xAC") +
              client_frame(fin | op::close, close_payload(1000, "bye")),
          {"\xE2\x82\xAC"}},
         {head + client_frame(fin | op::text, std::string(300, 'x')), {std::string(300, 'x')}},
         {head + client_frame(fin | op::text, "\xC0\x80"), {}},
         {head + client_frame(fin | op::binary, std::string(1001, 'x')), {}},
         {head + client_frame(fin | 0x40 | op::text, "x"), {}},
         {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", {}},
         {"POST / HTTP/1.1\r\n\r\n", {}},
         {"no request", {}}},
        {.symmetric = false});
    BOOST_TEST(found.ok(), found);
}

BOOST_AUTO_TEST_CASE(websocket_deflate_is_a_codec)
{
    std::string head(upgrade_request);
    head.resize(head.size() - 2);
    head += "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n\r\n";
    const std::string long_text(700, 'a');
    const std::string long_payload(crier::deflate_message(long_text, {}, 15));
    const std::string hello = "\xf2\x48\xcd\xc9\xc9\x07\x00"s;
    constexpr unsigned rsv1 = 0x40;
    crier::websocket_deflate<> codec;
    codec.max_message_bytes = 700;
    const auto found = codec_conformance(
        codec,
        {{head, {}},
         {head + client_frame(fin | rsv1 | op::text, hello) + client_frame(fin | op::text, "a") +
              client_frame(fin | rsv1 | op::binary, long_payload),
          {"Hello", "a", long_text}},
         {head + client_frame(rsv1 | op::text, hello.substr(0, 2)) +
              client_frame(fin | op::ping, "p") + client_frame(op::continuation) +
              client_frame(fin | op::continuation, hello.substr(2)) +
              client_frame(fin | op::close, close_payload(1000, "bye")),
          {"Hello"}},
         {head + client_frame(op::text, "a") + client_frame(fin | op::ping, "p") +
              client_frame(fin | op::continuation, "b") +
              client_frame(fin | rsv1 | op::text, hello),
          {"ab", "Hello"}},
         {head + client_frame(fin | rsv1 | op::text, "\x07"), {}},
         {head + client_frame(fin | rsv1 | op::ping), {}},
         {head + client_frame(fin | rsv1 | op::binary,
                              crier::deflate_message(std::string(701, 'a'), {}, 15)),
          {}},
         {std::string(upgrade_request) + client_frame(fin | op::text, "a"), {"a"}}},
        {.symmetric = false});
    BOOST_TEST(found.ok(), found);
}

BOOST_AUTO_TEST_CASE(the_codec_archetype_is_a_codec)
{
    const auto found = codec_conformance(crier::codec_archetype{}, {{"a\0bc\0d"s, {"a", "bc"}}});
    BOOST_TEST(found.ok(), found);
}

BOOST_AUTO_TEST_CASE(the_registries_and_their_archetype_are_registries)
{
    const auto all = registry_conformance(crier::uid_registry{});
    BOOST_TEST(all.ok(), all);
    const auto latest = registry_conformance(crier::latest_only{});
    BOOST_TEST(latest.ok(), latest);
    const auto first = registry_conformance(crier::first_only{});
    BOOST_TEST(first.ok(), first);
    const auto capped = registry_conformance(crier::uid_registry{.max_connections_per_uid = 3});
    BOOST_TEST(capped.ok(), capped);
    const auto archetype = registry_conformance(crier::registry_archetype{});
    BOOST_TEST(archetype.ok(), archetype);
}

BOOST_AUTO_TEST_CASE(registries_hold_many_uids)
{
    registry_conformance_options options;
    options.uids.clear();
    for (int i = 0; i < 200; ++i)
        options.uids.push_back("user" + std::to_string(i));
    const auto found = registry_conformance(crier::uid_registry{}, options);
    BOOST_TEST(found.ok(), found);
}

/// Of "ann#2" and "ann#7", a message for "ann" reaches those with the highest number.
struct highest_number
{
    class table : public crier::registry_archetype::table
    {
    public:
        explicit table(const highest_number&) : crier::registry_archetype::table({}) {}

        void visit(std::string_view name, crier::connection_visitor f)
        {
            char highest = 0;
            each_of(name,
                    [&](char number, crier::connection&) { highest = std::max(highest, number); });
            each_of(name, [&](char number, crier::connection& c) {
                if (number == highest)
                    f(c);
            });
        }

    private:
        template <class F>
        void each_of(std::string_view name, F f)
        {
            visit_all([&](crier::connection& c) {
                if (is_for(name, c.uid()))
                    f(c.uid().back(), c);
            });
        }
    };

    static bool is_for(std::string_view name, std::string_view uid)
    {
        return uid.substr(0, uid.find('#')) == name;
    }
};

/// The same for all of them.
struct any_number
{
    class table : public crier::registry_archetype::table
    {
    public:
        explicit table(const any_number&) : crier::registry_archetype::table({}) {}

        void visit(std::string_view name, crier::connection_visitor f)
        {
            visit_all([&](crier::connection& c) {
                if (highest_number::is_for(name, c.uid()))
                    f(c);
            });
        }
    };
};

BOOST_AUTO_TEST_CASE(a_registry_may_read_a_meaning_into_uids)
{
    registry_conformance_options options{.uids = {"ann#1", "ann#2", "ann#7", "bob#1", "eve"},
                                         .asked = {"ann", "bob", "anna", ""},
                                         .reaches = highest_number::is_for};
    const auto all = registry_conformance(any_number{}, options);
    BOOST_TEST(all.ok(), all);
    BOOST_TEST(!registry_conformance(highest_number{}, options).ok());
    options.chooses = true;
    const auto some = registry_conformance(highest_number{}, options);
    BOOST_TEST(some.ok(), some);
    options.reaches = std::equal_to<>();
    BOOST_TEST(!registry_conformance(highest_number{}, options).ok());
    options.chooses = false;
    BOOST_TEST(!registry_conformance(any_number{}, options).ok());
}

BOOST_AUTO_TEST_CASE(the_overflow_policies_and_their_archetype_are_overflow_policies)
{
    const auto close = overflow_conformance(crier::close_slow{});
    BOOST_TEST(close.ok(), close);
    const auto other_code =
        overflow_conformance(crier::close_slow{.code = crier::close_code::policy_violation});
    BOOST_TEST(other_code.ok(), other_code);
    const auto oldest = overflow_conformance(crier::drop_oldest{});
    BOOST_TEST(oldest.ok(), oldest);
    const auto newest = overflow_conformance(crier::drop_newest{});
    BOOST_TEST(newest.ok(), newest);
    const auto archetype = overflow_conformance(crier::overflow_archetype{});
    BOOST_TEST(archetype.ok(), archetype);
}

BOOST_AUTO_TEST_CASE(conflate_by_is_an_overflow_policy)
{
    const overflow_conformance_options options{
        .messages = {R"({"job":1,"percent":1})", R"({"job":1,"percent":2})",
                     R"( { "percent" : 3, "job" : "two" } )", R"({"job":"\u0031","job":1})",
                     R"({"job":null})", R"({"text":{"job":1}})", "no JSON", ""}};
    using job = crier::json_member<"job">;
    const auto closes = overflow_conformance(crier::conflate_by<job>{}, options);
    BOOST_TEST(closes.ok(), closes);
    const auto oldest =
        overflow_conformance(crier::conflate_by<job, crier::drop_oldest>{}, options);
    BOOST_TEST(oldest.ok(), oldest);
    const auto newest =
        overflow_conformance(crier::conflate_by<job, crier::drop_newest>{}, options);
    BOOST_TEST(newest.ok(), newest);
}

/// Makes more room than one message needs, so that it is not asked so often.
struct drops_half
{
    crier::overflow_action make_room(crier::backlog& b) const
    {
        const std::size_t half = b.messages() / 2;
        while ((b.messages() > half || !b.has_room()) && b.drop_oldest()) {
        }
        return b.has_room() ? crier::overflow_action::queue() : crier::overflow_action::drop();
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_may_give_up_more_if_it_says_so)
{
    const auto found =
        overflow_conformance(drops_half{}, {.gives_up_no_more_than_needed = false, .seed = 7});
    BOOST_TEST(found.ok(), found);
    BOOST_TEST(!overflow_conformance(drops_half{}).ok());
}

BOOST_AUTO_TEST_CASE(tcp_is_a_transport)
{
    const auto found = transport_conformance(crier::tcp{.address = "127.0.0.1"}, tcp_peer);
    BOOST_TEST(found.ok(), found);
}

BOOST_AUTO_TEST_CASE(local_is_a_transport)
{
    const auto path = std::filesystem::temp_directory_path() /
                      ("crier-conformance-" + std::to_string(::getpid()));
    const auto found =
        transport_conformance(crier::local{.path = path}, [](const std::string& address) {
            sockaddr_un un{};
            un.sun_family = AF_UNIX;
            address.copy(un.sun_path, sizeof(un.sun_path) - 1);
            return socket_peer(AF_UNIX, reinterpret_cast<const sockaddr*>(&un), sizeof(un));
        });
    BOOST_TEST(found.ok(), found);
    BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(the_memory_transport_is_a_transport)
{
    for (const std::size_t most : {SIZE_MAX, std::size_t{3}}) {
        memory_network network;
        network.behaviour().max_read_bytes = most;
        network.behaviour().max_write_bytes = most;
        network.behaviour().capacity_bytes = 5000;
        const auto found =
            transport_conformance(memory_transport{network}, [&](const std::string&) {
                auto client = std::make_shared<memory_client>(network.connect());
                return transport_peer{
                    .send =
                        [client](std::string_view bytes) {
                            client->send(bytes);
                            return bytes.size();
                        },
                    .receive = [client] { return client->receive(); },
                    .finish = [client] { client->finish(); },
                    .close = [client] { client->reset(); },
                    .ended = [client] { return client->ended() && client->unreceived() == 0; },
                };
            });
        BOOST_TEST(found.ok(), found);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
