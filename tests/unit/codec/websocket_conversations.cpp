#include <crier/codec/websocket.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "replay.hpp"
#include "seed.hpp"
#include "websocket_script.hpp"

using crier::websocket;
using support::binary_event;
using support::client_frame;
using support::close_payload;
using support::closed_event;
using support::events;
using support::fin;
using support::pong_event;
using support::text_event;
using support::upgrade_request;
namespace op = support::op;

namespace {

/// A client that says random things, and what a server ought to hear.
class conversation
{
public:
    explicit conversation(std::mt19937_64& random) : random_(random)
    {
        for (std::size_t n = 1 + pick(5); n > 0; --n)
            say_message();
        if (pick(2) == 0) {
            const unsigned code = pick(2) ? 1000 : 4000;
            add(fin | op::close, close_payload(code, "bye"));
            expected.push_back(closed_event(code));
        }
    }

    std::string script;
    events expected;

private:
    std::size_t pick(std::size_t below) { return support::pick(random_, below); }

    std::string random_payload(bool is_text)
    {
        static constexpr std::string_view characters[] = {
            "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "z", " "};
        static constexpr std::size_t sizes[] = {0, 1, 7, 30, 120, 126, 140, 400};
        std::string out;
        for (std::size_t n = pick(sizes[pick(std::size(sizes))] + 1); n > 0; --n)
            if (is_text)
                out += characters[pick(std::size(characters))];
            else
                out += static_cast<char>(random_());
        return out;
    }

    void add(unsigned first, std::string_view payload)
    {
        std::string key(4, '\0');
        for (char& c : key)
            c = static_cast<char>(random_());
        script += client_frame(first, payload, key);
    }

    void say_control_frames()
    {
        for (std::size_t n = pick(3); n > 0; --n) {
            const std::string payload = random_payload(false).substr(0, 125);
            const bool asks = pick(2) == 0;
            add(fin | (asks ? op::ping : op::pong), payload);
            if (asks)
                expected.push_back(pong_event(payload));
        }
    }

    void say_message()
    {
        const bool is_text = pick(2) == 0;
        const std::string payload = random_payload(is_text);
        const std::size_t fragments = 1 + (pick(2) ? 0 : pick(5));
        std::size_t at = 0;
        for (std::size_t i = 0; i < fragments; ++i) {
            const bool last = i + 1 == fragments;
            const std::size_t size = last ? payload.size() - at : pick(payload.size() - at + 1);
            add((last ? fin : 0) | (i > 0     ? op::continuation
                                    : is_text ? op::text
                                              : op::binary),
                payload.substr(at, size));
            at += size;
            if (last)
                expected.push_back(is_text ? text_event(payload) : binary_event(payload));
            say_control_frames();
        }
    }

    std::mt19937_64& random_;
};

std::vector<std::string_view> random_reads(std::string_view script, std::mt19937_64& random)
{
    std::vector<std::string_view> reads;
    const std::size_t most = 1 + support::pick(random, 300);
    while (!script.empty()) {
        const std::size_t n = std::min(script.size(), 1 + support::pick(random, most));
        reads.push_back(script.substr(0, n));
        script.remove_prefix(n);
    }
    return reads;
}

} // namespace

BOOST_AUTO_TEST_SUITE(websocket_conversations)

BOOST_AUTO_TEST_CASE(random_ones_in_random_reads_are_heard_as_they_were_said)
{
    auto random = support::seeded_random();
    for (int round = 0; round < 1'000; ++round) {
        const conversation client(random);
        const auto reads = random_reads(client.script, random);
        BOOST_TEST_REQUIRE(support::lines(support::replay(websocket{}, reads, upgrade_request)) ==
                           support::lines(client.expected));
    }
}

BOOST_AUTO_TEST_CASE(damaged_ones_are_heard_alike_however_they_are_cut)
{
    auto random = support::seeded_random();
    std::size_t violations = 0;
    for (int round = 0; round < 400; ++round) {
        std::string script = conversation(random).script;
        for (std::size_t n = 1 + support::pick(random, 3); n > 0; --n)
            script[support::pick(random, script.size())] = static_cast<char>(random());
        const events whole = support::replay(websocket{}, {script}, upgrade_request);
        for (const auto& reads : {random_reads(script, random), support::byte_by_byte(script)})
            BOOST_TEST_REQUIRE(support::lines(support::replay(
                                   websocket{}, reads, upgrade_request)) == support::lines(whole));
        for (const std::string& event : whole) {
            BOOST_TEST_REQUIRE(!event.starts_with("broken promise"), event);
            violations += event.starts_with("failed");
        }
    }
    BOOST_TEST(violations > 40u);
}

BOOST_AUTO_TEST_SUITE_END()
