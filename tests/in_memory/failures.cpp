// Every operation of the server's side fails once: the first, the second, and so on until a run
// needs no more. Only the connection it happened to may notice.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "memory_server.hpp"

namespace {

using namespace support;

struct outcome
{
    std::size_t operations;
    std::size_t pages_cut_off;
};

/// Five pages, two back ends, unicasts and broadcasts, short reads and writes; one operation of the
/// given network fails.
outcome run(bool among_pages, std::size_t failing)
{
    memory_server s;
    auto& network = among_pages ? s.pages : s.back_ends;
    for (auto* n : {&s.pages, &s.back_ends}) {
        n->behaviour().max_read_bytes = 64;
        n->behaviour().max_write_bytes = 90;
    }
    network.behaviour().failing_operation = failing;

    std::vector<std::unique_ptr<page>> pages;
    for (int i = 0; i < 5; ++i)
        pages.push_back(std::make_unique<page>(s.open("uid" + std::to_string(i))));
    s.settle();
    s.server.advance(std::chrono::seconds(1)); // an accept that failed is tried again
    std::vector<crier::test::memory_client> back_ends;
    for (int i = 0; i < 2; ++i)
        back_ends.push_back(s.back_ends.connect());
    std::vector<std::string> answers(2);
    for (int round = 0; round < 4; ++round) {
        for (std::size_t b = 0; b < 2; ++b) {
            const std::string from =
                ",\"from\":" + std::to_string(b) + ",\"round\":" + std::to_string(round) + "}\n";
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
                if (m.find(from) != std::string::npos)
                    heard.push_back(m);
            for (int round = 0; round < 4; ++round) {
                const std::string rest = "," + from + ",\"round\":" + std::to_string(round) + "}";
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
