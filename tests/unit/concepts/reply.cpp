#include <crier/concepts/reply.hpp>
#include <crier/reply/json_reply.hpp>
#include <crier/reply/ok_fail.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace {

using crier::line_result;
using crier::reply_archetype;

struct of_two_literals : reply_archetype
{
    static constexpr const char* ok = "1";
    static constexpr char fail[] = "0";
};

/// Its answers are options, so that they can be no constants.
struct of_two_options : reply_archetype
{
    std::string ok = "1";
    std::string fail = "0";
};

struct with_helpers_of_these_names : reply_archetype
{
    static std::string_view ok() { return "1"; }
    static std::string_view fail() { return "0"; }
};

struct of_ok_alone : reply_archetype
{
    static constexpr std::string_view ok = "1";
};

// Each of these misses being a reply by one thing.

struct not_copyable : reply_archetype
{
    std::unique_ptr<int> owned;
};

struct without_write
{
    [[maybe_unused]] static constexpr std::string_view ok = "1";
    [[maybe_unused]] static constexpr std::string_view fail = "0";
};

struct returns_its_text
{
    std::string write(const line_result&) const { return {}; }
};

struct returns_how_much_it_wrote
{
    std::size_t write(const line_result&, std::string&) const { return 0; }
};

struct changes_itself
{
    void write(const line_result&, std::string&) {}
};

struct writes_a_bool
{
    void write(bool, std::string&) const {}
};

class private_write
{
    void write(const line_result&, std::string&) const {}
};

using namespace crier;

static_assert(check_reply<reply_archetype>());
static_assert(check_reply<of_two_literals>() && check_reply<of_two_options>());
static_assert(check_reply<with_helpers_of_these_names>());
static_assert(check_reply<ok_fail>() && check_reply<json_reply>());

static_assert(!reply_is_policy<not_copyable> && !reply<not_copyable>);
static_assert(reply_writes<not_copyable>);
static_assert(!reply_writes<without_write> && !reply<without_write>);
static_assert(reply_is_policy<without_write>);
static_assert(!reply_writes<returns_its_text> && !reply<returns_its_text>);
static_assert(!reply_writes<returns_how_much_it_wrote> && !reply<returns_how_much_it_wrote>);
static_assert(!reply_writes<changes_itself> && !reply<changes_itself>);
static_assert(!reply_writes<writes_a_bool> && !reply<writes_a_bool>);
static_assert(!reply_writes<private_write> && !reply<private_write>);
static_assert(!reply<int>);

static_assert(reply_is_fixed<ok_fail> && reply_is_fixed<of_two_literals>);
static_assert(!reply_is_fixed<reply_archetype> && !reply_is_fixed<json_reply>);
static_assert(!reply_is_fixed<of_two_options> && !reply_is_fixed<with_helpers_of_these_names>);
static_assert(!reply_is_fixed<of_ok_alone>);

} // namespace

BOOST_AUTO_TEST_SUITE(reply_concept)

BOOST_AUTO_TEST_CASE(the_archetype_appends_how_many_were_queued_the_message)
{
    std::string out = "queued: ";
    reply_archetype().write({.push = {push_status::queued, 3}}, out);
    BOOST_TEST(out == "queued: 3");
}

BOOST_AUTO_TEST_SUITE_END()
