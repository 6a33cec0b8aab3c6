#include <crier/codec/websocket/deflate_message.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "allocations.hpp"
#include "readable.hpp"

using crier::deflate_message;
using crier::inflate_message;
using crier::inflated_message;
using support::readable;
using namespace std::string_literals;

namespace {

/// Text that deflates to about a quarter.
std::string json(std::size_t size)
{
    std::mt19937 random(1);
    std::string out;
    while (out.size() < size)
        out += "{\"id\":" + std::to_string(random()) + ",\"state\":\"done\",\"percent\":\"88%\"}";
    return out.substr(0, size);
}

std::string noise(std::size_t size, unsigned seed = 1)
{
    std::mt19937 random(seed);
    std::string out(size, '\0');
    std::generate(out.begin(), out.end(), [&] { return static_cast<char>(random()); });
    return out;
}

/// Noise that repeats after a distance.
std::string repeating(std::size_t size, std::size_t distance)
{
    const std::string block = noise(distance);
    std::string out;
    while (out.size() < size)
        out += block;
    return out.substr(0, size);
}

/// The payload's message, or what is wrong.
std::string inflated(std::string_view payload, std::size_t limit = 1 << 20)
{
    const inflated_message m = inflate_message(payload, limit);
    return m.status == inflated_message::whole     ? readable(m.view())
           : m.status == inflated_message::corrupt ? "corrupt"
                                                   : "too large";
}

} // namespace

BOOST_AUTO_TEST_SUITE(deflate_and_inflate)

BOOST_AUTO_TEST_CASE(what_was_deflated_comes_back)
{
    for (const std::size_t size :
         {1u, 10u, 100u, 248u, 250u, 251u, 512u, 1000u, 3833u, 3835u, 4096u, 16384u, 32506u, 32507u,
          32768u, 65535u, 65536u, 65537u, 200'000u})
        for (int bits = 9; bits <= 15; ++bits)
            for (const std::string& message :
                 {json(size), std::string(size, '\0'), repeating(size, 200), repeating(size, 5000)})
            {
                const std::string payload(deflate_message(message, {}, bits));
                BOOST_TEST(payload.size() < size);
                if (!payload.empty())
                    BOOST_TEST((inflated(payload) == readable(message)), size << ' ' << bits);
            }
}

BOOST_AUTO_TEST_CASE(it_depends_on_nothing_that_was_deflated_before)
{
    const std::string message = json(3000);
    const std::string payload(deflate_message(message, {}, 12));
    for (const std::size_t size : {10u, 300u, 3000u, 70'000u}) {
        deflate_message(json(size), {.level = 1}, 12);
        deflate_message(noise(size), {.memory_level = 1}, 15);
        BOOST_TEST((deflate_message(message, {}, 12) == payload));
    }
}

BOOST_AUTO_TEST_CASE(a_message_that_would_get_no_smaller_is_left_alone)
{
    BOOST_TEST(deflate_message("", {}, 15).empty());
    BOOST_TEST(deflate_message("a", {}, 15).empty());
    for (const std::size_t size : {100u, 1000u, 65'536u, 200'000u})
        BOOST_TEST(deflate_message(noise(size), {}, 15).empty());
}

BOOST_AUTO_TEST_CASE(no_window_is_exceeded)
{
    for (int bits = 9; bits <= 15; ++bits)
        for (const std::size_t distance : {100u, 250u, 500u, 900u, 2000u, 5000u, 10'000u, 30'000u})
        {
            const std::string message = repeating(80'000, distance);
            const bool compressed = !deflate_message(message, {}, bits).empty();
            const std::size_t window = std::size_t(1) << bits;
            // zlib keeps away from the edge by the longest match and a bit.
            BOOST_TEST(compressed == (distance <= window - 262), bits << ' ' << distance);
        }
}

BOOST_AUTO_TEST_CASE(the_parameters_count)
{
    const std::string message = json(60'000);
    const auto size = [&](crier::deflate_parameters how, int bits) {
        return deflate_message(message, how, bits).size();
    };
    BOOST_TEST(size({.level = 9}, 15) < size({.level = 1}, 15));
    const std::string far = repeating(60'000, 3000);
    BOOST_TEST(deflate_message(far, {}, 12).size() < 10'000u);
    BOOST_TEST(deflate_message(far, {}, 11).empty());
    BOOST_TEST(size({.memory_level = 9}, 15) < size({.memory_level = 1}, 15));
}

BOOST_AUTO_TEST_CASE(the_examples_of_the_rfc_are_understood)
{
    const std::string hello = readable("Hello");
    BOOST_TEST(inflated("\xf2\x48\xcd\xc9\xc9\x07\x00"s) == hello);                 // 7.2.3.1
    BOOST_TEST(inflated("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s) == hello); // 7.2.3.3
    BOOST_TEST(inflated("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s) == hello);             // 7.2.3.4
    BOOST_TEST(inflated("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s) == hello);
    BOOST_TEST(inflated("\x00"s) == readable("")); // 7.2.3.6
}

BOOST_AUTO_TEST_CASE(what_is_clear_enough_is_understood_too)
{
    const std::string hello = readable("Hello");
    BOOST_TEST(inflated("") == readable(""));
    BOOST_TEST(inflated("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff"s) == hello); // not cut off
    BOOST_TEST(inflated("\xf3\x48\xcd\xc9\xc9\x07\x00"s) == hello); // BFINAL, and nothing more
    BOOST_TEST(inflated("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s) ==
               readable("HelloHello"));
}

BOOST_AUTO_TEST_CASE(a_last_block_may_end_anywhere_in_the_last_byte)
{
    // Fixed code, BFINAL: a literal above 143 has nine bits, others eight; the block's end has seven.
    for (std::size_t high = 0; high < 8; ++high) {
        std::string message(8, 'a');
        std::fill_n(message.begin(), high, '\xFF');
        std::string payload(1, '\0');
        unsigned bit = 0;
        const auto put = [&](bool set) {
            if (bit == 8) {
                payload += '\0';
                bit = 0;
            }
            payload.back() = static_cast<char>(payload.back() | int(set) << bit++);
        };
        for (const bool set : {true, true, false}) // BFINAL, BTYPE 01
            put(set);
        for (const char c : message) {
            const auto byte = static_cast<unsigned char>(c);
            const unsigned bits = byte < 144 ? 8 : 9;
            const unsigned code = byte < 144 ? 0x30u + byte : 0x190u + byte - 144;
            for (unsigned i = bits; i-- > 0;)
                put((code >> i & 1) != 0);
        }
        for (int i = 0; i < 7; ++i)
            put(false);
        BOOST_TEST(inflated(payload) == readable(message));
        BOOST_TEST(inflated(payload + '\0') == readable(message));
        BOOST_TEST(inflated(payload + payload) == readable(message + message));
        BOOST_TEST(inflated(payload + "\xF2\x48\xCD\xC9\xC9\x07\x00"s) ==
                   readable(message + "Hello"));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_deflate_data_is_corrupt)
{
    const std::string good(deflate_message(json(5000), {}, 15));
    for (const std::string& bad :
         {"\x07"s, "\xff\xff"s, "\x02\x03\x00"s, "text"s, "\x00\x05\x00\xfa\xfeHello\x00"s,
          "\xf3\x48\xcd\xc9\xc9\x07\x00\x07"s, good.substr(1), good.substr(0, 20),
          good.substr(0, good.size() - 2), good.substr(0, good.size() / 2)})
    {
        BOOST_TEST(inflated(bad) == "corrupt", readable(bad));
        BOOST_TEST((inflated(good) == readable(json(5000)))); // and that leaves nothing behind
    }
}

BOOST_AUTO_TEST_CASE(garbage_comes_to_an_end_within_the_limit)
{
    std::mt19937 random(7);
    std::size_t whole = 0;
    for (unsigned i = 0; i < 3000; ++i) {
        std::string payload(deflate_message(json(500), {}, 9));
        if (i % 3 == 0)
            payload = noise(random() % 300, i);
        else
            for (auto changes = 1 + random() % 3; changes; --changes)
                payload[random() % payload.size()] = static_cast<char>(random());
        const inflated_message m = inflate_message(payload, 1000);
        BOOST_TEST_REQUIRE((m.size <= 1000 || m.status == inflated_message::too_large));
        whole += m.status == inflated_message::whole;
    }
    BOOST_TEST(whole > 100u); // most damage is not seen: there is no check sum
}

BOOST_AUTO_TEST_CASE(the_limit_is_exact)
{
    for (const std::size_t size : {1u, 2u, 100u, 5000u, 65'536u, 200'000u}) {
        for (const std::string& message : {std::string(size, 'a'), json(size)}) {
            std::string payload(deflate_message(message, {}, 15));
            if (payload.empty())
                payload = "\x00"s + static_cast<char>(size) + "\x00"s + static_cast<char>(~size) +
                          "\xff" + message + "\x00"s;
            BOOST_TEST((inflated(payload, size) == readable(message)), size);
            BOOST_TEST(inflated(payload, size - 1) == "too large");
            BOOST_TEST((inflated(payload, SIZE_MAX) == readable(message)));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_bomb_costs_no_more_than_the_limit)
{
    const std::string bomb(deflate_message(std::string(100'000'000, '\0'), {.level = 9}, 15));
    BOOST_TEST(bomb.size() < 100'000u);
    inflate_message(bomb, 0); // has made what the thread needs
    for (const std::size_t limit : {std::size_t(0), std::size_t(1000), std::size_t(65'536)}) {
        const support::allocation_watch watch;
        const inflated_message m = inflate_message(bomb, limit);
        const std::size_t largest = watch.largest();
        const auto live = watch.live_bytes();
        BOOST_TEST(m.status == inflated_message::too_large);
        BOOST_TEST(largest <= limit + 1);
        BOOST_TEST(live < static_cast<std::ptrdiff_t>(limit + 64)); // malloc rounds up
    }
}

BOOST_AUTO_TEST_CASE(a_threads_state_is_small_for_small_messages_and_gone_with_the_thread)
{
    const std::string small = json(1700), large = json(100'000);
    const std::string payload(deflate_message(small, {}, 15));
    const support::allocation_watch watch;
    std::ptrdiff_t after_small = 0, after_all = 0, after_inflate = 0;
    std::thread([&] {
        const support::allocation_watch in_thread;
        inflate_message(payload, 65'536);
        after_inflate = in_thread.live_bytes();
        for (const std::size_t size : {300u, 1000u, 1700u})
            deflate_message(std::string_view(small).substr(0, size), {}, 15);
        after_small = in_thread.live_bytes() - after_inflate;
        for (std::size_t size = 1000; size < large.size(); size *= 2)
            for (int bits = 9; bits <= 15; ++bits)
                deflate_message(std::string_view(large).substr(0, size), {}, bits);
        after_all = in_thread.live_bytes() - after_inflate;
    }).join();
    const auto left = watch.live_bytes();
    BOOST_TEST(after_inflate < 42'000);
    BOOST_TEST(after_small < 64'000);
    BOOST_TEST(after_all < 800'000);
    BOOST_TEST(left < 1024); // the thread sanitizer keeps some for itself
}

BOOST_AUTO_TEST_SUITE_END()
