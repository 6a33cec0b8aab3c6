// What a server with crier::threads does differently, and what it must not.
#include <crier/codec/length_prefixed.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/first_only.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/reply/json_reply.hpp>
#include <crier/threads.hpp>
#include <crier/transport/local.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <unistd.h>

#include "support/line_client.hpp"
#include "support/server_thread.hpp"
#include "support/three_threads.hpp"
#include "support/within_patience.hpp"

using namespace std::chrono_literals;
using boost::asio::use_future;
using crier::push_result;
using crier::push_status;
using support::line_client;
using support::server_thread;
using support::three_threads;
using support::within_patience;

namespace {

using line_clients = crier::clients<crier::tcp, crier::text_line>;
using line_backend = crier::backend<crier::tcp, crier::text_line>;
using plain = crier::push_server<line_clients, line_backend, three_threads>;

/// A server with pages "uid0", "uid1", ..., enough that each thread has some.
template <class Server = plain>
struct running
{
    static constexpr std::size_t pages_at_first = 24;

    template <class... Options>
    explicit running(Options&&... options) : server(std::forward<Options>(options)...)
    {
        for (std::size_t i = 0; i < pages_at_first; ++i)
            pages.push_back(page(uid(i)));
    }

    static std::string uid(std::size_t i) { return "uid" + std::to_string(i); }

    static std::string line(std::size_t i, std::size_t n)
    {
        return "{\"uid\":\"" + uid(i) + "\",\"n\":" + std::to_string(n) + "}";
    }

    line_client page(const std::string& uid)
    {
        const auto before = counts().registered;
        line_client c(addresses.at(0));
        c.send(uid + '\n');
        const auto deadline = std::chrono::steady_clock::now() + support::patience;
        while (counts().registered == before)
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error(uid + " was not registered");
        return c;
    }

    line_client back_end() { return line_client(addresses.at(1)); }
    crier::counters counts() { return within_patience(server.async_counts(use_future)); }

    Server server;
    server_thread<Server> thread{server};
    std::vector<std::string> addresses = thread.ask([this] { return server.addresses(); });
    std::vector<line_client> pages;
};

const line_clients anywhere{.transport = {.address = "127.0.0.1"}};

} // namespace

BOOST_AUTO_TEST_SUITE(several_threads)

BOOST_AUTO_TEST_CASE(a_back_end_s_answers_are_in_the_order_of_its_lines_whatever_thread_has_the_uid)
{
    running<> r(anywhere);
    std::vector<std::string> lines, answers;
    for (std::size_t n = 0; n < 30'000; ++n) { // above what may be under way
        const bool known = n % 7 != 0;
        lines.push_back(known ? r.line(n % r.pages_at_first, n) : r.line(1000 + n, n));
        answers.push_back(known ? "ok" : "fail");
        if (n % 1000 == 999) {
            lines.push_back("no JSON");
            answers.push_back("fail");
            lines.push_back(R"({"broadcast":true})");
            answers.push_back("ok");
        }
    }
    line_client back_end = r.back_end();
    BOOST_TEST((back_end.ask_all(lines) == answers));
    for (std::size_t i = 0; i < r.pages_at_first; ++i) {
        bool as_said = true;
        for (std::size_t n = 0; n < 30'000; ++n) {
            if (n % 7 != 0 && n % r.pages_at_first == i)
                as_said = as_said && r.pages[i].read_line() == r.line(i, n);
            if (n % 1000 == 999)
                as_said = as_said && r.pages[i].read_line() == R"({"broadcast":true})";
        }
        BOOST_TEST(as_said, "page " << i << " heard something else");
    }
}

BOOST_AUTO_TEST_CASE(a_back_end_is_paused_and_goes_on_when_its_lines_are_large)
{
    running<> r(anywhere);
    std::vector<std::string> lines;
    const std::string much(30'000, 'x');
    for (std::size_t n = 0; n < 400; ++n) // twelve times what may be under way
        lines.push_back("{\"uid\":\"" + r.uid(n % r.pages_at_first) + "\",\"x\":\"" + much + "\"}");
    std::vector<std::thread> readers;
    std::vector<std::size_t> heard(r.pages_at_first, 0);
    for (std::size_t i = 0; i < r.pages_at_first; ++i)
        readers.emplace_back([&, i] {
            for (std::size_t n = i; n < lines.size(); n += r.pages_at_first)
                heard[i] += r.pages[i].read_line() == lines[n];
        });
    line_client back_end = r.back_end();
    BOOST_TEST((back_end.ask_all(lines) == std::vector<std::string>(lines.size(), "ok")));
    for (std::thread& t : readers)
        t.join();
    BOOST_TEST(std::accumulate(heard.begin(), heard.end(), std::size_t(0)) == lines.size());
}

BOOST_AUTO_TEST_CASE(a_back_end_that_ends_its_input_gets_all_answers_and_then_the_end)
{
    running<> r(anywhere);
    line_client back_end = r.back_end();
    std::string lines, answers;
    for (std::size_t n = 0; n < 500; ++n) {
        lines += r.line(n % r.pages_at_first, n) + '\n';
        answers += "ok\n";
    }
    back_end.send(lines);
    back_end.end_input();
    BOOST_TEST(back_end.read_to_end() == answers);
}

BOOST_AUTO_TEST_CASE(a_back_end_that_vanishes_with_answers_due_harms_nobody)
{
    running<> r(anywhere);
    for (std::size_t round = 0; round < 20; ++round) {
        line_client back_end = r.back_end();
        std::string lines;
        for (std::size_t n = 0; n < 200; ++n)
            lines += r.line(n % r.pages_at_first, n) + '\n';
        back_end.send(lines);
        back_end.reset();
    }
    line_client back_end = r.back_end();
    BOOST_TEST(back_end.ask(R"({"uid":"uid3","last":1})") == "ok");
    std::string heard;
    do
        heard = r.pages[3].read_line();
    while (heard != R"({"uid":"uid3","last":1})");
}

BOOST_AUTO_TEST_CASE(a_reply_that_counts_adds_up_what_all_threads_did)
{
    using counting =
        crier::push_server<line_clients,
                           crier::backend<crier::tcp, crier::text_line, crier::json_reply>,
                           three_threads>;
    running<counting> r(anywhere);
    line_client back_end = r.back_end();
    const auto answer = [&](const std::string& line) { return back_end.ask(line); };
    const std::string all = std::to_string(r.pages_at_first);
    BOOST_TEST(answer(R"({"broadcast":true})").find("\"queued\":" + all) != std::string::npos);
    const std::string some = answer(R"({"uid":["uid0","uid1","uid2","uid3","uid4","nobody"]})");
    BOOST_TEST(some.find("\"queued\":5") != std::string::npos, some);
    const std::string joined =
        answer(R"({"join":"news","members":["uid0","uid1","uid2","uid3","uid4"]})");
    BOOST_TEST(joined.find("\"queued\":5") != std::string::npos, joined);
    const std::string told = answer(R"({"topic":"news","except":["uid4"]})");
    BOOST_TEST(told.find("\"queued\":4") != std::string::npos, told);
    const std::string left = answer(R"({"leave":"news","members":["uid0","uid1"]})");
    BOOST_TEST(left.find("\"queued\":2") != std::string::npos, left);
    const std::string rest = answer(R"({"topic":"news"})");
    BOOST_TEST(rest.find("\"queued\":3") != std::string::npos, rest);
    const std::string but = answer(R"({"broadcast":true,"except":["uid0","uid23"]})");
    BOOST_TEST(but.find("\"queued\":22") != std::string::npos, but);
    for (const char* heard :
         {R"({"broadcast":true})", R"({"uid":["uid0","uid1","uid2","uid3","uid4","nobody"]})",
          R"({"topic":"news"})", R"({"broadcast":true,"except":["uid0","uid23"]})"})
        if (std::string(heard) == R"({"topic":"news"})") {
            BOOST_TEST(r.pages[2].read_line() == R"({"topic":"news","except":["uid4"]})");
            BOOST_TEST(r.pages[2].read_line() == heard);
        } else {
            BOOST_TEST(r.pages[2].read_line() == heard);
        }
}

BOOST_AUTO_TEST_CASE(a_push_of_the_program_reaches_every_thread_and_says_how_many_it_reached)
{
    running<> r(anywhere);
    const auto to_all = within_patience(r.server.async_broadcast("all", use_future));
    BOOST_TEST(to_all.queued == r.pages_at_first);
    const auto to_some = within_patience(r.server.async_push(
        crier::receivers::uids({"uid0", "uid1", "uid2", "x"}), "some", use_future));
    BOOST_TEST(to_some.queued == 3u);
    const auto to_nobody = within_patience(
        r.server.async_push(crier::receivers::uids({"x", "y"}), "none", use_future));
    BOOST_TEST((to_nobody.status == push_status::no_receiver));
    BOOST_TEST((r.server.broadcast("again").status == push_status::posted));
    for (std::size_t i = 0; i < r.pages_at_first; ++i)
        BOOST_TEST((r.server.push(r.uid(i), "one").status == push_status::posted));
    for (std::size_t i = 0; i < r.pages_at_first; ++i) {
        BOOST_TEST(r.pages[i].read_line() == "all");
        if (i < 3)
            BOOST_TEST(r.pages[i].read_line() == "some");
        BOOST_TEST(r.pages[i].read_line() == "again");
        BOOST_TEST(r.pages[i].read_line() == "one");
    }
}

BOOST_AUTO_TEST_CASE(a_push_without_a_usable_receiver_is_refused_with_several_threads_too)
{
    running<> r(anywhere);
    using crier::receivers;
    for (const auto& to :
         {receivers::uids({}), receivers::uids({"uid0", ""}), receivers::topic("")}) {
        BOOST_TEST((r.server.push(to, "x").status == push_status::invalid));
        BOOST_TEST((within_patience(r.server.async_push(to, "x", use_future)).status ==
                    push_status::invalid));
    }
}

BOOST_AUTO_TEST_CASE(what_a_program_asks_of_a_stopped_server_is_answered)
{
    running<> r(anywhere);
    r.pages.clear();
    r.thread.stop();
    auto pushed = r.server.async_push("uid0", "late", use_future);
    auto all = r.server.async_broadcast("late", use_future);
    auto counted = r.server.async_counts(use_future);
    r.server.context().restart();
    r.server.context().run();
    BOOST_TEST((within_patience(std::move(pushed)).status == push_status::stopped));
    BOOST_TEST((within_patience(std::move(all)).status == push_status::stopped));
    BOOST_TEST(within_patience(std::move(counted)).accepted == r.pages_at_first);
    BOOST_TEST(r.server.counts().connections == 0u);
}

BOOST_AUTO_TEST_CASE(counts_says_what_to_call_while_several_threads_count)
{
    running<> r(anywhere);
    BOOST_CHECK_EXCEPTION(r.server.counts(), std::logic_error, [](const std::logic_error& e) {
        return std::string(e.what()).find("async_counts") != std::string::npos;
    });
}

BOOST_AUTO_TEST_CASE(what_a_page_said_behind_its_uid_is_heard_on_its_thread)
{
    struct echo : crier::hooks
    {
        void on_registered(crier::connection& c) { c.send("hello " + std::string(c.uid())); }
        void on_message(crier::connection& c, crier::message_view m) { c.send(m); }
    };
    using echoing = crier::push_server<line_clients, line_backend, echo, three_threads>;
    running<echoing> r(anywhere);
    for (std::size_t i = 0; i < r.pages_at_first; ++i) {
        line_client page(r.addresses.at(0));
        page.send("more" + std::to_string(i) + "\nfirst\nsecond\nthi");
        BOOST_TEST(page.read_line() == "hello more" + std::to_string(i));
        BOOST_TEST(page.read_line() == "first");
        BOOST_TEST(page.read_line() == "second");
        page.send("rd\n");
        BOOST_TEST(page.read_line() == "third");
    }
}

BOOST_AUTO_TEST_CASE(
    one_connection_is_one_thread_s_from_its_registration_on_and_each_thread_has_some)
{
    struct watch : crier::hooks
    {
        std::shared_ptr<std::atomic<int>> wrong = std::make_shared<std::atomic<int>>(0);
        std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
        std::shared_ptr<std::set<std::thread::id>> seen =
            std::make_shared<std::set<std::thread::id>>();

        void on_open(crier::connection& c) { c.user_data = nullptr; }
        void on_registered(crier::connection& c)
        {
            c.user_data = new std::thread::id(std::this_thread::get_id());
            const std::lock_guard lock(*mutex);
            seen->insert(std::this_thread::get_id());
        }
        void on_message(crier::connection& c, crier::message_view)
        {
            *wrong += *static_cast<std::thread::id*>(c.user_data) != std::this_thread::get_id();
        }
        void on_close(crier::connection& c, crier::error_code)
        {
            if (!c.user_data)
                return;
            *wrong += *static_cast<std::thread::id*>(c.user_data) != std::this_thread::get_id();
            delete static_cast<std::thread::id*>(c.user_data);
        }
    } hook;
    using watched = crier::push_server<line_clients, line_backend, watch, three_threads>;
    {
        running<watched> r(anywhere, line_backend{}, hook);
        for (line_client& page : r.pages)
            page.send("something\n");
        line_client back_end = r.back_end();
        BOOST_TEST(back_end.ask(R"({"uid":"uid1"})") == "ok");
        back_end.close();
        r.pages.clear();
        r.thread.stop();
    }
    BOOST_TEST(*hook.wrong == 0);
    BOOST_TEST(hook.seen->size() == 3u); // of 24 uids, none on one of three: once in 10^4 times
}

BOOST_AUTO_TEST_CASE(the_registry_s_rule_holds_for_pages_that_came_in_on_different_threads)
{
    using single = crier::push_server<line_clients, line_backend, crier::first_only, three_threads>;
    running<single> r(anywhere);
    for (int i = 0; i < 12; ++i) {
        line_client second(r.addresses.at(0));
        second.send("uid5\n");
        BOOST_TEST(second.read_to_end().empty()); // refused
    }
    using newest =
        crier::push_server<line_clients, line_backend, crier::latest_only, three_threads>;
    running<newest> n(anywhere);
    auto newest_page = std::make_unique<line_client>(std::move(n.pages[5]));
    for (int i = 0; i < 12; ++i) {
        auto second = std::make_unique<line_client>(n.addresses.at(0));
        second->send("uid5\n");
        BOOST_TEST(newest_page->read_to_end().empty()); // replaced
        newest_page = std::move(second);
    }
    BOOST_TEST(n.counts().registered == n.pages_at_first);
}

/// Encodes as text_line does, and counts how often.
struct counted_line : crier::text_line
{
    inline static std::atomic<int> encoded = 0;
    static crier::frame encode(crier::message_view message)
    {
        ++encoded;
        return crier::text_line::encode(message);
    }
    struct decoder : crier::text_line::decoder
    {
        explicit decoder(const counted_line& options) : crier::text_line::decoder(options) {}
    };
};

BOOST_AUTO_TEST_CASE(a_broadcast_is_encoded_once_for_all_threads)
{
    using counted =
        crier::push_server<crier::clients<crier::tcp, counted_line>, line_backend, three_threads>;
    running<counted> r(
        crier::clients<crier::tcp, counted_line>{.transport = {.address = "127.0.0.1"}});
    counted_line::encoded = 0;
    BOOST_TEST(within_patience(r.server.async_broadcast("once", use_future)).queued ==
               r.pages_at_first);
    BOOST_TEST(counted_line::encoded == 1);
    line_client back_end = r.back_end();
    BOOST_TEST(back_end.ask(R"({"broadcast":true})") == "ok");
    for (line_client& page : r.pages) {
        BOOST_TEST(page.read_line() == "once");
        BOOST_TEST(page.read_line() == R"({"broadcast":true})");
    }
    BOOST_TEST(counted_line::encoded == 2);
}

BOOST_AUTO_TEST_CASE(a_port_that_another_server_shares_among_its_threads_is_in_use)
{
    running<> r(anywhere);
    const auto port = r.thread.ask([&] { return r.server.port(0); });
    plain second{{.transport = {.address = "127.0.0.1", .port = port}}};
    BOOST_CHECK_EXCEPTION(second.start(), boost::system::system_error,
                          [](const boost::system::system_error& e) {
                              return e.code() == boost::system::errc::address_in_use;
                          });
    BOOST_TEST(!second.running());
}

BOOST_AUTO_TEST_CASE(local_sockets_work_on_several_threads_too)
{
    using on_files =
        crier::push_server<crier::clients<crier::local, crier::text_line>,
                           crier::backend<crier::local, crier::text_line>, three_threads>;
    const std::string stem = "/tmp/crier_threads_" + std::to_string(::getpid());
    const std::string pages = stem + ".pages", back_ends = stem + ".lines";
    running<on_files> r(
        crier::clients<crier::local, crier::text_line>{.transport = {.path = pages}},
        crier::backend<crier::local, crier::text_line>{.transport = {.path = back_ends}});
    std::vector<line_client> back_end;
    for (int i = 0; i < 6; ++i)
        back_end.push_back(r.back_end());
    for (std::size_t i = 0; i < r.pages_at_first; ++i)
        for (line_client& b : back_end)
            BOOST_TEST(b.ask(r.line(i, 0)) == "ok");
    for (std::size_t i = 0; i < r.pages_at_first; ++i)
        for (std::size_t b = 0; b < back_end.size(); ++b)
            BOOST_TEST(r.pages[i].read_line() == r.line(i, 0));
}

BOOST_AUTO_TEST_CASE(it_stops_and_starts_again_while_pages_come_without_a_pause)
{
    plain server(anywhere);
    std::atomic<bool> over = false;
    std::mutex mutex;
    std::string address;
    std::vector<std::thread> visitors;
    for (int v = 0; v < 3; ++v)
        visitors.emplace_back([&, v] {
            for (int n = 0; !over; ++n) {
                try {
                    std::string where;
                    {
                        const std::lock_guard lock(mutex);
                        where = address;
                    }
                    if (where.empty())
                        continue;
                    line_client page(where);
                    page.send("visitor" + std::to_string(v) + '.' + std::to_string(n) + "\nmore\n");
                    if (n % 3 == 0)
                        page.reset();
                    else if (n % 3 == 1)
                        page.read_to_end();       // until the server stops
                } catch (const std::exception&) { // it has stopped
                }
            }
        });
    for (int round = 0; round < 12; ++round) {
        server_thread<plain> thread(server);
        {
            const std::string now = thread.ask([&] { return server.addresses().at(0); });
            const std::lock_guard lock(mutex);
            address = now;
        }
        std::this_thread::sleep_for(10ms);
        server.stop({.timeout = round % 3 == 0 ? 1ms : 5000ms, .spread = 5ms});
        if (round % 2)
            server.stop({.timeout = 500ms});
        thread.join();
        BOOST_TEST(!server.running());
        BOOST_TEST(server.counts().connections == 0u);
        BOOST_TEST(server.counts().registered == 0u);
    }
    over = true;
    {
        const std::lock_guard lock(mutex);
        address.clear();
    }
    for (std::thread& v : visitors)
        v.join();
    const crier::counters c = server.counts();
    BOOST_TEST(c.accepted == c.closed + c.lost + c.handshakes_failed + c.protocol_violations +
                                 c.limits_exceeded + c.timed_out + c.rejected);
}

BOOST_AUTO_TEST_CASE(stops_again_and_again_while_it_stops_end_nothing_early)
{
    plain server(anywhere);
    for (int round = 0; round < 20; ++round) {
        server_thread<plain> thread(server);
        const auto addresses = thread.ask([&] { return server.addresses(); });
        line_client stays(addresses.at(0));
        stays.send("u\n");
        {
            line_client script(addresses.at(1));
            while (script.ask(R"({"uid":"u"})") != "ok") {
            }
        }
        std::promise<bool> stopped;
        const crier::stop_options how{.timeout = 100ms};
        server.async_stop(how, [&](bool in_time) { stopped.set_value(in_time); });
        for (const auto end = std::chrono::steady_clock::now() + 1ms;
             std::chrono::steady_clock::now() < end;)
            server.stop(how);
        BOOST_TEST(!within_patience(stopped.get_future())); // one that stays has to be cut off
        thread.join();
    }
}

BOOST_AUTO_TEST_CASE(a_server_that_is_destroyed_while_it_runs_ends_its_threads_and_connections)
{
    std::atomic<int> opened = 0, closed = 0;
    struct count : crier::hooks
    {
        std::atomic<int>* o;
        std::atomic<int>* c;
        count(std::atomic<int>& opens, std::atomic<int>& closes) : o(&opens), c(&closes) {}
        void on_open(crier::connection&) { ++*o; }
        void on_close(crier::connection&, crier::error_code) { ++*c; }
    };
    using counting = crier::push_server<line_clients, line_backend, count, three_threads>;
    for (int round = 0; round < 10; ++round) {
        boost::asio::io_context context;
        std::vector<line_client> pages;
        {
            counting server(context, anywhere, line_backend{}, count(opened, closed));
            server.start();
            const std::string address = server.addresses().at(0);
            for (int i = 0; i < 10; ++i) {
                pages.emplace_back(address);
                pages.back().send("uid" + std::to_string(i) + '\n');
            }
            context.run_for(std::chrono::milliseconds(round));
            server.broadcast("to nobody, perhaps");
        }
        context.restart();
        context.poll();
    }
    BOOST_TEST(opened > 0);
    BOOST_TEST(opened == closed);
}

/// A codec that throws for one message.
struct throwing : crier::text_line
{
    static crier::frame encode(crier::message_view message)
    {
        if (message.data == "throw")
            throw std::runtime_error("no");
        return crier::text_line::encode(message);
    }
    struct decoder : crier::text_line::decoder
    {
        explicit decoder(const throwing& options) : crier::text_line::decoder(options) {}
    };
};

/// Messages take time.
struct busy : crier::hooks
{
    static void on_message(crier::connection&, crier::message_view)
    {
        std::this_thread::sleep_for(20ms);
    }
};

BOOST_AUTO_TEST_CASE(what_is_thrown_on_another_thread_leaves_the_program_s_run)
{
    using server_type =
        crier::push_server<crier::clients<crier::tcp, throwing>, line_backend, three_threads>;
    server_type server({.transport = {.address = "127.0.0.1"}});
    server.start();
    std::vector<line_client> pages;
    std::thread visiting([&, address = server.addresses().at(0)] {
        for (int i = 0; i < 24; ++i) {
            pages.emplace_back(address);
            pages.back().send("uid" + std::to_string(i) + "\n");
        }
    });
    visiting.join();
    const auto deadline = std::chrono::steady_clock::now() + support::patience;
    const auto registered = [&] {
        auto counted = server.async_counts(use_future);
        while (counted.wait_for(0s) != std::future_status::ready)
            server.context().run_for(1ms);
        return counted.get().registered;
    };
    while (registered() != 24 && std::chrono::steady_clock::now() < deadline) {
    }
    int thrown = 0;
    for (int i = 0; i < 24; ++i)
        server.push("uid" + std::to_string(i), "throw");
    while (thrown < 24 && std::chrono::steady_clock::now() < deadline) {
        try {
            server.context().run_for(10ms);
        } catch (const std::runtime_error&) {
            ++thrown;
        }
    }
    BOOST_TEST(thrown == 24);
    server.push("uid7", "goes on");
    server.context().run_for(10ms);
    BOOST_TEST(pages[7].read_line() == "goes on");
}

BOOST_AUTO_TEST_CASE(what_is_thrown_when_a_run_was_cut_short_leaves_nothing_running)
{
    using server_type =
        crier::push_server<crier::clients<crier::tcp, throwing>, busy, three_threads>;
    server_type server({.transport = {.address = "127.0.0.1"}});
    std::promise<std::string> address;
    boost::asio::post(server.context(), [&] { address.set_value(server.addresses().at(0)); });
    auto run = std::async(std::launch::async, [&] { return server.run(); });
    std::vector<line_client> pages;
    const std::string where = within_patience(address.get_future());
    for (int i = 0; i < 24; ++i) {
        pages.emplace_back(where);
        pages.back().send("uid" + std::to_string(i) + "\n");
    }
    const auto deadline = std::chrono::steady_clock::now() + support::patience;
    while (server.async_counts(use_future).get().registered != 24 &&
           std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(1ms);
    for (line_client& page : pages)
        page.send("takes time\n");
    std::this_thread::sleep_for(5ms);
    for (int i = 0; i < 24; ++i)
        server.push("uid" + std::to_string(i), "throw");
    server.context().stop(); // as a second signal does
    try {
        within_patience(std::move(run));
    } catch (const std::runtime_error& e) {
        BOOST_TEST(e.what() == std::string("no"));
    }
    BOOST_TEST(!server.running());
}

BOOST_AUTO_TEST_CASE(an_io_context_may_run_on_when_its_server_was_destroyed_with_connections)
{
    boost::asio::io_context context;
    std::vector<line_client> back_ends; // every third is the first thread's
    {
        plain server(context, anywhere);
        server.start();
        for (int i = 0; i < 3; ++i)
            back_ends.emplace_back(server.addresses().at(1));
        auto counted = server.async_counts(use_future);
        for (;;) {
            context.run_for(1ms);
            if (counted.wait_for(0s) != std::future_status::ready)
                continue;
            if (counted.get().accepted == 3)
                break;
            counted = server.async_counts(use_future);
        }
    }
    context.restart();
    context.poll();
    for (line_client& b : back_ends)
        BOOST_TEST(b.read_to_end().empty());
}

struct chatting : crier::hooks
{
    std::function<void(crier::connection&, std::string_view)> heard;
    void on_message(crier::connection& c, crier::message_view m) { heard(c, m.data); }
};

BOOST_AUTO_TEST_CASE(what_a_hook_pushes_to_all_and_to_one_comes_in_that_order)
{
    using server_type = crier::push_server<line_clients, line_backend, chatting, three_threads>;
    running<server_type> r(anywhere);
    r.thread.ask([&] {
        r.server.hook().heard = [&](crier::connection& c, std::string_view what) {
            r.server.broadcast(std::string(what) + " to all");
            r.server.push(c.uid(), "to one");
            c.close();
        };
    });
    for (std::size_t i = 0; i < r.pages_at_first; ++i) {
        r.pages[i].send(r.uid(i) + '\n');
        const std::string all = r.pages[i].read_to_end();
        const std::string last = r.uid(i) + " to all\nto one\n";
        BOOST_TEST(all.ends_with(last), all);
    }
}

/// Does not like some messages.
struct choosy : crier::text_line
{
    static crier::frame encode(crier::message_view message)
    {
        if (message.data.find("throw") != std::string_view::npos)
            throw std::runtime_error("no");
        return crier::text_line::encode(message);
    }
    struct decoder : crier::text_line::decoder
    {
        explicit decoder(const choosy& options) : crier::text_line::decoder(options) {}
    };
};

BOOST_AUTO_TEST_CASE(a_broadcast_that_cannot_be_encoded_is_answered_and_so_is_what_follows)
{
    using server_type =
        crier::push_server<crier::clients<crier::tcp, choosy>, line_backend, three_threads>;
    server_type server({.transport = {.address = "127.0.0.1"}});
    server.start();
    const auto addresses = server.addresses();
    std::atomic<int> thrown = 0;
    std::thread running([&] {
        for (bool over = false; !over;) {
            try {
                server.context().run();
                over = true;
            } catch (const std::runtime_error&) {
                ++thrown;
            }
        }
    });
    std::vector<line_client> pages;
    for (int i = 0; i < 24; ++i) {
        pages.emplace_back(addresses.at(0));
        pages.back().send("uid" + std::to_string(i) + "\n");
    }
    while (within_patience(server.async_counts(use_future)).registered != 24) {
    }
    for (int i = 0; i < 3; ++i) { // one on each thread
        line_client back_end(addresses.at(1));
        BOOST_TEST(back_end.ask(R"({"broadcast":true,"throw":1})") == "ok");
        BOOST_TEST(back_end.ask(R"({"uid":"uid1"})") == "ok");
    }
    server.stop();
    running.join();
    BOOST_TEST(thrown > 0);
}

BOOST_AUTO_TEST_CASE(the_goodbye_to_a_back_end_stands_behind_its_answers)
{
    using server_type =
        crier::push_server<line_clients, crier::backend<crier::tcp, crier::websocket>,
                           three_threads>;
    running<server_type> r(anywhere);
    for (std::size_t round = 0; round < 6; ++round) {
        line_client back_end = r.back_end();
        back_end.send(
            "GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n");
        while (back_end.read_line() != "\r") {
        }
        const std::string no_mask(4, '\0'), normal("\x03\xE8");
        std::string lines, answers;
        for (std::size_t i = 0; i < r.pages_at_first; ++i) {
            const std::string text = r.line(i, round);
            lines +=
                '\x81' + std::string(1, static_cast<char>(0x80 + text.size())) + no_mask + text;
            answers += "\x81\x02ok";
        }
        if (round % 2) { // it hangs up in order, or just so
            back_end.send(lines + "\x88\x82" + no_mask + normal);
            answers += "\x88\x02" + normal;
        } else {
            back_end.send(lines);
            back_end.end_input();
        }
        BOOST_TEST((back_end.read_to_end() == answers));
    }
}

/// Counts the lines that come in.
struct counting_line : crier::text_line
{
    inline static std::atomic<std::size_t> lines = 0;
    struct decoder : crier::text_line::decoder
    {
        explicit decoder(const counting_line& options) : crier::text_line::decoder(options) {}
        crier::decoded decode(std::span<char>& in)
        {
            const crier::decoded found = crier::text_line::decoder::decode(in);
            lines += found.kind == crier::decoded::kind_message;
            return found;
        }
    };
};

BOOST_AUTO_TEST_CASE(a_back_end_that_waits_for_a_thread_is_not_read_from_without_end)
{
    using server_type = crier::push_server<line_clients, crier::backend<crier::tcp, counting_line>,
                                           chatting, three_threads>;
    running<server_type> r(anywhere);
    std::promise<void> busy, goes_on;
    r.thread.ask([&, first = std::thread::id()]() mutable {
        first = std::this_thread::get_id();
        r.server.hook().heard = [&, first](crier::connection& c, std::string_view what) {
            if (what == "where")
                c.send(std::this_thread::get_id() == first ? "first" : "other");
            else {
                busy.set_value();
                goes_on.get_future().wait();
            }
        };
    });
    std::size_t other = 0; // a page of another thread than the first, where the third back end is
    for (;; ++other) {
        r.pages.at(other).send("where\n");
        if (r.pages[other].read_line() == "other")
            break;
    }
    std::vector<line_client> back_ends;
    for (int i = 0; i < 3; ++i)
        back_ends.push_back(r.back_end());
    line_client& back_end = back_ends[2];
    BOOST_TEST(back_end.ask("no JSON") == "fail");
    counting_line::lines = 0;
    r.pages[other].send("wait\n");
    within_patience(busy.get_future());
    std::string all = r.line(other, 0) + '\n', answers = "ok\n";
    for (int i = 0; i < 20'000; ++i) {
        all += "x\n";
        answers += "fail\n";
    }
    back_end.send(all);
    back_end.end_input();
    while (counting_line::lines < 8000)
        std::this_thread::yield();
    for (int i = 0; i < 100; ++i)
        r.thread.ask([] {});
    BOOST_TEST(counting_line::lines < 10'000u);
    goes_on.set_value();
    BOOST_TEST((back_end.read_to_end() == answers));
}

BOOST_AUTO_TEST_CASE(a_run_that_is_cut_short_ends_pages_on_their_way_to_its_thread)
{
    plain server(anywhere);
    std::promise<std::string> address;
    std::promise<void> goes_on;
    boost::asio::post(server.context(), [&] {
        address.set_value(server.addresses().at(0));
        goes_on.get_future().wait(); // pages of this thread's uids cannot arrive
    });
    std::thread running([&] { BOOST_TEST(!server.run()); });
    const std::string where = within_patience(address.get_future());
    std::vector<line_client> pages;
    for (int i = 0; i < 48; ++i) {
        pages.emplace_back(where);
        pages.back().send("uid" + std::to_string(i) + '\n');
    }
    std::this_thread::sleep_for(50ms); // the more of them are on their way
    server.context().stop();
    goes_on.set_value();
    running.join();
    BOOST_TEST(server.counts().connections == 0u);
    for (line_client& page : pages) {
        std::string heard;
        try {
            heard = page.read_to_end();
        } catch (const std::exception& e) { // a reset, where it was not accepted
            BOOST_TEST(std::string(e.what()).find("in time") == std::string::npos, e.what());
        }
        BOOST_TEST(heard.empty());
    }
    const crier::counters c = server.counts();
    BOOST_TEST(c.accepted == c.closed + c.lost + c.handshakes_failed + c.protocol_violations +
                                 c.limits_exceeded + c.timed_out + c.rejected);
}

BOOST_AUTO_TEST_SUITE_END()
