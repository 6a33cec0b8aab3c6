#include <crier/detail/block_cache.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "allocations.hpp"

using crier::detail::block_cache;

namespace {

/// Calls it on a thread of its own, which has kept nothing yet.
template <class F>
void on_a_new_thread(F f)
{
    std::thread(f).join();
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool keeps = false;
#elif defined(__has_feature)
constexpr bool keeps = !__has_feature(address_sanitizer);
#else
constexpr bool keeps = true;
#endif

/// Whether a block of this size that was given back is the next one of that size.
bool is_kept(std::size_t size)
{
    block_cache::free(block_cache::allocate(size), size);
    const support::allocation_watch since;
    block_cache::free(block_cache::allocate(size), size);
    return since.count() == 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(block_caches)

BOOST_AUTO_TEST_CASE(a_block_has_room_for_all_its_bytes)
{
    on_a_new_thread([] {
        for (int round = 0; round < 2; ++round) // new blocks, then kept ones
            for (std::size_t size = 1; size <= block_cache::largest + 200; ++size) {
                void* const block = block_cache::allocate(size);
                BOOST_TEST_REQUIRE(reinterpret_cast<std::uintptr_t>(block) %
                                       __STDCPP_DEFAULT_NEW_ALIGNMENT__ ==
                                   0u);
                std::memset(block, 0xA5, size);
                block_cache::free(block, size);
            }
    });
}

BOOST_AUTO_TEST_CASE(blocks_that_are_alive_do_not_overlap)
{
    on_a_new_thread([] {
        std::vector<std::pair<unsigned char*, std::size_t>> blocks;
        for (int round = 0; round < 3; ++round) {
            for (std::size_t i = 0; i < 500; ++i) {
                const std::size_t size = 1 + i * 37 % 5000;
                auto* const block = static_cast<unsigned char*>(block_cache::allocate(size));
                std::memset(block, static_cast<int>(i % 251), size);
                blocks.emplace_back(block, size);
            }
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < blocks.size(); ++i) {
                const auto [block, size] = blocks[i];
                for (std::size_t at = 0; at < size; ++at)
                    wrong += block[at] != i % 251;
                block_cache::free(block, size);
            }
            blocks.clear();
            BOOST_TEST(wrong == 0u);
        }
    });
}

BOOST_AUTO_TEST_CASE(what_was_given_back_serves_the_next_of_its_size_up_to_a_limit)
{
    on_a_new_thread([] {
        BOOST_TEST(is_kept(1) == keeps);
        BOOST_TEST(is_kept(100) == keeps);
        BOOST_TEST(is_kept(block_cache::largest) == keeps);
        BOOST_TEST(!is_kept(block_cache::largest + 1));
        BOOST_TEST(!is_kept(1024 * 1024));
    });
}

BOOST_AUTO_TEST_CASE(no_more_than_so_many_bytes_are_kept)
{
    on_a_new_thread([] {
        constexpr std::size_t size = 1024, most = block_cache::most_kept / size;
        std::vector<void*> blocks(most + 100);
        for (void*& block : blocks)
            block = block_cache::allocate(size);
        for (void* const block : blocks)
            block_cache::free(block, size);
        const support::allocation_watch since;
        for (void*& block : blocks)
            block = block_cache::allocate(size);
        BOOST_TEST(since.count() == blocks.size() - (keeps ? most : 0));
        for (void* const block : blocks)
            block_cache::free(block, size);
    });
}

BOOST_AUTO_TEST_CASE(a_thread_that_keeps_nothing_serves_all_the_same)
{
    on_a_new_thread([] {
        is_kept(64);
        block_cache::keep_nothing();
        for (const std::size_t size : {64u, 65u, 4096u})
            BOOST_TEST(!is_kept(size));
    });
}

BOOST_AUTO_TEST_CASE(a_thread_that_has_ended_keeps_nothing)
{
    std::ptrdiff_t kept_alive = 0;
    const support::allocation_watch since;
    on_a_new_thread([&] {
        const support::allocation_watch inside;
        for (std::size_t size = 1; size <= block_cache::largest; size += 100)
            block_cache::free(block_cache::allocate(size), size);
        kept_alive = inside.live_bytes();
    });
    BOOST_TEST((kept_alive > 0) == keeps);
    BOOST_TEST(since.live_bytes() == 0);
}

BOOST_AUTO_TEST_CASE(a_block_may_be_given_back_on_another_thread)
{
    void* block = nullptr;
    on_a_new_thread([&] { block = block_cache::allocate(300); });
    on_a_new_thread([&] {
        block_cache::free(block, 300);
        const support::allocation_watch since;
        block_cache::free(block_cache::allocate(300), 300);
        BOOST_TEST(since.count() == (keeps ? 0u : 1u));
    });
}

BOOST_AUTO_TEST_SUITE_END()
