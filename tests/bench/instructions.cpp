// What the README's server spends on each push, to the instruction: the server and its peers in one
// process and on one thread, the connections in memory, and callgrind counts while the server runs. No
// socket, no clock and no random number has a say, so each run counts the same. instructions.py runs
// it; by itself it only verifies what it delivers.
//
// Not counted: what the peers do, and what the connections' reads and writes do, which are system calls
// elsewhere. To turn the counting off and on costs some ten instructions for each read or write. The
// memory_network's own way to say that something can be read stands for the poller's.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/test/memory_page.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <time.h>
#include <valgrind/callgrind.h>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

#include "load/line.hpp"

// In place of the C library's: the hash keys are the same in each run, and time stands still.

extern "C" int getentropy(void* to, std::size_t size)
{
    std::memset(to, 0x5a, size);
    return 0;
}

extern "C" int clock_gettime(clockid_t, timespec* to) noexcept
{
    static const timespec start = [] {
        timespec now{};
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
        return now;
    }();
    *to = start;
    return 0;
}

extern "C" int timerfd_settime(int, int, const itimerspec*, itimerspec*) noexcept
{
    return 0;
}

namespace {

using crier::test::memory_client;
using crier::test::memory_network;
using crier::test::memory_page;
using crier::test::memory_transport;

/// While one exists, nothing is counted, if it was before.
struct uncounted
{
    uncounted()
    {
        if (counting)
            CALLGRIND_TOGGLE_COLLECT;
    }
    ~uncounted()
    {
        if (counting)
            CALLGRIND_TOGGLE_COLLECT;
    }

    uncounted(const uncounted&) = delete;
    uncounted& operator=(const uncounted&) = delete;

    static inline bool counting = false;
};

/// memory_transport, whose reads and writes are not counted.
struct uncounted_transport
{
    memory_network network{};

    struct stream : memory_transport::stream
    {
        explicit stream(memory_transport::stream&& s) : memory_transport::stream(std::move(s)) {}

        crier::io_result read_some(std::span<char> into)
        {
            const uncounted here;
            return memory_transport::stream::read_some(into);
        }
        crier::io_result write_some(std::span<const iovec> gather)
        {
            const uncounted here;
            return memory_transport::stream::write_some(gather);
        }
    };

    struct acceptor : memory_transport::acceptor
    {
        acceptor(crier::executor ex, const uncounted_transport& options)
            : memory_transport::acceptor(ex, {options.network})
        {}

        std::optional<stream> accept(crier::error_code& ec)
        {
            const uncounted here;
            if (auto accepted = memory_transport::acceptor::accept(ec))
                return stream(std::move(*accepted));
            return std::nullopt;
        }
    };
};

[[noreturn]] void fail(const char* what)
{
    std::fprintf(stderr, "crier_instructions: %s\n", what);
    std::exit(1);
}

/// A server with pages, and what they have still to hear.
class bench
{
public:
    explicit bench(std::uint32_t pages)
        : server_(context_, {.transport = {pages_network_}}, {.transport = {back_ends_}})
    {
        server_.start();
        open(pages);
        back_end_.emplace(back_ends_.connect());
        run();
    }

    /// Connects pages, 64 at a time: each request is answered before the uid is said.
    void open(std::uint32_t count)
    {
        while (count != 0) {
            const std::size_t first = pages_.size();
            for (std::uint32_t i = 0; i < 64 && count != 0; ++i, --count)
                pages_.emplace_back(pages_network_);
            run();
            for (std::size_t i = first; i < pages_.size(); ++i)
                pages_[i].say('u' + std::to_string(i));
            run();
            for (std::size_t i = first; i < pages_.size(); ++i) {
                pages_[i].hear();
                if (pages_[i].status != 101)
                    fail("a page was not let in");
            }
            run_uncounted();
        }
        due_.resize(pages_.size());
    }

    /// The last pages say goodbye, are answered, and end the connection.
    void leave(std::uint32_t count)
    {
        for (; count != 0; --count) {
            memory_page& p = pages_.back();
            p.close();
            run();
            p.hear();
            run();
            if (!p.client.closed())
                fail("a page could not leave");
            pages_.pop_back();
        }
        due_.resize(pages_.size());
    }

    /// Lines to pages at random, so many at once; then all is read and judged.
    void unicast(std::uint32_t rounds, std::uint32_t in_flight, std::size_t bytes)
    {
        for (; rounds != 0; --rounds) {
            std::string lines;
            for (std::uint32_t i = 0; i < in_flight; ++i)
                due_[append(lines, bytes)] += last_frame_;
            speak(*back_end_, lines, in_flight);
        }
    }

    /// Lines to everybody.
    void broadcast(std::uint32_t rounds, std::uint32_t in_flight, std::size_t bytes)
    {
        for (; rounds != 0; --rounds) {
            std::string lines;
            for (std::uint32_t i = 0; i < in_flight; ++i) {
                append_line(lines, R"({"broadcast":true)", bytes);
                for (std::string& due : due_)
                    due += last_frame_;
            }
            speak(*back_end_, lines, in_flight);
        }
    }

    /// A back end connects and says a line at once, hears ok, and ends.
    void new_back_ends(std::uint32_t count, std::size_t bytes)
    {
        for (; count != 0; --count) {
            std::string line;
            due_[append(line, bytes)] += last_frame_;
            memory_client script = back_ends_.connect();
            speak(script, line, 1);
            script.finish();
            run();
            if (!script.closed())
                fail("a back end's connection was not closed");
        }
    }

private:
    /// The server's turns, counted.
    void run()
    {
        uncounted::counting = true;
        CALLGRIND_TOGGLE_COLLECT;
        memory_network::settle(context_);
        CALLGRIND_TOGGLE_COLLECT;
        uncounted::counting = false;
    }

    /// The same where memory_network tells the server more than a socket would.
    void run_uncounted() { memory_network::settle(context_); }

    void append_line(std::string& lines, std::string_view prefix, std::size_t bytes)
    {
        const std::size_t first = lines.size();
        format_.append(lines, prefix, ++number_, 0, bytes);
        const std::string_view line =
            std::string_view(lines).substr(first, lines.size() - first - 1);
        char header[crier::max_server_header_size];
        last_frame_.assign(header,
                           crier::write_frame_header(header, crier::opcode::text, line.size()));
        last_frame_ += line;
    }

    /// A line to a page that is picked at random; answers which.
    std::size_t append(std::string& lines, std::size_t bytes)
    {
        random_ ^= random_ << 13;
        random_ ^= random_ >> 7;
        random_ ^= random_ << 17;
        const std::size_t to = (random_ >> 32) % pages_.size();
        append_line(lines, R"({"uid":"u)" + std::to_string(to) + '"', bytes);
        return to;
    }

    void speak(memory_client& back_end, const std::string& lines, std::size_t count)
    {
        back_end.send(lines);
        run();
        std::string answers;
        while (answers.size() < 3 * count)
            answers += "ok\n";
        if (back_end.receive() != answers)
            fail("a back end was not answered ok to each line");
        for (std::size_t i = 0; i < pages_.size(); ++i) {
            if (due_[i].empty() && pages_[i].client.unreceived() == 0)
                continue;
            if (pages_[i].client.receive() != due_[i])
                fail("a page did not get what was pushed to it");
            due_[i].clear();
        }
        run_uncounted();
    }

    boost::asio::io_context context_{1};
    memory_network pages_network_, back_ends_;
    crier::push_server<crier::clients<uncounted_transport, crier::websocket>,
                       crier::backend<uncounted_transport, crier::text_line>>
        server_;
    std::deque<memory_page> pages_;
    std::optional<memory_client> back_end_;
    std::vector<std::string> due_; // by page
    ::bench::line_format format_;
    std::string last_frame_;
    std::uint32_t number_ = 0;
    std::uint64_t random_ = 0x9e3779b97f4a7c15;
};

/// Counts what f does, after a warm-up, and reports it under this name and for so many units.
template <class WarmUp, class F>
void count(const std::string& name, std::uint64_t units, WarmUp warm_up, F f)
{
    warm_up();
    CALLGRIND_ZERO_STATS;
    f();
    CALLGRIND_DUMP_STATS_AT(name.c_str());
    std::printf("%llu\t%s\n", static_cast<unsigned long long>(units), name.c_str());
}

void count_all()
{
    for (const std::uint32_t pages : {100u, 1000u})
        for (const std::uint32_t in_flight : {1u, 64u, 1024u})
            for (const std::size_t bytes : {64u, 1024u}) {
                bench b(pages);
                const std::uint32_t rounds = in_flight == 1 ? 512 : in_flight == 64 ? 64 : 8;
                count(
                    "push, " + std::to_string(pages) + " clients, " + std::to_string(in_flight) +
                        " in flight, " + std::to_string(bytes) + " bytes",
                    std::uint64_t{rounds} * in_flight,
                    [&] { b.unicast(rounds / 4, in_flight, bytes); },
                    [&] { b.unicast(rounds, in_flight, bytes); });
            }
    for (const std::uint32_t in_flight : {1u, 16u}) {
        bench b(1000);
        const std::uint32_t rounds = in_flight == 1 ? 20 : 10;
        count(
            "broadcast delivery, 1000 clients, " + std::to_string(in_flight) +
                " in flight, 64 bytes",
            std::uint64_t{rounds} * in_flight * 1000, [&] { b.broadcast(3, in_flight, 64); },
            [&] { b.broadcast(rounds, in_flight, 64); });
    }
    bench b(64);
    count(
        "connect and register", 512, [&] { b.open(64); }, [&] { b.open(512); });
    count(
        "leave", 512, [&] { b.leave(64); }, [&] { b.leave(512); });
    count(
        "push by a new back-end connection, 64 bytes", 512, [&] { b.new_back_ends(64, 64); },
        [&] { b.new_back_ends(512, 64); });
}

} // namespace

int main()
{
    count_all();
}
