// Every allocation of a running server fails once: the first, the second, and so on until a run needs
// no more. Who is told that a message was taken gets it, or is closed; and there is one answer for each
// line, or the back end is closed. A program of its own, for its operator new
// (failing_allocations.hpp).
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/codec/websocket_deflate.hpp>
#include <crier/detail/block_cache.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "failing_allocations.hpp"
#include "page.hpp"

namespace {

using crier::test::memory_network;
using crier::test::memory_transport;
using support::elsewhere;
using support::until_failure;
using support::watched;

/// memory_transport, in memory that never fails.
struct sound_transport
{
    memory_network network{};

    class stream : public memory_transport::stream
    {
    public:
        explicit stream(memory_transport::stream&& s) : memory_transport::stream(std::move(s)) {}

        crier::io_result read_some(std::span<char> into)
        {
            const elsewhere there;
            return memory_transport::stream::read_some(into);
        }

        crier::io_result write_some(std::span<const iovec> gather)
        {
            const elsewhere there;
            return memory_transport::stream::write_some(gather);
        }

        void watch(crier::watcher& w)
        {
            const elsewhere there;
            memory_transport::stream::watch(w);
        }
    };

    class acceptor : public memory_transport::acceptor
    {
    public:
        acceptor(crier::executor ex, const sound_transport& options)
            : memory_transport::acceptor(ex, memory_transport{options.network})
        {}

        std::optional<stream> accept(crier::error_code& ec)
        {
            const elsewhere there;
            auto accepted = memory_transport::acceptor::accept(ec);
            if (!accepted)
                return std::nullopt;
            return std::optional<stream>(std::in_place, std::move(*accepted));
        }
    };
};

using server_type = crier::push_server<crier::clients<sound_transport, crier::websocket>,
                                       crier::backend<sound_transport, crier::text_line>>;

struct running_server
{
    running_server() : server(context, {.transport = {pages}}, {.transport = {back_ends}})
    {
        server.start();
    }

    /// Runs until nothing is left to do; what leaves the io_context's run is no end of it.
    void settle(bool failing = false)
    {
        for (bool again = true; again;) {
            again = false;
            watched = failing;
            try {
                memory_network::settle(context);
            } catch (const std::bad_alloc&) {
                again = true;
            }
            watched = false;
        }
    }

    memory_network pages, back_ends;
    boost::asio::io_context context;
    server_type server;
};

std::string line_for(const std::string& uid, int number)
{
    // Long enough that an outbox's frames are memory of their own, as are a tail and the answers.
    return "{\"uid\":\"" + uid + "\",\"number\":" + std::to_string(number) + ",\"text\":\"" +
           std::string(200, 'x') + "\"}";
}

struct outcome
{
    bool failed = false; // an allocation has
    bool page_closed = false;
    bool back_end_closed = false;
};

/// Two pages, and a back end that takes its answers a few at a time, so that most of them have to wait.
outcome run(std::size_t failing)
{
    running_server s;
    s.back_ends.behaviour().capacity_bytes = 20;
    std::vector<std::unique_ptr<support::page>> pages;
    const std::string names[] = {"ann", "bob"};
    for (const std::string& name : names)
        pages.push_back(std::make_unique<support::page>(support::open(s.pages, name)));
    auto back_end = s.back_ends.connect();
    s.settle();

    std::vector<std::string> lines, expected_answers;
    std::vector<std::size_t> to; // names[to], or nobody
    for (int i = 0; i < 40; ++i) {
        to.push_back(i % 5 == 4 ? 2 : static_cast<std::size_t>(i % 2));
        lines.push_back(line_for(to.back() == 2 ? "nobody" : names[to.back()], i));
        expected_answers.push_back(to.back() == 2 ? "fail" : "ok");
    }
    std::string answers;
    until_failure = failing;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t half = i % 8 == 7 ? 100 : lines[i].size();
        back_end.send(lines[i].substr(0, half));
        if (i % 8 == 7) { // the rest of it comes in the next piece
            s.settle(true);
            answers += back_end.receive(7);
        }
        back_end.send(lines[i].substr(half) + '\n');
    }
    s.settle(true);
    outcome result{.failed = failing != 0 && until_failure == 0};
    until_failure = 0;
    for (std::string more = "some"; !more.empty();) { // nothing fails any more
        more = back_end.receive();
        answers += more;
        s.settle();
    }

    result.back_end_closed = back_end.ended();
    std::vector<std::string> answered;
    for (std::size_t at = 0, end; (end = answers.find('\n', at)) != std::string::npos; at = end + 1)
        answered.push_back(answers.substr(at, end - at));
    BOOST_TEST(answered.size() <= lines.size());
    if (!result.back_end_closed)
        BOOST_TEST(answered.size() == lines.size());
    for (std::size_t which = 0; which < 2; ++which) {
        auto& page = *pages[which];
        page.hear();
        const bool closed = page.client.ended() || page.closed_with != 0;
        result.page_closed = result.page_closed || closed;
        std::vector<std::string> all;
        std::size_t promised = 0;
        for (std::size_t i = 0; i < lines.size(); ++i)
            if (to[i] == which) {
                all.push_back(lines[i]);
                promised += i < answered.size() && answered[i] == "ok";
                if (!closed && i < answered.size())
                    BOOST_TEST(answered[i] == "ok");
            }
        // In their order, and none is missing in between.
        BOOST_TEST_REQUIRE(page.messages.size() <= all.size());
        all.resize(page.messages.size());
        BOOST_TEST(page.messages == all, boost::test_tools::per_element());
        if (!closed)
            BOOST_TEST(page.messages.size() >= promised);
    }
    for (std::size_t i = 0; i < answered.size(); ++i)
        if (to[i] == 2)
            BOOST_TEST(answered[i] == "fail");

    // And the server goes on.
    auto carol = support::open(s.pages, "carol");
    auto another = s.back_ends.connect();
    another.send(line_for("carol", 1) + '\n');
    s.settle();
    s.server.advance(std::chrono::seconds(1)); // an accept that failed is tried again
    another.send(line_for("carol", 2) + '\n');
    s.settle();
    carol.hear();
    BOOST_TEST(!carol.messages.empty());
    BOOST_TEST(another.receive().ends_with("ok\n"));
    return result;
}

/// Two pages and a back end that come. True if an allocation has failed meanwhile.
bool come(std::size_t failing)
{
    running_server s;
    auto ann = support::open(s.pages, "ann");
    auto bob = support::open(s.pages, "bob");
    auto back_end = s.back_ends.connect();
    back_end.send(line_for("nobody", 0) + '\n');
    until_failure = failing;
    s.settle(true);
    const bool failed = until_failure == 0;
    until_failure = 0;
    while (s.pages.waiting() + s.back_ends.waiting() != 0) { // an accept that failed is tried again
        s.context.restart();
        s.context.run_for(std::chrono::milliseconds(20));
    }
    s.settle();
    if (!back_end.ended())
        BOOST_TEST(back_end.receive() == "fail\n");

    auto another = s.back_ends.connect();
    for (auto* page : {&ann, &bob}) {
        another.send(line_for(page == &ann ? "ann" : "bob", 1) + '\n');
        s.settle();
        page->hear();
        const bool told = page->client.ended() || page->closed_with != 0;
        BOOST_TEST(page->messages.size() == (told ? 0u : 1u)); // nobody waits in vain
        BOOST_TEST(another.receive() == (told ? "fail\n" : "ok\n"));
    }
    return failed;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_allocation_may_fail_once_while_clients_come)
{
    BOOST_TEST_REQUIRE(support::allocations_fail());
    crier::detail::block_cache::keep_nothing(); // so that each frame is an allocation
    std::size_t runs = 0;
    for (bool failed = true; failed; ++runs)
        BOOST_TEST_CONTEXT("allocation " << runs + 1 << " fails")
    failed = come(runs + 1);
    BOOST_TEST_MESSAGE(runs << " allocations");
    BOOST_TEST(runs > 10u);
}

BOOST_AUTO_TEST_CASE(each_allocation_of_a_running_server_may_fail_once)
{
    BOOST_TEST_REQUIRE(support::allocations_fail());
    crier::detail::block_cache::keep_nothing(); // so that each frame is an allocation
    std::size_t runs = 0, pages_closed = 0, back_ends_closed = 0;
    for (;; ++runs) {
        BOOST_TEST_CONTEXT("allocation " << runs + 1 << " fails")
        {
            const outcome o = run(runs + 1);
            if (!o.failed)
                break;
            pages_closed += o.page_closed;
            back_ends_closed += o.back_end_closed;
        }
    }
    BOOST_TEST_MESSAGE(runs << " allocations, " << pages_closed << " pages closed, "
                            << back_ends_closed << " back ends closed");
    BOOST_TEST(runs > 30u);
    BOOST_TEST(pages_closed > 0u);
    BOOST_TEST(back_ends_closed > 0u);
}

BOOST_AUTO_TEST_CASE(a_message_for_whose_compression_there_is_no_memory_is_sent_as_it_is)
{
    BOOST_TEST_REQUIRE(support::allocations_fail());
    using codec = crier::websocket_deflate<>;
    const std::string text(2000, 'a');
    const auto encoded = [&](std::size_t failing, bool& failed, bool& recovered) {
        std::string result;
        std::thread([&] { // which has no state to compress with yet
            crier::detail::block_cache::keep_nothing();
            crier::frame made;
            until_failure = failing;
            watched = true;
            try {
                made = codec::encode(text, 1);
            } catch (const std::bad_alloc&) { // for the frame itself there is no memory
            }
            watched = false;
            result = made.bytes();
            failed = until_failure == 0;
            recovered = codec::encode(text, 1).size() < 100;
        })
            .join();
        return result;
    };
    std::size_t plain = 0, none = 0;
    for (std::size_t failing = 1;; ++failing) {
        bool failed = false, recovered = false;
        const std::string bytes = encoded(failing, failed, recovered);
        BOOST_TEST(recovered);
        if (!failed) {
            BOOST_TEST(bytes.size() < 100u);
            break;
        }
        none += bytes.empty();
        plain += bytes == codec::encode(text).bytes();
        BOOST_TEST(plain + none == failing);
    }
    BOOST_TEST(plain >= 3u); // the state, what zlib needs, and the place to write to
    BOOST_TEST(none == 1u);
}
