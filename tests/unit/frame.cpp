#include <crier/detail/block_cache.hpp>
#include <crier/frame.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "readable.hpp"

using crier::frame;
using support::readable;

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(the_empty_frame_is_false_and_has_no_bytes)
{
    const frame none;
    BOOST_TEST(!none);
    BOOST_TEST(none.size() == 0u);
    BOOST_TEST(none.bytes().empty());
    const frame copy = none;
    BOOST_TEST(!copy);
    BOOST_TEST((none == copy));
}

BOOST_AUTO_TEST_CASE(a_frame_of_no_bytes_is_not_the_empty_frame)
{
    const frame nothing = frame::join({});
    BOOST_TEST(bool(nothing));
    BOOST_TEST(nothing.size() == 0u);
    BOOST_TEST(bool(frame::join({"", std::string_view()})));
}

BOOST_AUTO_TEST_CASE(join_puts_the_parts_in_their_order)
{
    const frame f = frame::join({"one", "", std::string_view("\0\n", 2), "two"});
    BOOST_TEST(readable(f.bytes()) == readable({"one\0\ntwo", 8}));
    BOOST_TEST(f.size() == 8u);
}

BOOST_AUTO_TEST_CASE(join_copies_the_bytes)
{
    std::string part = "before";
    const frame f = frame::join({part});
    part = "after!";
    BOOST_TEST(readable(f.bytes()) == readable("before"));
}

BOOST_AUTO_TEST_CASE(join_puts_the_bytes_of_frames_in_their_order)
{
    const std::vector<frame> frames{frame::join({"one "}), frame(), frame::join({""}),
                                    frame::join({"two ", "three"})};
    BOOST_TEST(readable(frame::join(frames).bytes()) == readable("one two three"));
    BOOST_TEST(readable(frames[0].bytes()) == readable("one "));
    BOOST_TEST(!frame::join(std::vector<frame>()));
}

BOOST_AUTO_TEST_CASE(build_hands_out_the_whole_room)
{
    const frame f = frame::build(3, [](char* out) {
        for (char c = 'a'; c < 'd'; ++c)
            *out++ = c;
    });
    BOOST_TEST(readable(f.bytes()) == readable("abc"));
}

BOOST_AUTO_TEST_CASE(build_frees_the_room_if_writing_throws)
{
    crier::detail::block_cache::keep_nothing(); // or what is kept would count
    const support::allocation_watch watch;
    {
        const std::string unlike_an_sso = std::string(64, 'x');
        BOOST_CHECK_THROW(
            frame::build(1000, [&](char*) { throw std::runtime_error(unlike_an_sso); }),
            std::runtime_error);
    }
    const auto live = watch.live_bytes();
    BOOST_TEST(live < 1000);
}

BOOST_AUTO_TEST_CASE(copies_share_one_memory_that_the_last_one_frees)
{
    crier::detail::block_cache::keep_nothing(); // or what is kept would count
    const support::allocation_watch watch;
    std::size_t allocations = 0;
    const char* shared = nullptr;
    bool same = false;
    {
        frame last;
        {
            const frame first = frame::join({"shared by all"});
            shared = first.bytes().data();
            frame second = first;
            const frame third = std::move(second);
            last = third;
            same = third.bytes().data() == shared && !second;
        }
        same = same && last.bytes().data() == shared && last.bytes() == "shared by all";
        allocations = watch.count();
    }
    const auto live = watch.live_bytes();
    BOOST_TEST(same);
    BOOST_TEST(allocations == 1u);
    BOOST_TEST(live == 0);
}

BOOST_AUTO_TEST_CASE(a_moved_from_frame_is_the_empty_frame)
{
    frame from = frame::join({"x"});
    frame to = std::move(from);
    BOOST_TEST(!from);
    BOOST_TEST(bool(to));
    from = std::move(to);
    BOOST_TEST(!to);
    BOOST_TEST(readable(from.bytes()) == readable("x"));
}

BOOST_AUTO_TEST_CASE(assigning_a_frame_to_itself_keeps_it)
{
    frame f = frame::join({"kept"});
    const frame& itself = f;
    f = itself;
    BOOST_TEST(readable(f.bytes()) == readable("kept"));
}

BOOST_AUTO_TEST_CASE(assignment_gives_up_what_was_held)
{
    const support::allocation_watch watch;
    {
        frame f = frame::join({"old"});
        f = frame::join({"new"});
        f = {};
    }
    const auto live = watch.live_bytes();
    BOOST_TEST(live == 0);
}

BOOST_AUTO_TEST_CASE(frames_are_equal_by_their_bytes)
{
    BOOST_TEST((frame::join({"a", "b"}) == frame::join({"ab"})));
    BOOST_TEST((frame::join({"ab"}) != frame::join({"ac"})));
    BOOST_TEST((frame::join({"ab"}) != frame::join({"a"})));
    BOOST_TEST((frame::join({"a"}) != frame()));
}

BOOST_AUTO_TEST_SUITE_END()
