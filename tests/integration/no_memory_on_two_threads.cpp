// Each allocation of a server on two threads fails once while back ends push across them: no message is
// altered, lost behind an "ok", or out of order, and the server goes on.
#include <crier/codec/text_line.hpp>
#include <crier/detail/block_cache.hpp>
#include <crier/push_server.hpp>
#include <crier/threads.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "failing_allocations.hpp"
#include "support/line_client.hpp"
#include "support/within_patience.hpp"

using support::line_client;

namespace {

/// Lets the allocations of a page's thread count from when the page says so.
struct watching : crier::hooks
{
    void on_message(crier::connection&, crier::message_view)
    {
        crier::detail::block_cache::keep_nothing(); // so that each frame is an allocation
        support::watched = true;
    }
};

using server_type =
    crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                       crier::backend<crier::tcp, crier::text_line>, watching, crier::threads>;

constexpr std::size_t page_count = 12; // each thread has some of them

/// A server whose run is gone on with after what leaves it.
struct running_server
{
    server_type server{{.transport = {.address = "127.0.0.1"}}, {}, {}, {.count = 2}};
    std::thread thread;
    std::vector<std::string> addresses;

    running_server()
    {
        server.start();
        addresses = server.addresses();
        thread = std::thread([this] { support::run_on(server.context()); });
    }

    ~running_server()
    {
        server.stop({.timeout = std::chrono::seconds(1)});
        thread.join();
    }
};

std::string uid(std::size_t i)
{
    return "page" + std::to_string(i);
}

std::string line(const std::string& to, std::size_t n)
{
    return "{" + to + ",\"n\":" + std::to_string(n) + ",\"text\":\"" + std::string(n % 200, 'x') +
           "\"}";
}

std::string line_for(std::size_t page, std::size_t n)
{
    return line("\"uid\":\"" + uid(page) + '"', n);
}

/// False if no allocation has failed.
bool run(std::size_t failing)
{
    running_server s;
    std::vector<line_client> pages;
    for (std::size_t i = 0; i < page_count; ++i) {
        pages.emplace_back(s.addresses.at(0));
        pages.back().send(uid(i) + "\nwatch\n");
        // When it is answered, the page is registered, and heard.
        line_client before(s.addresses.at(1));
        while (before.ask(line_for(i, 0)) != "ok") {
        }
        BOOST_TEST(pages.back().read_line() == line_for(i, 0));
    }
    support::until_failure = failing;

    std::vector<std::string> lines, answers;
    std::vector<std::vector<std::string>> for_page(page_count);
    std::string all;
    for (std::size_t n = 1; n <= 60; ++n) {
        const bool to_all = n % 10 == 0;
        lines.push_back(to_all ? line("\"broadcast\":true", n) : line_for(n % page_count, n));
        all += lines.back() + '\n';
    }
    bool closed = false;
    try {
        line_client back_end(s.addresses.at(1));
        back_end.send(all);
        while (answers.size() < lines.size())
            answers.push_back(back_end.read_line());
    } catch (const std::exception&) {
        closed = true; // it has ended, or never began
    }
    const bool failed = support::until_failure == 0;
    support::until_failure = 0;
    BOOST_TEST((closed || answers.size() == lines.size()));
    BOOST_TEST((failed || !closed));

    line_client another(s.addresses.at(1));
    for (std::size_t i = 0; i < page_count; ++i) {
        const std::string last = line_for(i, 1000);
        std::vector<std::string> heard;
        bool gone = another.ask(last) != "ok"; // for want of memory, too
        try {
            do
                heard.push_back(pages[i].read_line());
            while (heard.back() != last);
        } catch (const std::exception&) {
            gone = true;
        }
        // What it heard is what was said, in its order; nothing that was promised is missing.
        std::size_t at = 0;
        for (std::size_t n = 1; n <= lines.size(); ++n) {
            const bool to_all = n % 10 == 0;
            if (!to_all && n % page_count != i)
                continue;
            if (at < heard.size() && heard[at] == lines[n - 1])
                ++at;
            else if (!gone && !to_all)
                BOOST_TEST((n > answers.size() || answers[n - 1] != "ok"),
                           "page " << i << " misses line " << n);
        }
        BOOST_TEST(heard.size() - at ==
                   (gone && (heard.empty() || heard.back() != last) ? 0u : 1u));
    }
    return failed;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_allocation_may_fail_once_while_lines_go_from_thread_to_thread)
{
    BOOST_TEST_REQUIRE(support::allocations_fail());
    std::size_t runs = 0;
    // How the lines are cut into reads is not the same each time, so the number is not either.
    for (std::size_t without = 0; without < 3; ++runs)
        BOOST_TEST_CONTEXT("allocation " << runs + 1 << " fails")
    without += !run(runs + 1);
    BOOST_TEST_MESSAGE(runs << " allocations");
    BOOST_TEST(runs > 50u);
}
