// Much asked for by few bytes, by a peer that never reads the answers: what is kept for it stays within
// its limits, and what is done for it in one turn, so that it is the others' turn again.
#include <crier/codec/websocket_deflate.hpp>
#include <crier/reply/json_reply.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

#include "allocations.hpp"
#include "extras.hpp"
#include "page.hpp"
#include "readable.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;

using lines = crier::backend<memory_transport, crier::text_line>;
using pages = crier::clients<memory_transport, crier::websocket>;

constexpr std::size_t turn = 64 * 1024;

/// Without the limits that would end a flood before it is one.
constexpr crier::limits no_frame_limit{
    .max_turn_bytes = turn, .max_fragments_per_second = 0, .max_control_frames_per_second = 0};

std::string many(std::size_t count, const std::string& bytes)
{
    std::string out;
    out.reserve(count * bytes.size());
    for (std::size_t i = 0; i < count; ++i)
        out += bytes;
    return out;
}

/// What the server has kept, of bytes and all else, for a client that sends this and reads nothing.
template <class Server>
std::ptrdiff_t kept_for(Server& s, crier::test::memory_client& client, const std::string& bytes)
{
    client.send(bytes);
    const allocation_watch watch;
    s.settle();
    return watch.live_bytes();
}

BOOST_AUTO_TEST_SUITE(floods)

BOOST_AUTO_TEST_CASE(of_pings_by_a_page_that_never_reads_are_bounded_by_a_turn)
{
    for (const bool something_waits : {false, true}) {
        extras_server<pages, lines> s({.limits = no_frame_limit});
        s.pages.behaviour().capacity_bytes = 1000;
        page p = open(s.pages, "u");
        p.answers = false;
        s.settle();
        if (something_waits)
            BOOST_TEST(s.tell(R"({"uid":"u","a":")" + std::string(2000, 'x') + "\"}") == "ok\n");
        // Short ones cost the most: six bytes each. Far more than a turn, and than the network holds.
        const std::ptrdiff_t kept =
            kept_for(s, p.client, many(100'000, client_frame(fin | op::ping)));
        BOOST_TEST(kept < std::ptrdiff_t(turn));
        BOOST_TEST(s.server.counts().connections == 1u);
        // And they are all answered, in their order, once it reads.
        p.client.send(client_frame(fin | op::ping, "last"));
        while (p.client.unreceived() != 0) {
            p.hear();
            s.settle();
        }
        BOOST_TEST(p.pongs.size() == 100'001u);
        BOOST_TEST(p.messages.size() == (something_waits ? 1u : 0u));
    }
}

BOOST_AUTO_TEST_CASE(of_lines_whose_answers_are_longer_are_bounded_by_what_is_answered)
{
    using talkative = crier::backend<memory_transport, crier::text_line, crier::json_reply>;
    extras_server<pages, talkative> s({}, {.limits = no_frame_limit});
    s.back_ends.behaviour().capacity_bytes = 1000;
    auto script = s.back_ends.connect();
    s.settle();
    const std::ptrdiff_t kept = kept_for(s, script, std::string(500'000, '\n'));
    BOOST_TEST(kept < std::ptrdiff_t(
                          6 * turn)); // the answers, a string's growth, and the lines of that read
    std::size_t answers = 0;
    std::string heard;
    for (;;) {
        heard = script.receive();
        if (heard.empty())
            break;
        for (const char c : heard)
            answers += c == '\n';
        s.settle();
    }
    BOOST_TEST(answers == 500'000u);
}

BOOST_AUTO_TEST_CASE(of_one_who_has_not_said_the_secret_are_answered_once)
{
    using guarded = crier::backend<memory_transport, crier::text_line, crier::shared_secret>;
    extras_server<pages, guarded> s(
        {}, {.limits = {.max_turn_bytes = turn}, .authenticator = {.secret = "sesame"}});
    for (const std::string& said :
         {many(50'000, "guess\n"), std::string(1'000'000, 'x') + '\n' + many(9, "guess\n"),
          std::string(500'000, '\n')})
    {
        auto stranger = s.back_ends.connect();
        s.settle();
        const std::ptrdiff_t kept = kept_for(s, stranger, said);
        BOOST_TEST(kept < std::ptrdiff_t(4 * turn));
        BOOST_TEST(stranger.receive() == "fail\n");
        BOOST_TEST(stranger.ended());
    }
}

BOOST_AUTO_TEST_CASE(of_pings_before_the_uid_or_the_secret_are_bounded_by_a_turn_too)
{
    using guarded = crier::backend<memory_transport, crier::websocket, crier::shared_secret>;
    extras_server<pages, guarded> s(
        {.limits = {.max_turn_bytes = turn}},
        {.limits = {.max_turn_bytes = turn}, .authenticator = {.secret = "sesame"}});
    for (crier::test::memory_network* network : {&s.pages, &s.back_ends}) {
        network->behaviour().capacity_bytes = 1000;
        page p(*network);
        p.answers = false;
        s.settle();
        BOOST_TEST(kept_for(s, p.client, many(100'000, client_frame(fin | op::ping, "p"))) <
                   std::ptrdiff_t(2 * turn));
    }
}

struct count_messages : crier::hooks
{
    std::size_t* bytes = nullptr;
    std::size_t* most = nullptr;
    void on_message(crier::connection& c, crier::message_view m)
    {
        if (c.uid() != "flood")
            *most = *bytes;
        *bytes += m.data.size();
    }
};

BOOST_AUTO_TEST_CASE(of_what_inflates_to_much_leave_the_others_their_turn)
{
    // A few bytes that are 64 KiB each, thousands in one read.
    std::size_t bytes = 0, before_the_other = 0;
    count_messages hooks;
    hooks.bytes = &bytes;
    hooks.most = &before_the_other;
    using compressing = crier::clients<memory_transport, crier::websocket_deflate<>>;
    extras_server<compressing, lines, count_messages> s({}, {}, hooks);
    const page_request offer{.fields = {"Sec-WebSocket-Extensions: permessage-deflate"}};
    page flood = open(s.pages, "flood", offer), other = open(s.pages, "other", offer);
    s.settle();
    const std::string zeros(65'536, '\0');
    const std::string bomb(crier::deflate_message(zeros, {.level = 9}, 15));
    constexpr std::size_t count = 1000;
    flood.client.send(many(count, client_frame(fin | 0x40 | op::binary, bomb)));
    // It speaks when the flood is being read.
    boost::asio::post(s.context, [&] { other.say("me too"); });
    s.settle();
    BOOST_TEST(bytes == count * zeros.size() + 6);
    BOOST_TEST(before_the_other <= 4 * zeros.size()); // and not a thousand times
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
