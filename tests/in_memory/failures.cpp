// Every operation of the server's side fails once: the first, the second, and so on until a run
// needs no more. Only the connection it happened to may notice. In other ways than by a reset, in pairs,
// under overflow and while the server stops: model.cpp.
#include <crier/codec/websocket_deflate.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "extras.hpp"
#include "memory_server.hpp"

namespace {

using namespace support;

struct outcome
{
    std::size_t operations;
    std::size_t pages_cut_off;
};

using deflate_server = extras_server<crier::clients<memory_transport, crier::websocket_deflate<>>,
                                     crier::backend<memory_transport, crier::text_line>>;

/// A message as it was before it was compressed, if it was.
std::string plain(const std::string& message)
{
    if (message.starts_with('{'))
        return message;
    const crier::inflated_message m = crier::inflate_message(message, 100'000);
    BOOST_TEST(m.status == crier::inflated_message::whole);
    return std::string(m.view());
}

/// Five pages, two back ends, unicasts and broadcasts, short reads and writes; one operation of the
/// given network fails.
template <class Server = memory_server<>>
outcome run(bool among_pages, std::size_t failing, const std::string& pad = {},
            const page_request& request = {})
{
    Server s;
    auto& network = among_pages ? s.pages : s.back_ends;
    for (auto* n : {&s.pages, &s.back_ends}) {
        n->behaviour().max_read_bytes = 64;
        n->behaviour().max_write_bytes = 90;
    }
    network.behaviour().failing_operation = failing;

    std::vector<std::unique_ptr<page>> pages;
    for (int i = 0; i < 5; ++i)
        pages.push_back(std::make_unique<page>(open(s.pages, "uid" + std::to_string(i), request)));
    s.settle();
    s.server.advance(std::chrono::seconds(1)); // an accept that failed is tried again
    std::vector<crier::test::memory_client> back_ends;
    for (int i = 0; i < 2; ++i)
        back_ends.push_back(s.back_ends.connect());
    std::vector<std::string> answers(2);
    for (int round = 0; round < 4; ++round) {
        for (std::size_t b = 0; b < 2; ++b) {
            const std::string from = ",\"from\":" + std::to_string(b) +
                                     ",\"round\":" + std::to_string(round) + pad + "}\n";
            for (int i = 0; i < 5; ++i)
                back_ends[b].send(R"({"uid":"uid)" + std::to_string(i) + '"' + from);
            back_ends[b].send(R"({"broadcast":true)" + from);
        }
        s.settle();
        for (std::size_t b = 0; b < 2; ++b)
            answers[b] += back_ends[b].receive();
    }

    // An accept that fails makes that listener pause; it goes on by itself, in real time.
    outcome result{network.operations(), 0};
    std::size_t delivered = 0;
    for (const auto& p : pages) {
        p->hear();
        delivered += p->messages.size();
        const bool cut_off = p->client.closed() || p->head.empty();
        result.pages_cut_off += cut_off;
        // Each back end's messages are in their order, and none is missing in between.
        for (int b = 0; b < 2; ++b) {
            std::vector<std::string> heard, all;
            const std::string from = "\"from\":" + std::to_string(b);
            for (const std::string& m : p->messages)
                if (const std::string text = plain(m); text.find(from) != std::string::npos)
                    heard.push_back(text);
            for (int round = 0; round < 4; ++round) {
                const std::string rest =
                    "," + from + ",\"round\":" + std::to_string(round) + pad + "}";
                all.push_back(R"({"uid":"uid)" + std::to_string(&p - &pages[0]) + '"' + rest);
                all.push_back(R"({"broadcast":true)" + rest);
            }
            BOOST_TEST(heard.size() <= all.size());
            BOOST_TEST(std::vector<std::string>(
                           all.begin(), all.begin() + static_cast<std::ptrdiff_t>(heard.size())) ==
                       heard);
            if (among_pages && !cut_off)
                BOOST_TEST(heard.size() == all.size());
        }
    }

    const crier::counters& c = s.server.counts();
    BOOST_TEST(c.messages_queued >= delivered);
    BOOST_TEST(c.messages_queued - c.messages_dropped <= delivered);
    BOOST_TEST(c.accepted == c.connections + c.lost + c.closed + c.handshakes_failed);
    BOOST_TEST(c.lost + c.handshakes_failed + c.accept_errors ==
               (failing < network.operations() ? 1u : 0u));
    if (among_pages) // the back ends heard an answer to every line
        for (const std::string& answer : answers)
            BOOST_TEST(static_cast<std::size_t>(std::count(answer.begin(), answer.end(), '\n')) ==
                       24u);
    else
        BOOST_TEST(result.pages_cut_off == 0u);
    return result;
}

BOOST_AUTO_TEST_SUITE(failures)

BOOST_AUTO_TEST_CASE(a_page_whose_operation_fails_takes_only_itself_out)
{
    std::size_t failing = 0, seen = 0;
    for (;; ++failing) {
        BOOST_TEST_CONTEXT("operation " << failing)
        {
            const outcome o = run(true, failing);
            BOOST_TEST(o.pages_cut_off <= 5u);
            seen += o.pages_cut_off != 0;
            if (failing >= o.operations)
                break;
        }
    }
    BOOST_TEST(failing > 50u);
    BOOST_TEST(seen > 50u);
}

BOOST_AUTO_TEST_CASE(so_does_one_that_is_sent_compressed_messages)
{
    const std::string pad = ",\"pad\":\"" + std::string(400, 'x') + '"';
    const page_request offer{.fields = {"Sec-WebSocket-Extensions: permessage-deflate"}};
    std::size_t failing = 0;
    for (;; ++failing) {
        BOOST_TEST_CONTEXT("operation " << failing)
        {
            if (failing >= run<deflate_server>(true, failing, pad, offer).operations)
                break;
        }
    }
    BOOST_TEST(failing > 50u);
}

BOOST_AUTO_TEST_CASE(a_listener_that_cannot_accept_waits_and_goes_on_by_itself)
{
    using namespace boost::system;
    for (const auto why : {errc::too_many_files_open, errc::too_many_files_open_in_system,
                           errc::not_enough_memory, errc::no_buffer_space})
    {
        memory_server s;
        page before = s.open("before");
        auto back_end = s.back_ends.connect();
        s.settle();
        s.pages.behaviour().failure = make_error_code(why);
        s.pages.behaviour().failing_operation = s.pages.operations();
        page waits = s.open("waits");
        s.settle();
        BOOST_TEST(s.server.counts().accept_errors == 1u);
        BOOST_TEST(s.pages.waiting() == 1u);
        // Nobody is tried in vain meanwhile, and those that are there are served.
        const std::size_t operations = s.pages.operations();
        s.settle();
        BOOST_TEST(s.pages.operations() == operations);
        back_end.send(R"({"uid":"before"})"
                      "\n");
        s.settle();
        BOOST_TEST(back_end.receive() == "ok\n");
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (s.pages.waiting() != 0 && std::chrono::steady_clock::now() < deadline)
            s.context.run_for(std::chrono::milliseconds(5));
        s.settle();
        back_end.send(R"({"uid":"waits"})"
                      "\n");
        s.settle();
        BOOST_TEST(back_end.receive() == "ok\n");
        before.hear();
        waits.hear();
        BOOST_TEST(before.messages == std::vector<std::string>{R"({"uid":"before"})"});
        BOOST_TEST(waits.messages == std::vector<std::string>{R"({"uid":"waits"})"});
        BOOST_TEST(s.server.counts().accept_errors == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_back_end_whose_operation_fails_takes_only_itself_out)
{
    std::size_t failing = 0;
    for (;; ++failing) {
        BOOST_TEST_CONTEXT("operation " << failing)
        {
            if (failing >= run(false, failing).operations)
                break;
        }
    }
    BOOST_TEST(failing > 20u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
