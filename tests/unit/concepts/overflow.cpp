#include <crier/concepts/overflow.hpp>
#include <crier/overflow/close_slow.hpp>
#include <crier/overflow/conflate_by.hpp>
#include <crier/overflow/drop_newest.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/overflow/json_member.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace {

using crier::backlog;
using crier::message_view;
using crier::overflow_action;
using crier::overflow_archetype;

struct only_looks_at_the_backlog
{
    overflow_action make_room(const backlog&) const { return overflow_action::drop(); }
};

struct with_a_key : overflow_archetype
{
    static std::string_view key(message_view) { return {}; }
};

struct with_an_option_named_key : overflow_archetype
{
    std::string key = "job";
};

// Each of these misses being an overflow policy by one thing.

struct not_copyable : overflow_archetype
{
    std::unique_ptr<int> owned;
};

struct without_make_room
{};

struct answers_with_bool
{
    bool make_room(backlog&) { return true; }
};

struct answers_nothing
{
    void make_room(backlog&) {}
};

struct takes_a_copy
{
    overflow_action make_room(backlog) { return overflow_action::drop(); }
};

class private_make_room
{
    overflow_action make_room(backlog&) { return overflow_action::drop(); }
};

// And these miss giving keys.

struct key_that_is_not_static : overflow_archetype
{
    std::string_view key(message_view) { return {}; }
};

struct key_of_text : overflow_archetype
{
    static std::string_view key(std::string_view) { return {}; }
};

using namespace crier;

static_assert(check_overflow<overflow_archetype>());
static_assert(check_overflow<only_looks_at_the_backlog>());
static_assert(check_overflow<with_a_key>());
static_assert(check_overflow<with_an_option_named_key>());
static_assert(check_overflow<close_slow>() && check_overflow<drop_oldest>());
static_assert(check_overflow<drop_newest>() && check_overflow<conflate_by<json_member<"job">>>());

static_assert(!overflow_is_policy<not_copyable> && !overflow<not_copyable>);
static_assert(overflow_makes_room<not_copyable>);
static_assert(!overflow_makes_room<without_make_room> && !overflow<without_make_room>);
static_assert(overflow_is_policy<without_make_room>);
static_assert(!overflow_makes_room<answers_with_bool> && !overflow<answers_with_bool>);
static_assert(!overflow_makes_room<answers_nothing> && !overflow<answers_nothing>);
static_assert(!overflow_makes_room<takes_a_copy> && !overflow<takes_a_copy>);
static_assert(!overflow_makes_room<private_make_room> && !overflow<private_make_room>);
static_assert(!overflow<int>);
static_assert(!std::is_copy_constructible_v<backlog> && !std::is_copy_assignable_v<backlog>);

static_assert(overflow_conflates<with_a_key> && overflow_conflates<conflate_by<json_member<"a">>>);
static_assert(!overflow_conflates<overflow_archetype> && !overflow_conflates<drop_oldest>);
static_assert(!overflow_conflates<with_an_option_named_key>);
static_assert(!overflow_conflates<key_that_is_not_static> && !overflow_conflates<key_of_text>);

// What conflate_by takes.
struct key_that_owns
{
    std::string operator()(message_view) const { return {}; }
};

struct key_with_state
{
    explicit key_with_state(int) {}
    std::string_view operator()(message_view) const { return {}; }
};

static_assert(conflation_key<json_member<"job">>);
static_assert(!conflation_key<key_that_owns> && !conflation_key<key_with_state>);
static_assert(!conflation_key<std::string_view>);

} // namespace

BOOST_AUTO_TEST_SUITE(overflow_concept)

BOOST_AUTO_TEST_CASE(the_archetype_drops_what_does_not_fit)
{
    detail::outbox queued;
    backlog b(queued, 1, 1, 1);
    BOOST_TEST(overflow_archetype().make_room(b).kind == overflow_action::kind_drop);
}

BOOST_AUTO_TEST_CASE(an_action_says_what_it_was_made_for)
{
    BOOST_TEST(overflow_action::queue().kind == overflow_action::kind_queue);
    BOOST_TEST(overflow_action::drop().kind == overflow_action::kind_drop);
    const overflow_action close = overflow_action::close(close_code::policy_violation, "slow");
    BOOST_TEST(close.kind == overflow_action::kind_close);
    BOOST_TEST((close.code == close_code::policy_violation));
    BOOST_TEST(close.reason == "slow");
}

BOOST_AUTO_TEST_SUITE_END()
