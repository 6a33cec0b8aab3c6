// Who may stay: authenticators at each occasion, at once and later.
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "extras.hpp"
#include "page.hpp"

namespace {

using namespace support;
using namespace std::chrono_literals;
using crier::question;
using crier::verdict;

using lines = crier::backend<memory_transport, crier::text_line>;

template <class... Extras>
using line_clients = crier::clients<memory_transport, crier::text_line, Extras...>;
template <class... Extras>
using web_clients = crier::clients<memory_transport, crier::websocket, Extras...>;

BOOST_AUTO_TEST_SUITE(authenticators)

BOOST_AUTO_TEST_CASE(an_origin_that_is_not_allowed_is_refused_with_403)
{
    using guard = crier::every<crier::allowed_origins, crier::first_message>;
    extras_server<web_clients<guard>, lines> s(
        {.authenticator = {{.origins = {"https://example.org", "http://localhost:8080"}}, {}}});
    for (const auto* good : {"Origin: https://example.org", "origin: HTTPS://Example.org",
                             "Origin: http://localhost:8080"})
    {
        page p = open(s.pages, "u", {.fields = {good}});
        s.settle();
        p.hear();
        BOOST_TEST(p.status == 101u, good);
        BOOST_TEST(s.tell(R"({"uid":"u"})") == "ok\n");
    }
    for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
             {"Origin: https://evil.example"},
             {"Origin: https://example.org:444"},
             {"Origin: https://example.org.evil"},
             {"Origin: null"},
             {},
             {"Origin: https://example.org", "Origin: https://evil.example"}})
    {
        page p = open(s.pages, "u2", {.fields = bad});
        s.settle();
        p.hear();
        BOOST_TEST(p.status == 403u, (bad.empty() ? "none" : bad.back()));
        BOOST_TEST(s.tell(R"({"uid":"u2"})") == "fail\n");
    }
    s.server.advance(5s); // for those that do not close their side
    BOOST_TEST(s.server.counts().rejected == 6u);
}

BOOST_AUTO_TEST_CASE(behind_another_authenticator_a_binary_uid_is_refused_too)
{
    using guard = crier::every<crier::allowed_origins, crier::first_message>;
    extras_server<web_clients<guard>, lines> s({.authenticator = {{.allow_none = true}, {}}});
    page p(s.pages);
    p.say({"u", crier::message_kind::binary});
    s.settle();
    p.hear();
    BOOST_TEST(p.closed_with == 1008u);
    BOOST_TEST(s.tell(R"({"uid":"u"})") == "fail\n");
}

BOOST_AUTO_TEST_CASE(what_the_request_says_may_be_the_uid)
{
    struct by_header
    {
        verdict judge(const question& q)
        {
            if (q.occasion() != question::opening)
                return verdict::undecided();
            return verdict::accept(std::string(q.request().field("X-User")));
        }
    };
    extras_server<web_clients<by_header>, lines> s;
    page p(s.pages, {.fields = {"X-User: ann"}});
    s.settle();
    BOOST_TEST(s.tell(R"({"uid":"ann"})") == "ok\n");
    p.say("bob"); // a message, not a uid
    s.settle();
    BOOST_TEST(s.tell(R"({"uid":"bob"})") == "fail\n");
    p.hear();
    BOOST_TEST(p.messages.size() == 1u);

    page nameless(s.pages);
    s.settle();
    nameless.hear();
    BOOST_TEST(nameless.closed_with == 1008u);
}

BOOST_AUTO_TEST_CASE(who_is_still_unknown_after_the_first_message_is_refused)
{
    struct shy
    {
        verdict judge(const question&) { return verdict::undecided(); }
    };
    extras_server<line_clients<shy>, lines> s;
    auto c = s.say("u");
    BOOST_TEST(c.ended());
    s.server.advance(5s); // for those that do not close their side
    BOOST_TEST(s.server.counts().rejected == 1u);
    BOOST_TEST(s.server.counts().registered == 0u);
}

BOOST_AUTO_TEST_CASE(a_function_may_be_asked)
{
    std::vector<question::occasion_type> asked;
    extras_server<line_clients<crier::ask<>>, lines> s({.authenticator = {[&](const question& q) {
                                                            asked.push_back(q.occasion());
                                                            if (q.occasion() == question::connected)
                                                                return verdict::undecided();
                                                            return q.message().data == "secret"
                                                                       ? verdict::accept("ann")
                                                                       : verdict::refuse("no");
                                                        }}});
    auto ann = s.say("secret");
    auto eve = s.say("guess");
    BOOST_TEST(eve.ended());
    BOOST_TEST(!ann.ended());
    BOOST_TEST(s.tell(R"({"uid":"ann"})") == "ok\n");
    BOOST_TEST((asked == std::vector{question::connected, question::first_message,
                                     question::connected, question::first_message}));

    extras_server<line_clients<crier::ask<>>, lines> none;
    BOOST_TEST(none.say("u").ended());
}

BOOST_AUTO_TEST_CASE(an_authenticator_that_throws_ends_that_connection_only)
{
    extras_server<line_clients<crier::ask<>>, lines> s(
        {.authenticator = {[](const question& q) -> verdict {
             if (q.message().data == "boom")
                 throw std::runtime_error("no database");
             return q.occasion() == question::first_message ? verdict::accept("u")
                                                            : verdict::undecided();
         }}});
    auto good = s.say("u");
    auto bad = s.say("boom");
    BOOST_TEST(bad.ended());
    BOOST_TEST(s.tell(R"({"uid":"u"})") == "ok\n");
    BOOST_TEST(good.receive() == "{\"uid\":\"u\"}\n");
}

/// Keeps the questions of one occasion for later.
struct slow_judge
{
    question::occasion_type occasion = question::first_message;
    std::vector<crier::pending_verdict>* asked = nullptr;
    std::vector<std::string>* heard = nullptr;

    verdict judge(const question& q)
    {
        if (q.occasion() != occasion)
            return verdict::undecided();
        asked->push_back(q.answer_later());
        heard->emplace_back(q.message().data);
        return verdict::later();
    }
};

BOOST_AUTO_TEST_CASE(an_answer_may_come_later_and_what_was_said_meanwhile_is_heard_then)
{
    std::vector<crier::pending_verdict> asked;
    std::vector<std::string> heard;
    struct journal : crier::hooks
    {
        std::vector<std::string>* said = nullptr;
        void on_message(crier::connection&, crier::message_view m) { said->emplace_back(m.data); }
    };
    std::vector<std::string> said;
    journal j;
    j.said = &said;
    extras_server<line_clients<slow_judge>, lines, journal> s(
        {.authenticator = {question::first_message, &asked, &heard}}, {}, j);
    auto c = s.say("ticket\none\ntwo");
    c.send("three\n");
    s.settle();
    BOOST_TEST_REQUIRE(asked.size() == 1u);
    BOOST_TEST(heard[0] == "ticket");
    BOOST_TEST(said.empty());
    BOOST_TEST(s.tell(R"({"uid":"ann"})") == "fail\n");

    std::thread([&] { asked[0](verdict::accept("ann")); }).join();
    asked[0](verdict::refuse()); // the first answer counts
    s.settle();
    BOOST_TEST(said == (std::vector<std::string>{"one", "two", "three"}));
    BOOST_TEST(s.tell(R"({"uid":"ann"})") == "ok\n");
    BOOST_TEST(c.receive() == "{\"uid\":\"ann\"}\n");
}

BOOST_AUTO_TEST_CASE(later_works_at_each_occasion)
{
    for (const auto when : {question::connected, question::opening}) {
        std::vector<crier::pending_verdict> asked;
        std::vector<std::string> heard;
        extras_server<web_clients<slow_judge>, lines> s({.authenticator = {when, &asked, &heard}});
        page yes = open(s.pages, "a message"), no(s.pages);
        s.settle();
        BOOST_TEST_REQUIRE(asked.size() == 2u);
        yes.hear();
        BOOST_TEST(yes.head.empty());
        asked[0](verdict::accept("ann"));
        asked[1](verdict::refuse("go away"));
        s.settle();
        yes.hear();
        no.hear();
        BOOST_TEST(yes.status == 101u);
        BOOST_TEST(no.client.ended());
        if (when == question::opening)
            BOOST_TEST(no.status == 403u);
        BOOST_TEST(s.tell(R"({"uid":"ann"})") == "ok\n");
        yes.hear();
        BOOST_TEST(yes.messages.size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(who_gets_no_answer_in_time_is_closed)
{
    for (const auto when : {question::connected, question::opening, question::first_message}) {
        std::vector<crier::pending_verdict> asked;
        std::vector<std::string> heard;
        extras_server<web_clients<slow_judge>, lines> s({.authenticator = {when, &asked, &heard}});
        page p = open(s.pages, "u");
        s.settle();
        BOOST_TEST(s.server.counts().connections == 1u);
        s.server.advance(10s);
        s.settle();
        s.server.advance(5s); // for a goodbye that does not come
        s.settle();
        BOOST_TEST(s.server.counts().connections == 0u);
        BOOST_TEST(s.server.counts().timed_out == 1u);
        BOOST_TEST_REQUIRE(asked.size() == 1u);
        asked[0](verdict::accept("u")); // too late
        s.settle();
        BOOST_TEST(s.server.counts().registered == 0u);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_may_outlive_the_connection_and_the_server)
{
    std::vector<crier::pending_verdict> asked;
    std::vector<std::string> heard;
    {
        extras_server<line_clients<slow_judge>, lines> s(
            {.authenticator = {question::first_message, &asked, &heard}});
        auto gone = s.say("a");
        gone.reset();
        s.settle();
        auto there = s.say("b");
        BOOST_TEST_REQUIRE(asked.size() == 2u);
        asked[0](verdict::accept("a"));
        s.settle();
        BOOST_TEST(s.server.counts().registered == 0u);
        s.server.stop();
        s.settle();
        asked[1](verdict::accept("b"));
    }
    asked[1](verdict::accept("b"));
    asked[0](verdict::refuse());
}

BOOST_AUTO_TEST_CASE(a_back_end_says_its_secret_first)
{
    using guarded = crier::backend<memory_transport, crier::text_line, crier::shared_secret>;
    extras_server<line_clients<>, guarded> s({}, {.authenticator = {.secret = "sesame"}});
    auto c = s.say("u");
    BOOST_TEST(s.tell("sesame\n{\"uid\":\"u\"}\n{\"uid\":\"v\"}") == "ok\nok\nfail\n");
    BOOST_TEST(c.receive() == "{\"uid\":\"u\"}\n");
    for (const auto* wrong : {"sesam\n{\"uid\":\"u\"}", "sesame2\n{\"uid\":\"u\"}",
                              "\n{\"uid\":\"u\"}", "{\"uid\":\"u\"}\n{\"uid\":\"u\"}"})
        BOOST_TEST(s.tell(wrong) == "fail\n", wrong);
    BOOST_TEST(c.receive().empty());
    s.server.advance(5s); // for those that do not close their side
    BOOST_TEST(s.server.counts().rejected == 4u);

    extras_server<line_clients<>, guarded> unset;
    BOOST_TEST(unset.tell("") == "fail\n");
}

BOOST_AUTO_TEST_CASE(a_back_end_without_its_secret_is_closed_in_time)
{
    using guarded = crier::backend<memory_transport, crier::text_line, crier::shared_secret>;
    extras_server<line_clients<>, guarded> s({}, {.authenticator = {.secret = "sesame"}});
    auto script = s.back_ends.connect();
    s.settle();
    BOOST_TEST(!script.ended());
    s.server.advance(10s);
    s.settle();
    BOOST_TEST(script.ended());
    s.server.advance(5s);
    BOOST_TEST(s.server.counts().timed_out == 1u);
}

BOOST_AUTO_TEST_CASE(the_system_vouches_for_processes_of_these_users_and_groups)
{
    using guarded = crier::backend<memory_transport, crier::text_line, crier::peer_credentials>;
    extras_server<line_clients<>, guarded> s(
        {}, {.authenticator = {.users = {7}, .groups = {9}, .own_user = false}});
    const auto is_answered = [&](const crier::process_credentials& who) {
        auto script = s.back_ends.connect(who);
        script.send("{\"uid\":\"u\"}\n");
        s.settle();
        const std::string answer = script.receive();
        BOOST_TEST(script.ended() == answer.empty());
        return answer == "fail\n"; // there is no u
    };
    BOOST_TEST(is_answered({.user = 7, .group = 1}));
    BOOST_TEST(is_answered({.user = 1, .group = 9}));
    BOOST_TEST(!is_answered({.user = 9, .group = 7}));
    BOOST_TEST(!is_answered({.user = ::geteuid(), .group = ::getegid()}));
    s.server.advance(5s); // for those that do not close their side
    BOOST_TEST(s.server.counts().rejected == 2u);
    BOOST_TEST(s.server.counts().handshakes_failed == 0u);
}

BOOST_AUTO_TEST_CASE(nobody_vouches_for_peers_that_are_no_local_processes)
{
    using guarded = crier::backend<memory_transport, crier::text_line, crier::peer_credentials>;
    extras_server<line_clients<>, guarded> s;
    auto script = s.back_ends.connect();
    script.send("{\"uid\":\"u\"}\n");
    s.settle();
    BOOST_TEST(script.ended());
    BOOST_TEST(script.receive().empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
