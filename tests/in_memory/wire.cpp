// The wire contract without sockets: short reads, short writes, full queues.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "memory_server.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;

std::string repeated(std::string_view text, std::size_t times)
{
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

BOOST_AUTO_TEST_SUITE(wire)

BOOST_AUTO_TEST_CASE(a_line_reaches_all_tabs_of_its_uid_and_nobody_else)
{
    memory_server s;
    page tab1 = s.open("uid1"), tab2 = s.open("uid1"), other = s.open("uid2");
    auto script = s.back_ends.connect();
    script.send("{\"uid\":\"uid1\",\"percent\":\"88%\"}\n{\"uid\":\"nobody\"}\n");
    s.settle();
    const std::vector<std::string> expected{R"({"uid":"uid1","percent":"88%"})"};
    for (page* p : {&tab1, &tab2, &other})
        p->hear();
    BOOST_TEST(tab1.head == switching_protocols);
    BOOST_TEST(tab1.messages == expected);
    BOOST_TEST(tab2.messages == expected);
    BOOST_TEST(other.messages.empty());
    BOOST_TEST(script.receive() == "ok\nfail\n");
}

BOOST_AUTO_TEST_CASE(the_second_tab_keeps_its_place_when_the_first_one_closes)
{
    memory_server s;
    page tab1 = s.open("uid1"), tab2 = s.open("uid1");
    s.settle();
    tab1.close(4000);
    s.settle();
    tab1.hear();
    BOOST_TEST(tab1.closed_with == 4000u);
    auto script = s.back_ends.connect();
    script.send("{\"uid\":\"uid1\"}\n");
    s.settle();
    tab2.hear();
    BOOST_TEST(tab2.messages.size() == 1u);
    BOOST_TEST(script.receive() == "ok\n");
}

BOOST_AUTO_TEST_CASE(whatever_the_sizes_of_reads_and_writes_the_same_is_heard)
{
    for (const std::size_t most_read : {1u, 2u, 7u, 100u}) {
        for (const std::size_t most_written : {1u, 3u, 50u}) {
            BOOST_TEST_CONTEXT("reads of " << most_read << ", writes of " << most_written)
            {
                memory_server s;
                for (auto* network : {&s.pages, &s.back_ends}) {
                    network->behaviour().max_read_bytes = most_read;
                    network->behaviour().max_write_bytes = most_written;
                }
                page p = s.open("uid1");
                s.settle();
                auto script = s.back_ends.connect();
                std::vector<std::string> expected;
                std::string answers;
                for (int i = 0; i < 20; ++i) {
                    const std::string line = R"({"uid":"uid1","n":)" + std::to_string(i) + "}";
                    script.send(line + "\r\n[]\n");
                    expected.push_back(line);
                    answers += "ok\nfail\n";
                }
                script.send("{\"broadcast\":true}\n");
                expected.push_back("{\"broadcast\":true}");
                answers += "ok\n";
                s.settle();
                p.hear();
                BOOST_TEST(p.messages == expected);
                BOOST_TEST(script.receive() == answers);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(unicasts_and_broadcasts_keep_the_order_of_the_lines)
{
    memory_server s;
    page p = s.open("uid1"), q = s.open("uid2");
    s.settle();
    auto script = s.back_ends.connect();
    std::vector<std::string> for_p, for_q;
    std::string lines;
    for (int i = 0; i < 200; ++i) {
        const std::string n = ",\"n\":" + std::to_string(i) + "}";
        const std::string line = i % 7 == 3   ? R"({"uid":"uid1")" + n
                                 : i % 7 == 5 ? R"({"uid":"uid2")" + n
                                              : R"({"broadcast":true)" + n;
        if (i % 7 != 5)
            for_p.push_back(line);
        if (i % 7 != 3)
            for_q.push_back(line);
        lines += line + '\n';
    }
    script.send(lines);
    s.settle();
    p.hear();
    q.hear();
    BOOST_TEST(p.messages == for_p);
    BOOST_TEST(q.messages == for_q);
    BOOST_TEST(script.receive() == repeated("ok\n", 200));
    BOOST_TEST(s.server.counts().messages_queued == for_p.size() + for_q.size());
}

BOOST_AUTO_TEST_CASE(who_registers_after_a_broadcast_does_not_hear_it)
{
    memory_server s;
    auto script = s.back_ends.connect();
    page late = s.open("late");
    s.settle();
    page later = s.open("later");
    script.send("{\"broadcast\":true,\"n\":1}\n");
    s.settle(); // the line and the page are there together
    script.send("{\"broadcast\":true,\"n\":2}\n");
    s.settle();
    late.hear();
    later.hear();
    BOOST_TEST(late.messages.size() == 2u);
    BOOST_TEST(later.messages.back() == "{\"broadcast\":true,\"n\":2}");
    BOOST_TEST(later.messages.size() <= 2u);
}

BOOST_AUTO_TEST_CASE(a_page_that_does_not_read_is_closed_with_1013_and_harms_nobody)
{
    memory_server s({.max_outbox_bytes = 1000});
    s.pages.behaviour().capacity_bytes = 500;
    page slow = s.open("slow"), quick = s.open("quick");
    s.settle();
    slow.hear();
    quick.hear();
    auto script = s.back_ends.connect();
    std::size_t sent = 0, ok = 0;
    std::vector<std::string> for_slow, for_quick;
    for (; sent < 100; ++sent) {
        for (const char* uid : {"slow", "quick"}) {
            const std::string line = std::string(R"({"uid":")") + uid + R"(","text":")" +
                                     std::string(60, 'x') + std::to_string(sent) + "\"}";
            script.send(line + '\n');
            s.settle();
            quick.hear();
            const std::string answer = script.receive();
            BOOST_TEST((answer == "ok\n" || (answer == "fail\n" && uid[0] == 's')));
            if (answer == "ok\n")
                (uid[0] == 's' ? for_slow : for_quick).push_back(line);
            ok += answer == "ok\n";
        }
    }
    BOOST_TEST(for_quick.size() == 100u);
    BOOST_TEST(quick.messages == for_quick);
    BOOST_TEST(for_slow.size() > 5u); // what the connection and the outbox hold
    BOOST_TEST(for_slow.size() < 25u);

    // It reads at last: all that was said ok to, then the goodbye.
    for (int i = 0; i < 20; ++i) {
        slow.hear();
        s.settle();
    }
    BOOST_TEST(slow.messages == for_slow);
    BOOST_TEST(slow.closed_with == 1013u);
    BOOST_TEST(s.server.counts().messages_queued == ok);
    BOOST_TEST(s.server.counts().messages_dropped == 0u);
}

BOOST_AUTO_TEST_CASE(a_batch_of_broadcasts_fills_an_outbox_to_its_last_message)
{
    memory_server s({.max_outbox_bytes = 1000});
    s.pages.behaviour().capacity_bytes = 200;
    page slow = s.open("slow");
    s.settle();
    slow.hear();
    auto script = s.back_ends.connect();
    script.send(repeated(R"({"broadcast":true,"text":"0123456789"})"
                         "\n",
                         100)); // in one turn
    s.settle();
    for (int i = 0; i < 40; ++i) {
        slow.hear();
        s.settle();
    }
    // 38 bytes of line and 2 of frame: 25 fit.
    BOOST_TEST(slow.messages.size() == 25u);
    BOOST_TEST(slow.closed_with == 1013u);
    BOOST_TEST(s.server.counts().messages_queued == 25u);
    BOOST_TEST(script.receive() == repeated("ok\n", 100));
}

BOOST_AUTO_TEST_CASE(a_back_end_that_does_not_read_its_answers_is_not_read_from)
{
    memory_server s;
    s.back_ends.behaviour().capacity_bytes = 300;
    page p = s.open("uid1");
    s.settle();
    auto script = s.back_ends.connect();
    std::size_t sent = 0;
    for (int i = 0; i < 400; ++i) {
        script.send(repeated("{\"uid\":\"uid1\"}\n", 1000));
        sent += 1000;
        s.settle();
    }
    p.hear();
    BOOST_TEST(p.messages.size() < sent / 4); // the rest waits with the sender
    std::string answers;
    for (std::size_t before = 1; before != answers.size();) {
        before = answers.size();
        answers += script.receive();
        s.settle();
        p.hear();
    }
    BOOST_TEST(answers.size() == 3 * sent);
    BOOST_TEST(p.messages.size() == sent);
}

BOOST_AUTO_TEST_CASE(stop_delivers_what_is_queued_then_says_1001)
{
    memory_server s;
    s.pages.behaviour().capacity_bytes = 100;
    page p = s.open("uid1");
    p.answers = false;
    s.settle();
    p.hear();
    for (int i = 0; i < 50; ++i)
        s.server.push("uid1", "message " + std::to_string(i));
    bool stopped = false;
    s.server.async_stop({.timeout = std::chrono::seconds(5)}, [&](bool) { stopped = true; });
    for (int i = 0; i < 50; ++i) {
        s.settle();
        p.hear();
    }
    BOOST_TEST(p.messages.size() == 50u);
    BOOST_TEST(p.closed_with == 1001u);
    BOOST_TEST(!stopped); // it has not said goodbye
    p.close(1001);
    p.client.finish();
    s.settle();
    BOOST_TEST(stopped);
    BOOST_TEST(p.client.closed());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
