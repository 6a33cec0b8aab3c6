#include <crier/authenticator/allowed_origins.hpp>
#include <crier/authenticator/anyone.hpp>
#include <crier/authenticator/ask.hpp>
#include <crier/authenticator/every.hpp>
#include <crier/authenticator/first_message.hpp>
#include <crier/authenticator/shared_secret.hpp>
#include <crier/concepts/authenticator.hpp>
#include <crier/opening.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bare_connection.hpp"

namespace {

using crier::authenticator_archetype;
using crier::question;
using crier::verdict;

struct not_changed_by_judging
{
    verdict judge(const question&) const { return verdict::undecided(); }
};

struct judges_without_options
{
    static verdict judge(const question&) { return verdict::undecided(); }
};

// Each of these misses being an authenticator by one thing.

struct not_copyable : authenticator_archetype
{
    std::unique_ptr<int> owned;
};

struct refers_to_what_it_shares : authenticator_archetype
{
    std::string& shared;
};

struct without_judge
{};

struct misspelled
{
    verdict Judge(const question&) { return verdict::undecided(); }
};

struct says_yes_or_no
{
    bool judge(const question&) { return true; }
};

struct changes_the_question
{
    verdict judge(question&) { return verdict::undecided(); }
};

struct takes_the_request
{
    verdict judge(const crier::opening_request&) { return verdict::undecided(); }
};

class private_judge
{
    verdict judge(const question&) { return verdict::undecided(); }
};

using namespace crier;

static_assert(check_authenticator<authenticator_archetype>());
static_assert(check_authenticator<not_changed_by_judging>());
static_assert(check_authenticator<judges_without_options>());
static_assert(check_authenticator<first_message>() && check_authenticator<anyone>());
static_assert(check_authenticator<shared_secret>() && check_authenticator<allowed_origins>());
static_assert(check_authenticator<ask<>>());
static_assert(check_authenticator<every<allowed_origins, first_message>>());

static_assert(!authenticator_is_policy<not_copyable> && !authenticator<not_copyable>);
static_assert(authenticator_judges<not_copyable>);
static_assert(!authenticator_is_policy<refers_to_what_it_shares> &&
              !authenticator<refers_to_what_it_shares>);
static_assert(!authenticator_judges<without_judge> && !authenticator<without_judge>);
static_assert(authenticator_is_policy<without_judge>);
static_assert(!authenticator_judges<misspelled> && !authenticator<misspelled>);
static_assert(!authenticator_judges<says_yes_or_no> && !authenticator<says_yes_or_no>);
static_assert(!authenticator_judges<changes_the_question> && !authenticator<changes_the_question>);
static_assert(!authenticator_judges<takes_the_request> && !authenticator<takes_the_request>);
static_assert(!authenticator_judges<private_judge> && !authenticator<private_judge>);
static_assert(!authenticator<int>);

/// Keeps the answers that came later.
struct answers : crier::detail::verdict_sink
{
    void answer(std::uint64_t connection_id, std::uint64_t question, verdict v) override
    {
        who = connection_id;
        asked = question;
        what = std::move(v);
    }

    std::uint64_t who = 0, asked = 0;
    std::optional<verdict> what;
};

question asked(question::occasion_type when, const crier::connection& c, message_view message = {})
{
    return {when, c, nullptr, message, 1, nullptr, nullptr};
}

} // namespace

BOOST_AUTO_TEST_SUITE(authenticator_concept)

BOOST_AUTO_TEST_CASE(the_archetype_waits_for_its_word)
{
    const support::bare_connection c("", 1);
    authenticator_archetype door{.password = "friend"};
    BOOST_TEST(door.judge(asked(question::connected, c)).kind() == verdict::kind_undecided);
    BOOST_TEST(door.judge(asked(question::opening, c)).kind() == verdict::kind_undecided);

    verdict right = door.judge(asked(question::first_message, c, "friend"));
    BOOST_TEST(right.kind() == verdict::kind_accepted);
    BOOST_TEST(right.text() == "ali");
    BOOST_TEST(door.judge(asked(question::first_message, c, "foe")).kind() ==
               verdict::kind_refused);
}

BOOST_AUTO_TEST_CASE(a_question_says_what_it_was_made_from)
{
    const support::bare_connection c("", 7);
    const crier::opening_request request;
    const question q(question::opening, c, &request, "text", 1, nullptr, nullptr);
    BOOST_TEST(q.occasion() == question::opening);
    BOOST_TEST(q.peer().id() == 7u);
    BOOST_TEST(&q.request() == &request);
    BOOST_TEST(q.message().data == "text");
}

BOOST_AUTO_TEST_CASE(a_verdict_has_a_name_or_a_reason)
{
    BOOST_TEST(verdict::accept("ali").text() == "ali");
    BOOST_TEST(verdict::accept().text() == "");
    BOOST_TEST(verdict::refuse("too late").text() == "too late");
    BOOST_TEST(verdict::refuse().text() == "not authorized");
    BOOST_TEST(verdict::undecided().text() == "");
    BOOST_TEST(verdict::later().kind() == verdict::kind_later);
}

BOOST_AUTO_TEST_CASE(a_pending_verdict_tells_whose_it_is)
{
    const auto sink = std::make_shared<answers>();
    const crier::pending_verdict pending(sink, 7, 3);
    pending(verdict::accept("ali"));
    BOOST_TEST(sink->who == 7u);
    BOOST_TEST(sink->asked == 3u);
    BOOST_TEST_REQUIRE(sink->what.has_value());
    BOOST_TEST(sink->what->kind() == verdict::kind_accepted);
    BOOST_TEST(sink->what->text() == "ali");
}

BOOST_AUTO_TEST_SUITE_END()
