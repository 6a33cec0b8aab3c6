#include <crier/detail/handler_memory.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "allocations.hpp"

using crier::detail::handler_memory;
using crier::detail::kept_handler;

BOOST_AUTO_TEST_SUITE(the_handler_memory)

BOOST_AUTO_TEST_CASE(one_that_fits_stands_there_and_others_elsewhere)
{
    handler_memory m;
    const support::allocation_watch watch;
    void* const first = m.take(handler_memory::size);
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(first) % alignof(std::max_align_t) == 0u);
    BOOST_TEST(watch.count() == 0u);
    void* const second = m.take(1);
    BOOST_TEST(watch.count() == 1u);
    m.give_back(first);
    m.give_back(second);
    void* const large = m.take(handler_memory::size + 1);
    BOOST_TEST(watch.count() == 2u);
    BOOST_TEST(m.take(1) == first);
    m.give_back(large);
    m.give_back(first);
    BOOST_TEST(watch.live_bytes() == 0);
}

BOOST_AUTO_TEST_CASE(what_is_called_may_come_again_at_once)
{
    boost::asio::io_context context;
    handler_memory m;
    int calls = 0;
    const auto post = [&](auto& again) -> void {
        boost::asio::post(context, kept_handler(m, [&] {
                              if (++calls < 10)
                                  again(again);
                          }));
    };
    const support::allocation_watch watch;
    post(post);
    context.run();
    BOOST_TEST(calls == 10);
    BOOST_TEST(watch.count() == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_is_never_called_lets_go_of_what_it_holds)
{
    const auto held = std::make_shared<handler_memory>();
    {
        boost::asio::io_context context;
        boost::asio::post(context, kept_handler(*held, [held] {}));
        BOOST_TEST(held.use_count() == 2);
    }
    BOOST_TEST(held.use_count() == 1);
    void* const memory = held->take(1);
    const support::allocation_watch watch;
    held->give_back(memory);
    BOOST_TEST(watch.live_bytes() == 0, "it was free");
}

BOOST_AUTO_TEST_SUITE_END()
