// What a program or a peer does at a moment when nobody expects it.
#include <crier/authenticator/every.hpp>
#include <crier/authenticator/shared_secret.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/push_server.hpp>
#include <crier/test/memory_page.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "extras.hpp"
#include "page.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;
using namespace std::chrono_literals;
using crier::pending_verdict;
using crier::question;
using crier::verdict;

using lines = crier::backend<memory_transport, crier::text_line>;

/// Answers later, to a test.
struct answers_later
{
    std::vector<pending_verdict>* asked = nullptr;
    question::occasion_type from = question::opening;

    verdict judge(const question& q)
    {
        if (q.occasion() < from)
            return verdict::undecided();
        asked->push_back(q.answer_later());
        return verdict::later();
    }
};

template <class Codec>
using later_server = extras_server<crier::clients<memory_transport, Codec, answers_later>, lines>;

/// A client says more than one turn reads while it waits for its verdict, and more afterwards.
template <class Codec>
void chatter_around(verdict v, const std::string& first, question::occasion_type at)
{
    std::vector<pending_verdict> asked;
    later_server<Codec> s({.limits = {.max_turn_bytes = 4096}, .authenticator = {&asked, at}});
    auto c = s.pages.connect();
    c.send(first + std::string(60'000, 'x'));
    s.settle();
    BOOST_TEST_REQUIRE(asked.size() == 1u);
    asked.front()(std::move(v));
    s.settle();
    for (int i = 0; i < 4; ++i) {
        c.send(std::string(100'000, 'y'));
        s.settle();
    }
    BOOST_TEST(c.ended());
    c.finish();
    s.settle();
    BOOST_TEST(s.server.counts().connections == 0u);
}

BOOST_AUTO_TEST_SUITE(surprises)

BOOST_AUTO_TEST_CASE(who_was_refused_later_may_say_as_much_as_he_likes)
{
    const std::string request(upgrade_request);
    chatter_around<crier::websocket>(verdict::refuse("no"), request, question::opening);
    chatter_around<crier::websocket>(verdict::accept("ann"), request, question::opening);
    chatter_around<crier::text_line>(verdict::refuse("no"), "secret\n", question::first_message);
}

struct closes_at_the_opening : crier::hooks
{
    bool accepts = true;

    crier::opening_answer on_opening(crier::connection& c, const crier::opening_request&)
    {
        c.close();
        return accepts ? crier::opening_answer::accept()
                       : crier::opening_answer::respond({.status = 403});
    }
};

BOOST_AUTO_TEST_CASE(a_hook_closes_a_connection_that_it_is_asked_about)
{
    for (const bool accepts : {true, false}) {
        closes_at_the_opening h;
        h.accepts = accepts;
        extras_server<crier::clients<memory_transport, crier::websocket>, lines,
                      closes_at_the_opening>
            s({}, {}, h);
        page p = open(s.pages, "ann");
        s.settle();
        BOOST_TEST(p.client.closed());
        BOOST_TEST(s.server.counts().connections == 0u);
        BOOST_TEST(s.server.counts().registered == 0u);
        BOOST_TEST(s.tell(R"({"uid":"ann"})") == "fail\n");
        bool stopped = false;
        s.server.async_stop({}, [&](bool in_time) { stopped = in_time; });
        s.settle();
        BOOST_TEST(stopped);
    }
}

BOOST_AUTO_TEST_CASE(a_stop_hears_the_goodbye_of_a_client_that_waits_for_its_verdict)
{
    std::vector<pending_verdict> asked;
    later_server<crier::websocket> s({.authenticator = {&asked, question::first_message}});
    page p = open(s.pages, "ann");
    s.settle();
    BOOST_TEST_REQUIRE(asked.size() == 1u);
    bool in_time = false;
    s.server.async_stop({}, [&](bool was) { in_time = was; });
    s.settle();
    p.hear(); // and answers the goodbye
    p.client.finish();
    s.settle();
    BOOST_TEST(p.closed_with == 1001u);
    BOOST_TEST(in_time);
    asked.front()(verdict::accept("ann")); // for nobody
    s.settle();
}

BOOST_AUTO_TEST_CASE(an_answer_is_one_to_its_question_and_to_no_later_one)
{
    std::vector<pending_verdict> asked;
    later_server<crier::websocket> s({.authenticator = {&asked, question::connected}});
    page p = open(s.pages, "ann");
    s.settle();
    BOOST_TEST_REQUIRE(asked.size() == 1u);
    asked[0](verdict::undecided());
    s.settle();
    BOOST_TEST_REQUIRE(asked.size() == 2u);
    asked[0](verdict::accept("eve")); // again
    s.settle();
    BOOST_TEST(s.server.counts().registered == 0u);
    asked[1](verdict::accept("bob"));
    s.settle();
    BOOST_TEST(s.tell(R"({"uid":["ann","eve"]})") == "fail\n");
    BOOST_TEST(s.tell(R"({"uid":"bob"})") == "ok\n");
}

/// Accepts early; every<> cannot know that.
struct accepts_whoever_connects
{
    verdict judge(const question& q) const
    {
        return q.occasion() == question::connected ? verdict::accept("early")
                                                   : verdict::undecided();
    }
};

BOOST_AUTO_TEST_CASE(in_every_the_last_one_decides)
{
    using guarded = crier::backend<memory_transport, crier::text_line,
                                   crier::every<accepts_whoever_connects, crier::shared_secret>>;
    extras_server<crier::clients<memory_transport, crier::text_line>, guarded> s(
        {}, {.authenticator = {{}, {.secret = "sesame"}}});
    auto ann = s.say("ann");
    BOOST_TEST(s.tell(R"({"uid":"ann"})") == "fail\n");
    BOOST_TEST(ann.receive().empty());
    BOOST_TEST(s.tell("sesame\n{\"uid\":\"ann\"}") == "ok\nok\n");
}

BOOST_AUTO_TEST_CASE(in_every_only_the_last_one_may_answer_later)
{
    std::vector<pending_verdict> asked;
    using guard = crier::every<answers_later, crier::first_message>;
    extras_server<crier::clients<memory_transport, crier::websocket, guard>, lines> s(
        {.authenticator = {{&asked, question::first_message}, {}}});
    page p = open(s.pages, "ann");
    s.settle();
    p.hear();
    BOOST_TEST(p.closed_with == 1011u);
    for (const pending_verdict& v : asked)
        v(verdict::accept("eve"));
    s.settle();
    BOOST_TEST(s.server.counts().registered == 0u);
}

BOOST_AUTO_TEST_CASE(never_is_a_time_too)
{
    using namespace std::chrono;
    extras_server<crier::clients<memory_transport, crier::text_line>, lines> s(
        {.limits = {.handshake_timeout = milliseconds::max(),
                    .uid_timeout = milliseconds::max(),
                    .ping_interval = milliseconds::max()}});
    auto ann = s.say("ann");
    s.server.stop({.timeout = milliseconds::max(), .spread = milliseconds::max()});
    s.settle();
    BOOST_TEST(ann.ended()); // told to go, the first of all
    BOOST_TEST(!ann.closed());
    s.server.advance(24h);
    s.settle();
    BOOST_TEST(!s.server.running()); // after close_timeout
}

/// A codec whose pings fail now and then.
struct failing_pings : crier::text_line
{
    static inline int failing = 0;

    static crier::frame encode_ping()
    {
        if (failing-- > 0)
            throw std::runtime_error("no ping");
        return crier::frame::join({"ping\n"});
    }
};

BOOST_AUTO_TEST_CASE(time_goes_on_when_a_codec_fails)
{
    failing_pings::failing = 1;
    extras_server<crier::clients<memory_transport, failing_pings>, lines> s(
        {.limits = {.uid_timeout = 60s, .ping_interval = 10s}});
    auto a = s.say("a"), b = s.say("b");
    s.server.advance(10s);
    s.settle();
    BOOST_TEST(a.ended()); // its ping has failed
    BOOST_TEST(b.receive() == "ping\n");
    s.server.advance(10s);
    s.settle();
    BOOST_TEST(b.closed()); // it has not answered
}

BOOST_AUTO_TEST_CASE(a_server_that_runs_is_not_started_again)
{
    extras_server<crier::clients<memory_transport, crier::text_line>, lines> s;
    auto ann = s.say("ann");
    BOOST_CHECK_THROW(s.server.start(), std::logic_error);
    BOOST_TEST(s.server.running());
    BOOST_TEST(s.tell(R"({"uid":"ann"})") == "ok\n");
    auto bob = s.say("bob");
    BOOST_TEST(s.tell(R"({"uid":"bob"})") == "ok\n");
}

BOOST_AUTO_TEST_CASE(a_broadcast_takes_short_writes_full_clients_and_broken_ones)
{
    for (const std::size_t most : {std::size_t(1), std::size_t(3), std::size_t(1000)}) {
        extras_server<crier::clients<memory_transport, crier::text_line>, lines> s;
        auto a = s.say("a"), b = s.say("b"), c = s.say("c");
        s.pages.behaviour().max_write_bytes = most;
        const std::string line = R"({"broadcast":true,"n":1})";
        b.reset();
        BOOST_TEST(s.tell(line) == "ok\n");
        s.settle();
        BOOST_TEST(a.receive() == line + '\n');
        BOOST_TEST(c.receive() == line + '\n');
        s.pages.behaviour().capacity_bytes = 0;
        BOOST_TEST(s.tell(line + '\n' + line) == "ok\nok\n");
        BOOST_TEST(a.receive().empty());
        s.pages.behaviour().capacity_bytes = 1 << 20;
        s.settle();
        BOOST_TEST(a.receive() == line + '\n' + line + '\n');
        const crier::counters& n = s.server.counts();
        BOOST_TEST(n.messages_queued == n.messages_sent + n.messages_dropped);
        BOOST_TEST(n.connections == 2u);
    }
}

/// A stream that has to be offered again what it has taken note of, as TLS has.
struct insisting
{
    memory_network network{};
    static inline std::size_t insisted = 0, broken = 0;

    struct stream : memory_transport::stream
    {
        using base = memory_transport::stream;
        explicit stream(base&& b) : base(std::move(b)) {}

        crier::io_result write_some(std::span<const iovec> gather)
        {
            std::string offered;
            for (const iovec& part : gather)
                offered.append(static_cast<const char*>(part.iov_base), part.iov_len);
            broken += !offered.starts_with(noted);
            crier::io_result result = base::write_some(gather);
            noted.clear();
            if (result.status == crier::io_status::want_write) {
                noted = offered.substr(0, 16 * 1024);
                result.bytes = noted.size();
                ++insisted;
            }
            return result;
        }

        std::string noted;
    };

    class acceptor : public memory_transport::acceptor
    {
    public:
        acceptor(crier::executor ex, const insisting& options)
            : memory_transport::acceptor(ex, memory_transport{options.network})
        {}

        std::optional<stream> accept(crier::error_code& ec)
        {
            auto accepted = memory_transport::acceptor::accept(ec);
            if (!accepted)
                return std::nullopt;
            return std::optional<stream>(std::in_place, std::move(*accepted));
        }
    };
};

BOOST_AUTO_TEST_CASE(what_a_stream_insists_on_is_offered_again_whatever_comes_behind_it)
{
    insisting::insisted = insisting::broken = 0;
    extras_server<crier::clients<insisting, crier::text_line>, lines> s;
    auto c = s.say("u");
    s.pages.behaviour().capacity_bytes = 0;
    std::string expected;
    const auto push = [&](const std::string& message) {
        s.server.push("u", message);
        expected += message + '\n';
    };
    for (int n = 0; n < 1500; ++n)
        push(std::to_string(n));
    s.settle();
    BOOST_TEST(insisting::insisted > 0u);
    push(std::string(900'000, 'x')); // so much that a copy of all is out of the question
    for (int n = 0; n < 10; ++n)
        push(std::string(500, 'y'));
    s.settle();
    s.pages.behaviour().capacity_bytes = 700;
    std::string heard;
    for (int i = 0; i < 10'000 && heard.size() < expected.size(); ++i) {
        s.settle();
        heard += c.receive();
    }
    BOOST_TEST((heard == expected));
    BOOST_TEST(insisting::broken == 0u);
}

struct throws_at_messages : crier::hooks
{
    void on_message(crier::connection&, crier::message_view) { throw std::runtime_error("boom"); }
};

BOOST_AUTO_TEST_CASE(a_goodbye_is_heard_behind_a_message_that_made_a_hook_throw)
{
    const std::string message = client_frame(fin | op::text, "x");
    for (std::size_t cut = 0; cut <= message.size(); ++cut) {
        extras_server<crier::clients<memory_transport, crier::websocket>, lines, throws_at_messages>
            s({}, {}, {});
        page p = open(s.pages, "ann");
        p.answers = false;
        s.settle();
        p.client.send(message.substr(0, cut));
        s.settle();
        p.client.send(message.substr(cut));
        s.settle();
        p.hear();
        BOOST_TEST(p.closed_with == 1011u);
        p.client.send(client_frame(fin | op::close, close_payload(1011)));
        s.settle();
        BOOST_TEST(p.client.ended(), "cut " << cut);
    }
}

struct notes_who_speaks : crier::hooks
{
    std::vector<std::string>* heard = nullptr;

    void on_message(crier::connection& c, crier::message_view) { heard->emplace_back(c.uid()); }
};

BOOST_AUTO_TEST_CASE(a_page_that_floods_lets_the_others_speak_after_4_kib)
{
    std::vector<std::string> heard;
    notes_who_speaks notes;
    notes.heard = &heard;
    extras_server<crier::clients<memory_transport, crier::websocket>, lines, notes_who_speaks> s(
        {}, {}, notes);
    page flood = open(s.pages, "flood"), quiet = open(s.pages, "quiet");
    s.settle();
    for (int i = 0; i < 500; ++i)
        flood.say(std::string(1000, 'x'));
    quiet.say("me too");
    s.settle();
    BOOST_TEST(heard.size() == 501u);
    BOOST_TEST((std::find(heard.begin(), heard.end(), "quiet") - heard.begin()) <= 4);
}

struct notes_whose_line : crier::observer
{
    std::vector<std::uint64_t>* heard = nullptr;

    void on_line(const crier::connection& c, const crier::line_result&)
    {
        heard->push_back(c.id());
    }
};

BOOST_AUTO_TEST_CASE(
    back_ends_that_speak_at_the_same_time_take_turns_of_16_kib_and_one_alone_of_512)
{
    std::vector<std::uint64_t> heard;
    notes_whose_line notes;
    notes.heard = &heard;
    extras_server<crier::clients<memory_transport, crier::websocket>, lines, notes_whose_line> s(
        {}, {}, notes);
    auto flood = s.back_ends.connect(), quiet = s.back_ends.connect();
    const std::string many_lines = [] {
        std::string text;
        for (int i = 0; i < 4000; ++i)
            text += std::string(99, 'x') + '\n';
        return text;
    }();
    const auto lines_before_the_quiet_one = [&] {
        heard.clear();
        flood.send(many_lines);
        quiet.send("{}\n");
        s.settle();
        BOOST_TEST_REQUIRE(heard.size() == 4001u);
        return std::find_if(heard.begin(), heard.end(),
                            [&](std::uint64_t id) { return id != heard.front(); }) -
               heard.begin();
    };
    for (int i = 0; i < 600; ++i) { // it has been alone for a while
        flood.send("{}\n");
        s.settle();
    }
    BOOST_TEST(lines_before_the_quiet_one() == 4000);
    BOOST_TEST(lines_before_the_quiet_one() <= 2 * 164);
    for (int i = 0; i < 1200; ++i) {
        flood.send("{}\n");
        s.settle();
    }
    BOOST_TEST(lines_before_the_quiet_one() == 4000);
}

/// Accepts one connection, which is there from the beginning.
template <class Stream>
struct accepts_one
{
    std::optional<Stream> waiting;

    explicit accepts_one(Stream s) : waiting(std::move(s)) {}
    std::optional<Stream> accept(crier::error_code&)
    {
        return std::exchange(waiting, std::nullopt);
    }
    void watch(crier::watcher& w) { w.ready({.readable = true}); }
    std::string address() const { return "here"; }
    void close() noexcept {}
};

/// The one connection is there from the beginning, and what it says has come with its last word of the
/// handshake: nobody is told of it.
struct early
{
    struct stream
    {
        std::string said = "uid\n";

        crier::io_result handshake() { return {crier::io_status::ok, 0, {}, true}; }
        crier::io_result read_some(std::span<char> into)
        {
            const std::size_t n = std::min(into.size(), said.size());
            if (n == 0)
                return {crier::io_status::want_read, 0, {}};
            std::copy_n(said.begin(), n, into.begin());
            said.erase(0, n);
            return {crier::io_status::ok, n, {}, false};
        }
        crier::io_result write_some(std::span<const iovec>)
        {
            return {crier::io_status::want_write, 0, {}};
        }
        crier::io_result shutdown() { return {}; }
        void watch(crier::watcher&) {}
        std::string peer() const { return "early"; }
        void close() noexcept {}
    };

    struct acceptor : accepts_one<stream>
    {
        acceptor(crier::executor, const early&) : accepts_one(stream()) {}
    };
};

BOOST_AUTO_TEST_CASE(what_came_with_the_handshake_is_heard_though_nobody_tells_of_it)
{
    boost::asio::io_context context;
    crier::push_server<crier::clients<early, crier::text_line>> server(context, {});
    server.start();
    memory_network::settle(context);
    BOOST_TEST(server.counts().registered == 1u);
}

/// The one connection does in each of its handshakes, and then in each of its reads, what comes next.
struct scripted
{
    using status = crier::io_status;

    struct script
    {
        std::vector<status> handshakes, reads;
        std::size_t shaken = 0, read = 0;
        crier::watcher* watcher = nullptr;
    };
    script* its = nullptr;

    struct stream
    {
        script* its;

        crier::io_result handshake()
        {
            return {
                its->handshakes[std::min(its->shaken++, its->handshakes.size() - 1)], 0, {}, true};
        }
        crier::io_result read_some(std::span<char> into)
        {
            const status s = its->reads[std::min(its->read++, its->reads.size() - 1)];
            if (s == status::ok)
                into[0] = "u\n"[std::exchange(said, !said)];
            return {s, s == status::ok ? 1u : 0u, {}, true};
        }
        crier::io_result write_some(std::span<const iovec>) { return {status::want_write, 0, {}}; }
        crier::io_result shutdown() { return {}; }
        void watch(crier::watcher& w) { its->watcher = &w; }
        std::string peer() const { return "scripted"; }
        void close() noexcept { its->watcher = nullptr; }

        bool said = false;
    };

    struct acceptor : accepts_one<stream>
    {
        acceptor(crier::executor, const scripted& s) : accepts_one(stream{s.its}) {}
    };
};

using scripted_server = crier::push_server<crier::clients<scripted, crier::text_line>>;

BOOST_AUTO_TEST_CASE(a_stream_that_has_done_enough_for_once_is_asked_again_untold)
{
    using enum crier::io_status;
    scripted::script script{{again, again, ok}, {again, ok, again, again, ok, want_read}};
    boost::asio::io_context context;
    scripted_server server(context, {.transport = {&script}});
    server.start();
    memory_network::settle(context);
    BOOST_TEST(server.counts().registered == 1u);
    BOOST_TEST(script.shaken == 3u);
    BOOST_TEST(script.read == 6u);
}

BOOST_AUTO_TEST_CASE(a_handshake_that_waits_to_write_is_not_asked_before_it_may)
{
    using enum crier::io_status;
    scripted::script script{{want_write, want_write, ok}, {ok, ok, want_read}};
    boost::asio::io_context context;
    scripted_server server(context, {.transport = {&script}});
    server.start();
    const auto run_a_while = [&] {
        for (int i = 0; i < 1000 && context.poll_one() != 0; ++i) {
        }
    };
    run_a_while();
    BOOST_TEST_REQUIRE(script.watcher);
    script.watcher->ready({.readable = true, .writable = true});
    run_a_while();
    BOOST_TEST(script.shaken == 2u);
    script.watcher->ready({.writable = true});
    run_a_while();
    BOOST_TEST(script.shaken == 3u);
    BOOST_TEST(server.counts().registered == 1u);
}

/// A handshake that has always done enough for once, and takes its time for it.
struct endless_handshake
{
    struct stream
    {
        crier::io_result handshake()
        {
            const auto end = std::chrono::steady_clock::now() + 200us;
            while (std::chrono::steady_clock::now() < end) {
            }
            return {crier::io_status::again, 0, {}};
        }
        crier::io_result read_some(std::span<char>) { return {crier::io_status::eof, 0, {}}; }
        crier::io_result write_some(std::span<const iovec>)
        {
            return {crier::io_status::want_write, 0, {}};
        }
        crier::io_result shutdown() { return {}; }
        void watch(crier::watcher&) {}
        int native_handle() const { return -1; } // so it has to share the time
        std::string peer() const { return "endless"; }
        void close() noexcept {}
    };

    struct acceptor : accepts_one<stream>
    {
        acceptor(crier::executor, const endless_handshake&) : accepts_one(stream()) {}
    };
};

BOOST_AUTO_TEST_CASE(a_handshake_that_never_ends_runs_out_of_time_though_it_has_to_wait)
{
    boost::asio::io_context context;
    crier::push_server<crier::clients<endless_handshake, crier::text_line>> server(
        context, {.limits = {.handshake_timeout = 100ms}});
    server.start();
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (server.counts().timed_out == 0 && std::chrono::steady_clock::now() < deadline)
        context.run_for(10ms);
    BOOST_TEST(server.counts().ended(crier::error::handshake_timeout) == 1u);
    BOOST_TEST(server.counts().read_pauses > 0u);
}

/// A transport whose accept throws what it is told to, once.
struct throws_in_accept
{
    memory_transport inside;
    std::exception_ptr* thrown = nullptr;

    using stream = memory_transport::stream;

    struct acceptor
    {
        memory_transport::acceptor a;
        std::exception_ptr* thrown;

        acceptor(crier::executor ex, const throws_in_accept& t) : a(ex, t.inside), thrown(t.thrown)
        {}
        std::optional<stream> accept(crier::error_code& ec)
        {
            if (*thrown)
                std::rethrow_exception(std::exchange(*thrown, nullptr));
            return a.accept(ec);
        }
        void watch(crier::watcher& w) { a.watch(w); }
        std::string address() const { return a.address(); }
        void close() noexcept { a.close(); }
    };
};

struct notes_failed_accepts : crier::observer
{
    std::vector<crier::error_code>* all = nullptr;

    explicit notes_failed_accepts(std::vector<crier::error_code>* a) : all(a) {}
    void on_accept_failed(crier::error_code ec) { all->push_back(ec); }
};

BOOST_AUTO_TEST_CASE(an_accept_that_throws_is_one_that_failed)
{
    using boost::system::errc::make_error_code;
    const auto refused = make_error_code(boost::system::errc::permission_denied);
    const auto no_memory = make_error_code(boost::system::errc::not_enough_memory);
    const std::vector<std::pair<std::exception_ptr, crier::error_code>> cases{
        {std::make_exception_ptr(std::bad_alloc()), no_memory},
        {std::make_exception_ptr(boost::system::system_error(refused)), refused},
        {std::make_exception_ptr(boost::system::system_error(crier::error_code())),
         make_error_code(boost::system::errc::io_error)}};
    for (const auto& [thrown, said] : cases) {
        memory_network pages;
        std::exception_ptr next = thrown;
        std::vector<crier::error_code> failed;
        boost::asio::io_context context;
        crier::push_server<crier::clients<throws_in_accept, crier::text_line>, notes_failed_accepts>
            server(context, {.transport = {{pages}, &next}}, notes_failed_accepts(&failed));
        server.start();
        auto a = pages.connect(), b = pages.connect();
        a.send("a\n");
        b.send("b\n");
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (server.counts().registered != 2 && std::chrono::steady_clock::now() < deadline)
            context.run_for(5ms); // after a pause, though nobody else connects
        BOOST_TEST(server.counts().registered == 2u);
        BOOST_TEST(server.counts().accept_errors == 1u);
        BOOST_TEST((failed == std::vector{said}));
    }
}

/// Throws away each line with a question mark.
struct no_questions : crier::text_line
{
    struct decoder
    {
        crier::text_line::decoder inside;

        explicit decoder(const no_questions& c) : inside(c) {}
        crier::decoded decode(std::span<char>& in)
        {
            const crier::decoded found = inside.decode(in);
            if (found.kind == crier::decoded::kind_message &&
                found.message.data.find('?') != std::string_view::npos)
                return crier::decoded::discarded(crier::error::malformed);
            return found;
        }
    };
};

BOOST_AUTO_TEST_CASE(a_back_end_is_told_why_its_line_was_thrown_away)
{
    extras_server<crier::clients<memory_transport, crier::text_line>,
                  crier::backend<memory_transport, no_questions, crier::json_reply>>
        s({}, {.codec = {{.max_line_bytes = 1000}}});
    auto script = s.back_ends.connect();
    script.send("{}\n{?}\n" + std::string(2000, 'x') + "\n");
    s.settle();
    const std::string answers = script.receive();
    BOOST_TEST(answers.find("malformed") != std::string::npos);
    BOOST_TEST(answers.find("too long") != std::string::npos);
    BOOST_TEST(answers.find("malformed") < answers.find("too long"));
}

BOOST_AUTO_TEST_CASE(a_transport_that_does_not_say_who_can_connect_serves_no_open_back_end)
{
    std::exception_ptr none;
    memory_network pages, back_ends;
    using open_server = crier::push_server<crier::clients<memory_transport, crier::text_line>,
                                           crier::backend<throws_in_accept, crier::text_line>>;
    boost::asio::io_context context;
    open_server refused(context, {.transport = {pages}}, {.transport = {{back_ends}, &none}});
    std::string why;
    try {
        refused.start();
    } catch (const boost::system::system_error& e) {
        BOOST_TEST((e.code() == crier::error::exposed));
        why = e.what();
    }
    BOOST_TEST(why.find("is_private") != std::string::npos);
    open_server told_to(context, {.transport = {pages}},
                        {.transport = {{back_ends}, &none}, .open_to_all = true});
    told_to.start();
    BOOST_TEST(told_to.running());
}

BOOST_AUTO_TEST_CASE(what_an_address_may_have_needs_a_transport_that_names_addresses)
{
    memory_network pages;
    boost::asio::io_context context;
    crier::push_server<crier::clients<memory_transport, crier::text_line>> server(
        context, {.transport = {pages}, .admission = {.max_connections_per_address = 1}});
    for (int i = 0; i < 2; ++i) // the second time is no better
        BOOST_CHECK_EXCEPTION(server.start(), boost::system::system_error, [](const auto& e) {
            return std::string(e.what()).find("source") != std::string::npos;
        });
}

struct throws_at_the_first : crier::observer
{
    bool first = true;

    void on_accept(const crier::connection&)
    {
        if (std::exchange(first, false))
            throw std::runtime_error("not this one");
    }
};

BOOST_AUTO_TEST_CASE(a_connection_that_an_observer_throws_at_ends_and_the_next_one_is_served)
{
    memory_network pages;
    boost::asio::io_context context;
    crier::push_server<crier::clients<memory_transport, crier::text_line>, throws_at_the_first>
        server(context, {.transport = {pages}});
    server.start();
    auto thrown_at = pages.connect();
    memory_network::settle(context);
    BOOST_TEST(thrown_at.closed());
    auto next = pages.connect();
    next.send("uid\n");
    memory_network::settle(context);
    BOOST_TEST(server.counts().registered == 1u);
    BOOST_TEST(server.counts().connections == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
