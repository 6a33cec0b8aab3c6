#include <crier/detail/block_cache.hpp>
#include <crier/detail/outbox.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "readable.hpp"
#include "seed.hpp"

using crier::frame;
using crier::detail::outbox;
using support::readable;

namespace {

frame some(std::string_view bytes)
{
    return frame::join({bytes});
}

/// What a gather write of up to `elements` parts would write, each part in brackets.
std::string gathered(const outbox& box, std::size_t elements = 64)
{
    std::vector<iovec> room(elements);
    const std::size_t used = box.gather(room);
    std::string out;
    for (std::size_t i = 0; i < used; ++i)
        out += '[' + std::string(static_cast<const char*>(room[i].iov_base), room[i].iov_len) + ']';
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(outboxes)

BOOST_AUTO_TEST_CASE(a_new_outbox_is_empty_and_owns_nothing)
{
    const support::allocation_watch watch;
    const outbox box;
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations == 0u);
    BOOST_TEST(box.empty());
    BOOST_TEST(box.bytes() == 0u);
    BOOST_TEST(box.messages() == 0u);
    BOOST_TEST(gathered(box) == "");
}

BOOST_AUTO_TEST_CASE(frames_are_gathered_in_the_order_in_which_they_were_pushed)
{
    outbox box;
    box.push(some("one"), 1);
    box.push(some("two"), 1);
    box.push(some("three"), 1);
    BOOST_TEST(gathered(box) == "[one][two][three]");
    BOOST_TEST(gathered(box) == "[one][two][three]"); // gathering takes nothing away
    BOOST_TEST(box.bytes() == 11u);
    BOOST_TEST(box.messages() == 3u);
    BOOST_TEST(!box.empty());
}

BOOST_AUTO_TEST_CASE(a_gather_uses_no_more_elements_than_it_is_given)
{
    outbox box;
    for (const std::string_view text : {"a", "b", "c"})
        box.push(some(text), 1);
    BOOST_TEST(gathered(box, 0) == "");
    BOOST_TEST(gathered(box, 1) == "[a]");
    BOOST_TEST(gathered(box, 2) == "[a][b]");
    BOOST_TEST(gathered(box, 3) == "[a][b][c]");
}

BOOST_AUTO_TEST_CASE(gathered_bytes_are_the_frames_own)
{
    const frame shared = some("shared by many");
    outbox box;
    box.push(shared, 1);
    std::array<iovec, 1> room;
    BOOST_TEST(box.gather(room) == 1u);
    BOOST_TEST(room[0].iov_base == shared.bytes().data());
}

BOOST_AUTO_TEST_CASE(a_short_write_of_any_size_leaves_just_the_rest)
{
    const std::string all = "abcdefgh";
    for (std::size_t written = 0; written <= all.size(); ++written) {
        outbox box;
        box.push(some("abc"), 1);
        box.push(some("d"), 1);
        box.push(some("efgh"), 1);
        box.consume(written);
        std::string rest;
        for (const char c : gathered(box))
            if (c != '[' && c != ']')
                rest += c;
        BOOST_TEST(rest == all.substr(written));
        BOOST_TEST(box.bytes() == all.size() - written);
        BOOST_TEST(box.messages() == (written < 3 ? 3u : written < 4 ? 2u : written < 8 ? 1u : 0u));
        BOOST_TEST(box.empty() == (written == all.size()));
    }
}

BOOST_AUTO_TEST_CASE(a_half_written_frame_stays_the_first_one)
{
    outbox box;
    box.push(some("first"), 1);
    box.consume(2);
    box.push(some("second"), 1);
    BOOST_TEST(gathered(box) == "[rst][second]");
    box.consume(1);
    BOOST_TEST(gathered(box) == "[st][second]");
    box.consume(2);
    BOOST_TEST(gathered(box) == "[second]");
}

BOOST_AUTO_TEST_CASE(only_messages_are_counted_as_messages)
{
    outbox box;
    box.push(some("pong"), 0);
    box.push(some("message"), 1);
    box.push(some("close"), 0);
    BOOST_TEST(box.messages() == 1u);
    BOOST_TEST(box.bytes() == 16u);
    box.consume(4);
    BOOST_TEST(box.messages() == 1u);
    box.consume(7);
    BOOST_TEST(box.messages() == 0u);
    BOOST_TEST(gathered(box) == "[close]");
}

BOOST_AUTO_TEST_CASE(the_messages_of_a_frame_are_counted_until_its_last_byte_is_written)
{
    outbox box;
    box.push(some("three together"), 3);
    box.push(some("one"), 1);
    BOOST_TEST(box.messages() == 4u);
    box.consume(13);
    BOOST_TEST(box.messages() == 4u);
    box.consume(1);
    BOOST_TEST(box.messages() == 1u);
    box.push(some("two together"), 2);
    box.clear();
    BOOST_TEST(box.messages() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_written_is_given_back_at_once)
{
    crier::detail::block_cache::keep_nothing(); // or what is kept would count
    outbox box;
    const support::allocation_watch watch;
    box.push(some(std::string(1000, 'a')), 1);
    box.push(some(std::string(3000, 'b')), 1);
    const auto both = watch.live_bytes();
    box.consume(1000);
    const auto second = watch.live_bytes();
    box.consume(3000);
    const auto none = watch.live_bytes();
    BOOST_TEST(both > 4000);
    BOOST_TEST(second < both - 900);
    BOOST_TEST(none == 0);
}

BOOST_AUTO_TEST_CASE(clearing_drops_everything_and_leaves_a_usable_outbox)
{
    const support::allocation_watch watch;
    {
        outbox box;
        box.push(some("half written"), 1);
        box.push(some("more"), 0);
        box.consume(5);
        box.clear();
        BOOST_TEST(box.empty());
        BOOST_TEST(box.bytes() == 0u);
        BOOST_TEST(box.messages() == 0u);
        box.push(some("again"), 1);
        BOOST_TEST(gathered(box) == "[again]");
        BOOST_TEST(box.messages() == 1u);
        box.push(some("left for the destructor"), 1);
    }
    const auto live = watch.live_bytes();
    BOOST_TEST(live == 0);
}

BOOST_AUTO_TEST_CASE(random_pushes_and_short_writes_write_every_byte_once_and_in_order)
{
    auto random = support::seeded_random();
    for (int round = 0; round < 200; ++round) {
        outbox box;
        std::string pushed, written;
        std::deque<std::size_t> unwritten; // the sizes of the frames, the first one's rest
        for (int step = 0; step < 60; ++step) {
            if (support::pick(random, 2)) {
                const std::string text(1 + support::pick(random, 9),
                                       static_cast<char>('a' + step % 26));
                pushed += text;
                unwritten.push_back(text.size());
                box.push(some(text), 1);
            } else {
                std::array<iovec, 3> room;
                std::string offered;
                const std::size_t used = box.gather(room);
                for (std::size_t i = 0; i < used; ++i)
                    offered.append(static_cast<const char*>(room[i].iov_base), room[i].iov_len);
                offered.resize(support::pick(random, offered.size() + 1));
                written += offered;
                box.consume(offered.size());
                for (std::size_t left = offered.size(); left > 0;) {
                    const std::size_t n = std::min(left, unwritten.front());
                    left -= n;
                    if ((unwritten.front() -= n) == 0)
                        unwritten.pop_front();
                }
            }
            BOOST_TEST_REQUIRE(box.messages() == unwritten.size());
            BOOST_TEST_REQUIRE(box.bytes() == pushed.size() - written.size());
            BOOST_TEST_REQUIRE(readable(written) == readable(pushed.substr(0, written.size())));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_begun_is_what_cannot_be_taken_out)
{
    outbox o;
    BOOST_TEST(o.begun().bytes == 0u);
    o.push(frame::join({"aaaa"}), 1);
    o.push(frame::join({"bb"}), 2);
    o.push(frame::join({"c"}), 1);
    BOOST_TEST(o.begun().bytes == 0u);
    BOOST_TEST(o.begun().messages == 0u);
    o.consume(1);
    BOOST_TEST(o.begun().bytes == 3u);
    BOOST_TEST(o.begun().messages == 1u);
    o.pin(4);
    BOOST_TEST(o.begun().bytes == 5u);
    BOOST_TEST(o.begun().messages == 3u);
    BOOST_TEST(o.drop_oldest() == 1u);
    BOOST_TEST(o.drop_oldest() == 0u);
    o.consume(5);
    BOOST_TEST(o.begun().bytes == 0u);
    BOOST_TEST(o.empty());
}

BOOST_AUTO_TEST_CASE(the_part_with_the_same_key_is_what_would_be_taken_out)
{
    outbox o;
    const frame key = frame::join({"xyz"}).with_key("k");
    o.push(frame::join({"aaaa"}).with_key("k"), 1);
    o.push(frame::join({"bb"}).with_key("k"), 1);
    BOOST_TEST(o.same_key(key).bytes == 4u);
    o.consume(1); // now the first stays
    BOOST_TEST(o.same_key(key).bytes == 2u);
    BOOST_TEST(o.same_key(key).messages == 1u);
    BOOST_TEST(o.same_key(frame::join({"x"}).with_key("other")).bytes == 0u);
    BOOST_TEST(o.same_key(frame::join({"x"})).bytes == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
