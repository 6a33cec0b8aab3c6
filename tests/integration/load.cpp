// Many back ends, many pages: nothing lost, nothing twice, nothing altered, nothing out of order.
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "readable.hpp"
#include "seed.hpp"
#include "support/wire_server.hpp"

using support::line_client;
using support::readable;
using support::websocket_client;
using support::wire_server;

namespace {

constexpr std::size_t back_ends = 4;
constexpr std::size_t pages = 200;
constexpr std::size_t lines_each = 4000;
constexpr std::size_t uids = 150; // some pages share one

std::string uid_of(std::size_t page)
{
    return "uid" + std::to_string(page % uids);
}

/// What one back end says, what it must be answered, and what each page must hear of it.
struct script
{
    std::vector<std::string> lines, answers;
    std::vector<std::vector<std::string>> of_page{pages};

    script(std::size_t back_end, std::mt19937_64& random)
    {
        for (std::size_t n = 0; n < lines_each; ++n) {
            const std::string rest = "\"from\":" + std::to_string(back_end) +
                                     ",\"n\":" + std::to_string(n) + ",\"a\":\"" +
                                     std::string(support::pick(random, 60), 'x') + "\"}";
            const std::size_t dice = support::pick(random, 200);
            answers.push_back(dice < 10 ? "fail" : "ok");
            if (dice < 5) {
                lines.push_back("{\"uid\":\"nobody\"," + rest);
            } else if (dice < 10) {
                lines.push_back("{\"uid\":\"uid1\"" + rest); // not JSON
            } else if (dice < 12) {
                lines.push_back("{\"broadcast\":true," + rest);
                for (auto& heard : of_page)
                    heard.push_back(lines.back());
            } else {
                const std::size_t uid = support::pick(random, uids);
                lines.push_back("{\"uid\":\"" + uid_of(uid) + "\"," + rest);
                for (std::size_t page = uid; page < pages; page += uids)
                    of_page[page].push_back(lines.back());
            }
        }
    }
};

/// Hears all that the scripts have for this page: any back end's next line at any time.
void check_hears_all(websocket_client& client, const std::vector<script>& scripts, std::size_t page)
{
    std::vector<std::size_t> next(scripts.size());
    std::size_t left = 0;
    for (const script& s : scripts)
        left += s.of_page[page].size();
    for (; left > 0; --left) {
        const std::string message = client.hear();
        bool found = false;
        for (std::size_t i = 0; i < scripts.size() && !found; ++i) {
            const auto& expected = scripts[i].of_page[page];
            found = next[i] < expected.size() && expected[next[i]] == message;
            next[i] += found;
        }
        BOOST_REQUIRE_MESSAGE(found, "page " << page << " heard what is no back end's next line: "
                                             << readable(message));
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(load)

BOOST_AUTO_TEST_CASE(nothing_is_lost_reordered_altered_or_duplicated)
{
    auto random = support::seeded_random();
    std::vector<script> scripts;
    for (std::size_t i = 0; i < back_ends; ++i)
        scripts.emplace_back(i, random);

    wire_server server;
    std::vector<websocket_client> clients;
    for (std::size_t page = 0; page < pages; ++page)
        clients.push_back(server.page(uid_of(page)));

    std::vector<std::vector<std::string>> answers(back_ends);
    std::vector<std::exception_ptr> errors(back_ends);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < back_ends; ++i)
        threads.emplace_back([&, i] {
            try {
                answers[i] = server.back_end().ask_all(scripts[i].lines);
            } catch (...) {
                errors[i] = std::current_exception();
            }
        });
    for (std::thread& t : threads)
        t.join();
    for (std::size_t i = 0; i < back_ends; ++i) {
        if (errors[i])
            std::rethrow_exception(errors[i]);
        BOOST_CHECK(answers[i] == scripts[i].answers);
    }

    // One more for each uid: it must come right behind all that is expected.
    line_client last = server.back_end();
    BOOST_TEST(last.ask(R"({"broadcast":true,"last":true})") == "ok");
    std::size_t expected = pages;
    for (std::size_t page = 0; page < pages; ++page) {
        for (const script& s : scripts)
            expected += s.of_page[page].size();
        check_hears_all(clients[page], scripts, page);
        BOOST_TEST(clients[page].hear() == R"({"broadcast":true,"last":true})");
    }
    const auto counts = server.counts();
    BOOST_TEST(counts.messages_queued == expected);
    BOOST_TEST(counts.messages_dropped == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
