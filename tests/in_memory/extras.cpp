// Overflow policies, replies, topics and observers, each in a whole server.
#include "extras.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "page.hpp"

namespace {

using namespace support;

using lines = crier::backend<memory_transport, crier::text_line>;
using json_lines = crier::backend<memory_transport, crier::text_line, crier::json_reply>;

template <class... Extras>
using line_clients = crier::clients<memory_transport, crier::text_line, Extras...>;

std::string numbered(std::size_t n)
{
    return R"({"uid":"u","n":)" + std::to_string(n) + '}';
}

/// Pushes lines n to m to a reader that has stopped, lets it go on, and says what it got.
template <class Server>
std::vector<std::string> pushed_to_a_stopped_reader(Server& s, std::size_t first, std::size_t last,
                                                    std::string* answers = nullptr)
{
    auto slow = s.say("u");
    auto other = s.say("other");
    s.pages.behaviour().capacity_bytes = 0;
    std::string all;
    for (std::size_t n = first; n <= last; ++n)
        all += numbered(n) + '\n';
    all.pop_back();
    const std::string said = s.tell(all);
    if (answers)
        *answers = said;
    s.pages.behaviour().capacity_bytes = 1 << 20;
    s.server.push("other", "unharmed");
    s.settle();
    std::vector<std::string> got;
    const std::string text = slow.receive();
    for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
        got.push_back(text.substr(at, end - at));
    BOOST_TEST(other.receive() == "unharmed\n");
    return got;
}

std::vector<std::string> numbers(std::size_t first, std::size_t last)
{
    std::vector<std::string> all;
    for (std::size_t n = first; n <= last; ++n)
        all.push_back(numbered(n));
    return all;
}

void check_sum(const crier::counters& c, std::size_t offered)
{
    BOOST_TEST(c.messages_queued + c.messages_refused == offered + 1); // and "unharmed"
    BOOST_TEST(c.messages_sent + c.messages_evicted + c.messages_dropped == c.messages_queued);
}

BOOST_AUTO_TEST_SUITE(overflow)

BOOST_AUTO_TEST_CASE(close_slow_delivers_what_was_queued_and_closes)
{
    extras_server<line_clients<>, lines> s({.limits = {.max_outbox_messages = 3}});
    std::string answers;
    BOOST_TEST(pushed_to_a_stopped_reader(s, 1, 5, &answers) == numbers(1, 3));
    BOOST_TEST(answers == "ok\nok\nok\nfail\nfail\n");
    check_sum(s.server.counts(), 5); // the fifth found it closing
    BOOST_TEST(s.server.counts().messages_refused == 2u);
    s.server.advance(std::chrono::seconds(5)); // the reader does not close its side
    BOOST_TEST(s.server.counts().limits_exceeded == 1u);
}

BOOST_AUTO_TEST_CASE(drop_oldest_keeps_the_last_ones)
{
    extras_server<line_clients<crier::drop_oldest>, lines> s(
        {.limits = {.max_outbox_messages = 3}});
    std::string answers;
    BOOST_TEST(pushed_to_a_stopped_reader(s, 1, 10, &answers) == numbers(8, 10));
    BOOST_TEST(answers.find("fail") == std::string::npos);
    check_sum(s.server.counts(), 10);
    BOOST_TEST(s.server.counts().messages_evicted == 7u);
}

BOOST_AUTO_TEST_CASE(drop_oldest_is_bounded_in_bytes_too)
{
    const std::size_t each = numbered(1).size() + 1;
    extras_server<line_clients<crier::drop_oldest>, lines> s(
        {.limits = {.max_outbox_bytes = 4 * each}});
    BOOST_TEST(pushed_to_a_stopped_reader(s, 1, 9) == numbers(6, 9));
    check_sum(s.server.counts(), 9);
}

BOOST_AUTO_TEST_CASE(drop_newest_keeps_the_first_ones_and_says_fail)
{
    extras_server<line_clients<crier::drop_newest>, lines> s(
        {.limits = {.max_outbox_messages = 3}});
    std::string answers;
    BOOST_TEST(pushed_to_a_stopped_reader(s, 1, 6, &answers) == numbers(1, 3));
    BOOST_TEST(answers == "ok\nok\nok\nfail\nfail\nfail\n");
    check_sum(s.server.counts(), 6);
    BOOST_TEST(s.server.counts().messages_refused == 3u);
}

BOOST_AUTO_TEST_CASE(conflate_by_keeps_the_newest_of_each_key)
{
    using conflating = crier::conflate_by<crier::json_member<"job">>;
    extras_server<line_clients<conflating>, lines> s;
    auto slow = s.say("u");
    s.pages.behaviour().capacity_bytes = 0;
    s.tell(R"({"uid":"u","job":1,"percent":1})"
           "\n"
           R"({"uid":"u","job":2,"percent":5})"
           "\n"
           R"({"uid":"u","text":"no key"})"
           "\n"
           R"({"uid":"u","job":1,"percent":2})"
           "\n"
           R"({"uid":"u","text":"no key"})"
           "\n"
           R"({"broadcast":true,"job":2,"percent":6})"
           "\n"
           R"({"broadcast":true,"job":2,"percent":7})");
    s.pages.behaviour().capacity_bytes = 1 << 20;
    s.settle();
    BOOST_TEST(slow.receive() == "{\"uid\":\"u\",\"text\":\"no key\"}\n"
                                 "{\"uid\":\"u\",\"job\":1,\"percent\":2}\n"
                                 "{\"uid\":\"u\",\"text\":\"no key\"}\n"
                                 "{\"broadcast\":true,\"job\":2,\"percent\":7}\n");
    BOOST_TEST(s.server.counts().messages_evicted == 3u);
    BOOST_TEST(s.server.counts().messages_sent == 4u);
}

BOOST_AUTO_TEST_CASE(drop_oldest_drops_nothing_where_that_makes_no_room)
{
    extras_server<line_clients<crier::drop_oldest>, lines> s(
        {.limits = {.max_outbox_bytes = 1000}});
    auto slow = s.say("u");
    s.pages.behaviour().capacity_bytes = 1; // of the first line
    const auto padded = [](std::size_t size) {
        return R"({"uid":"u","n":")" + std::string(size, 'x') + "\"}";
    };
    s.tell(padded(700));
    s.tell(padded(50) + '\n' + padded(51) + '\n' + padded(400));
    BOOST_TEST(s.server.counts().messages_evicted == 0u);
    BOOST_TEST(s.server.counts().messages_refused == 1u);
    s.tell(padded(150)); // has room, if the others go
    BOOST_TEST(s.server.counts().messages_evicted == 1u);
    s.pages.behaviour().capacity_bytes = 1 << 20;
    s.settle();
    BOOST_TEST(slow.receive() == padded(700) + '\n' + padded(51) + '\n' + padded(150) + '\n');
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_takes_no_place_of_the_older_one_with_its_key)
{
    using conflating = crier::conflate_by<crier::json_member<"job">, crier::drop_newest>;
    extras_server<line_clients<conflating>, lines> s({.limits = {.max_outbox_bytes = 300}});
    auto slow = s.say("u");
    s.pages.behaviour().capacity_bytes = 0;
    const std::string other = R"({"uid":"u","n":")" + std::string(150, 'x') + "\"}";
    const auto job = [](std::size_t size) {
        return R"({"uid":"u","job":7,"n":")" + std::string(size, 'x') + "\"}";
    };
    BOOST_TEST(s.tell(other + '\n' + job(10)) == "ok\nok\n");
    BOOST_TEST(s.tell(job(200)) == "fail\n");
    BOOST_TEST(s.tell(job(80)) == "ok\n"); // in the other's place
    s.pages.behaviour().capacity_bytes = 1 << 20;
    s.settle();
    BOOST_TEST(slow.receive() == other + '\n' + job(80) + '\n');
    BOOST_TEST(s.server.counts().messages_evicted == 1u);
    BOOST_TEST(s.server.counts().messages_refused == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_half_written_is_never_dropped)
{
    extras_server<line_clients<crier::drop_oldest>, lines> s(
        {.limits = {.max_outbox_messages = 2}});
    auto slow = s.say("u");
    s.pages.behaviour().capacity_bytes = 5; // of the first line
    s.tell(numbered(1));
    s.tell(numbered(2) + '\n' + numbered(3) + '\n' + numbered(4));
    s.pages.behaviour().capacity_bytes = 1 << 20;
    s.settle();
    BOOST_TEST(slow.receive() == numbered(1) + '\n' + numbered(4) + '\n');
}

BOOST_AUTO_TEST_CASE(an_overflow_policy_of_ones_own)
{
    struct close_with_4000
    {
        crier::overflow_action make_room(crier::backlog& b)
        {
            BOOST_TEST(b.messages() == b.max_messages());
            return crier::overflow_action::close(static_cast<crier::close_code>(4000), "too slow");
        }
    };
    using web = crier::clients<memory_transport, crier::websocket, close_with_4000>;
    extras_server<web, lines> s({.limits = {.max_outbox_messages = 1}});
    page p = open(s.pages, "u");
    s.settle();
    s.pages.behaviour().capacity_bytes = 0;
    s.tell(numbered(1) + '\n' + numbered(2));
    s.pages.behaviour().capacity_bytes = 1 << 20;
    s.settle();
    p.hear();
    BOOST_TEST(p.closed_with == 4000u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(replies)

BOOST_AUTO_TEST_CASE(json_reply_counts_and_gives_reasons)
{
    extras_server<line_clients<crier::drop_newest>, json_lines> s(
        {.limits = {.max_outbox_messages = 1}});
    auto a = s.say("u"), b = s.say("u");
    BOOST_TEST(s.tell(R"({"uid":"u"})") == "{\"matched\":2,\"queued\":2,\"dropped\":0}\n");
    BOOST_TEST(s.tell(R"({"broadcast":true})") == "{\"matched\":2,\"queued\":2,\"dropped\":0}\n");
    BOOST_TEST(s.tell(R"({"broadcast":true,"except":"u"})") ==
               "{\"matched\":0,\"queued\":0,\"dropped\":0}\n");
    BOOST_TEST(s.tell(R"({"uid":"x"})") ==
               "{\"matched\":0,\"queued\":0,\"dropped\":0,\"reason\":\"no receiver\"}\n");
    BOOST_TEST(s.tell("nonsense") == "{\"matched\":0,\"queued\":0,\"dropped\":0,\"reason\":"
                                     "\"not a JSON object in UTF-8\"}\n");
    s.pages.behaviour().capacity_bytes = 0;
    s.tell(R"({"uid":"u"})");
    BOOST_TEST(s.tell(R"({"uid":"u"})") ==
               "{\"matched\":2,\"queued\":0,\"dropped\":2,\"reason\":\"no receiver took it\"}\n");
}

struct reply_of_two_lines
{
    void write(const crier::line_result&, std::string& out) const { out += "a\nb"; }
};

BOOST_AUTO_TEST_CASE(a_reply_that_the_codec_cannot_carry_ends_the_back_end)
{
    extras_server<line_clients<>,
                  crier::backend<memory_transport, crier::text_line, reply_of_two_lines>>
        s;
    auto script = s.back_ends.connect();
    script.send("{}\n");
    s.settle();
    BOOST_TEST(script.receive().empty());
    BOOST_TEST(script.ended()); // it would wait for ever
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(addressing)

BOOST_AUTO_TEST_CASE(a_list_reaches_each_connection_of_its_uids_once)
{
    extras_server<line_clients<>, json_lines> s;
    auto ann = s.say("ann"), ann2 = s.say("ann"), bob = s.say("7"), eve = s.say("eve");
    const std::string line = R"({"uid":["ann",7,"ann","nobody"],"n":1})";
    BOOST_TEST(s.tell(line) == "{\"matched\":3,\"queued\":3,\"dropped\":0}\n");
    for (auto* c : {&ann, &ann2, &bob})
        BOOST_TEST(c->receive() == line + '\n');
    BOOST_TEST(eve.receive().empty());
    const auto to_eve = crier::receivers::uids({"ann", "eve"}).except({"ann"});
    BOOST_TEST(s.on_server_thread([&] { return s.server.push(to_eve, "x"); }).queued == 1u);
    BOOST_TEST(eve.receive() == "x\n");
}

struct topics_of_clients : crier::hooks
{
    void on_open(crier::connection& c) { BOOST_TEST(!c.join("all")); } // who is it?
    void on_registered(crier::connection& c) { c.join("all"); }
    void on_message(crier::connection& c, crier::message_view m)
    {
        if (m.data.starts_with('+'))
            c.send(c.join(m.data.substr(1)) ? "joined" : "refused");
        else
            c.send(c.leave(m.data.substr(1)) ? "left" : "not in it");
    }
};

BOOST_AUTO_TEST_CASE(a_topic_reaches_those_who_have_joined)
{
    extras_server<line_clients<>, json_lines, topics_of_clients> s({.limits = {.max_topics = 2}},
                                                                   {}, {});
    auto ann = s.say("ann\n+news\n+news\n+sport\n-sport\n-sport"), bob = s.say("bob");
    s.settle();
    BOOST_TEST(ann.receive() == "joined\njoined\nrefused\nnot in it\nnot in it\n");
    const std::string line = R"({"topic":"news","n":1})";
    BOOST_TEST(s.tell(line) == "{\"matched\":1,\"queued\":1,\"dropped\":0}\n");
    BOOST_TEST(ann.receive() == line + '\n');
    BOOST_TEST(s.tell(R"({"join":"news","members":["bob","nobody"]})") ==
               "{\"matched\":1,\"queued\":1,\"dropped\":0}\n");
    BOOST_TEST(s.tell(R"({"topic":"news","except":["ann"]})") ==
               "{\"matched\":1,\"queued\":1,\"dropped\":0}\n");
    BOOST_TEST(bob.receive() == "{\"topic\":\"news\",\"except\":[\"ann\"]}\n");
    BOOST_TEST(ann.receive().empty());
    BOOST_TEST(s.tell(R"({"leave":"news","members":"bob"})") ==
               "{\"matched\":1,\"queued\":1,\"dropped\":0}\n");

    const auto push = [&](const char* topic) {
        return s.on_server_thread(
            [&] { return s.server.push(crier::receivers::topic(topic), "x"); });
    };
    BOOST_TEST(push("news").queued == 1u);
    BOOST_TEST(push("all").queued == 2u);
    BOOST_TEST(s.on_server_thread([&] { return s.server.join("bob", "sport"); }).queued == 1u);
    BOOST_TEST(push("sport").queued == 1u);
    BOOST_TEST(s.on_server_thread([&] { return s.server.leave("bob", "sport"); }).queued == 1u);
    BOOST_TEST((push("sport").status == crier::push_status::no_receiver));
    ann.reset();
    s.settle();
    BOOST_TEST((push("news").status == crier::push_status::no_receiver));
    BOOST_TEST(push("all").queued == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(observers)

struct recorder : crier::observer
{
    std::vector<std::string>* log = nullptr;

    void note(std::string text) { log->push_back(std::move(text)); }
    void on_accept(const crier::connection& c) { note("accept " + std::to_string(c.id())); }
    void on_open(const crier::connection&) { note("open"); }
    void on_registered(const crier::connection& c) { note("registered " + std::string(c.uid())); }
    void on_message(const crier::connection&, crier::message_view m)
    {
        note("message " + std::string(m.data));
    }
    void on_line(const crier::connection&, const crier::line_result& r)
    {
        note("line " + std::to_string(r.push.queued));
    }
    void on_push(const crier::push_result& r) { note("push " + std::to_string(r.queued)); }
    void on_overflow(const crier::connection&, std::size_t n)
    {
        note("overflow " + std::to_string(n));
    }
    void on_exception(const crier::connection&, std::exception_ptr e)
    {
        try {
            std::rethrow_exception(e);
        } catch (const std::exception& thrown) {
            note(std::string("threw ") + thrown.what());
        }
    }
    void on_end(const crier::connection&, crier::error_code why) { note("end: " + why.message()); }
};

struct failing_hooks : crier::hooks
{
    void on_message(crier::connection&, crier::message_view m)
    {
        if (m.data == "throw")
            throw std::runtime_error("boom");
    }
    void on_close(crier::connection&, crier::error_code) { throw std::runtime_error("again"); }
};

/// A category of the program's own, of which 1 is a kind that crier knows.
struct own_category final : boost::system::error_category
{
    const char* name() const noexcept override { return "own"; }
    std::string message(int) const override { return "own"; }
    boost::system::error_condition default_error_condition(int value) const noexcept override
    {
        return value == 1 ? make_error_condition(crier::condition::protocol_violation)
                          : boost::system::error_condition(value, *this);
    }
};

const own_category own;

struct ends_as_told : crier::hooks
{
    void on_message(crier::connection& c, crier::message_view m)
    {
        if (m.data == "throw")
            throw std::runtime_error("boom");
        const crier::error_code whys[] = {{},
                                          {1, own},
                                          {2, own},
                                          crier::error::closed_here,
                                          crier::error::replaced,
                                          crier::error::too_many_frames};
        c.close(crier::close_code::normal, {}, whys[m.data[0] - '0']);
    }
};

BOOST_AUTO_TEST_CASE(an_end_is_counted_by_its_kind_whatever_its_category)
{
    using crier::counters;
    for (const auto& [said, counter] :
         std::vector<std::pair<std::string, std::uint64_t counters::*>>{
             {"0", &counters::closed},
             {"1", &counters::protocol_violations},
             {"2", &counters::lost},
             {"3", &counters::closed},
             {"4", &counters::rejected},
             {"5", &counters::limits_exceeded},
             {"throw", &counters::closed}})
    {
        extras_server<line_clients<>, lines, ends_as_told> s({}, {}, {});
        auto c = s.say("u\n" + said);
        BOOST_TEST(c.ended(), said);
        c.finish();
        s.settle();
        const counters counted = s.server.counts();
        BOOST_TEST((counted.*counter) == 1u, said);
        BOOST_TEST(counted.closed + counted.lost + counted.protocol_violations + counted.rejected +
                           counted.limits_exceeded ==
                       1u,
                   said);
        BOOST_TEST(counted.ended(crier::error::hook_failed) == (said == "throw"), said);
    }
}

BOOST_AUTO_TEST_CASE(an_observer_hears_everything)
{
    std::vector<std::string> log;
    recorder r;
    r.log = &log;
    extras_server<line_clients<crier::drop_newest>, lines, failing_hooks, recorder> s(
        {.limits = {.max_outbox_messages = 1}}, {}, {}, r);
    auto c = s.say("u\nhello");
    s.server.push("u", "x");
    s.settle();
    auto script = s.back_ends.connect();
    s.pages.behaviour().capacity_bytes = 0;
    script.send(numbered(1) + '\n' + numbered(2) + "\nx\n");
    s.settle();
    s.pages.behaviour().capacity_bytes = 1 << 20;
    c.send("throw\n");
    s.settle();
    c.finish();
    s.settle();
    BOOST_TEST(log == (std::vector<std::string>{
                          "accept 1", "open", "registered u", "message hello", "push 1", "accept 2",
                          "open", "line 1", "overflow 1", "line 0", "line 0", "message throw",
                          "threw boom", "end: the program's own code failed", "threw again"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
