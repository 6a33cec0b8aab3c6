#include <crier/detail/tail_buffer.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <string>
#include <string_view>

#include "allocations.hpp"
#include "readable.hpp"

using crier::detail::tail_buffer;
using support::readable;

namespace {

std::string content(const tail_buffer& tail)
{
    std::string out(tail.size(), '#');
    tail.copy_to(out.data());
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(tail_buffers)

BOOST_AUTO_TEST_CASE(an_empty_tail_is_one_pointer_and_owns_nothing)
{
    static_assert(sizeof(tail_buffer) == sizeof(void*));
    const support::allocation_watch watch;
    tail_buffer tail;
    tail.assign({});
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations == 0u);
    BOOST_TEST(tail.size() == 0u);
    BOOST_TEST(content(tail) == "");
}

BOOST_AUTO_TEST_CASE(keeps_a_copy_of_the_bytes)
{
    std::string bytes("half\0 a line", 12);
    tail_buffer tail;
    tail.assign(bytes);
    bytes.assign(12, '!');
    BOOST_TEST(readable(content(tail)) == readable({"half\0 a line", 12}));
}

BOOST_AUTO_TEST_CASE(new_bytes_take_the_place_of_the_old_ones_whatever_their_number)
{
    for (const std::size_t before : {0u, 1u, 5u, 100u})
        for (const std::size_t after : {0u, 1u, 2u, 5u, 9u, 10u, 11u, 99u, 200u, 201u, 5000u}) {
            tail_buffer tail;
            tail.assign(std::string(before, 'a'));
            tail.assign(std::string(after, 'b'));
            BOOST_TEST(readable(content(tail)) == readable(std::string(after, 'b')),
                       before << " then " << after);
        }
}

BOOST_AUTO_TEST_CASE(a_tail_that_grows_byte_by_byte_moves_rarely)
{
    tail_buffer tail;
    const std::string all(4096, 'x');
    const support::allocation_watch watch;
    for (std::size_t size = 1; size <= all.size(); ++size)
        tail.assign({all.data(), size});
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations <= 13u);
    BOOST_TEST(readable(content(tail)) == readable(all));
}

BOOST_AUTO_TEST_CASE(bytes_are_added_and_taken_away_where_they_are)
{
    tail_buffer tail;
    tail.assign(std::string_view("half"));
    std::string all = "half";
    const support::allocation_watch watch;
    for (int i = 0; i < 1000; ++i) {
        char* const at = tail.extend(3);
        tail.copy_to(at); // as any other place
        at[all.size()] = static_cast<char>('a' + i % 26);
        all += at[all.size()];
        if (i % 100 == 99) {
            tail.assign({at + 10, all.size() - 10});
            all.erase(0, 10);
        } else {
            tail.assign({at, all.size()});
        }
    }
    const std::size_t allocations = watch.count();
    BOOST_TEST(allocations <= 20u); // of the tail, and of `all`
    BOOST_TEST(readable(content(tail)) == readable(all));
}

BOOST_AUTO_TEST_CASE(an_empty_tail_may_be_added_to)
{
    tail_buffer tail;
    std::memcpy(tail.extend(5), "first", 5);
    BOOST_TEST(tail.size() == 0u, "not before they are kept");
    tail.assign({tail.extend(5), 5});
    BOOST_TEST(readable(content(tail)) == readable("first"));
}

BOOST_AUTO_TEST_CASE(memory_is_given_back_as_soon_as_there_is_no_tail)
{
    tail_buffer tail;
    const support::allocation_watch watch;
    tail.assign(std::string(40, 'x'));
    const auto kept = watch.live_bytes();
    tail.assign({});
    const auto none = watch.live_bytes();
    tail.assign(std::string(40, 'x'));
    tail.clear();
    const auto cleared = watch.live_bytes();
    BOOST_TEST(kept >= 40);
    BOOST_TEST(none == 0);
    BOOST_TEST(cleared == 0);
    BOOST_TEST(tail.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
