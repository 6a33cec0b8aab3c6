// A server on several threads, with hooks and an observer that are safe for that: they are one object
// each, and called on all threads at once. What they count is atomic, and stands behind a pointer,
// since they are copied into the server. Pages that offer it get their messages compressed. Here three
// pages and a back end connect to the server and tell whether all went well.
#include <crier/codec/websocket_deflate.hpp>
#include <crier/crier.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

struct totals
{
    std::atomic<int> opened = 0;
    std::atomic<int> registered = 0;
    std::atomic<int> said = 0;
    std::atomic<int> ended = 0;
};

struct counting : crier::observer
{
    totals* t;

    explicit counting(totals& all) : t(&all) {}

    void on_open(const crier::connection&) { ++t->opened; }
    void on_registered(const crier::connection&) { ++t->registered; }
    void on_message(const crier::connection&, crier::message_view) { ++t->said; }
    void on_end(const crier::connection&, crier::error_code) { ++t->ended; }
};

// What one connection is told is said on its own thread. What all are told is handed over to the other
// threads, which push does by itself.
struct chat : crier::hooks
{
    using clients = crier::clients<crier::tcp, crier::websocket_deflate<>>;
    using backend = crier::backend<crier::tcp, crier::text_line>;
    using server = crier::push_server<clients, backend, chat, counting, crier::threads>;

    server* s = nullptr; // the server's copy is told by hook()

    void on_registered(crier::connection& c) { c.send("welcome " + std::string(c.uid())); }
    void on_message(crier::connection& c, crier::message_view m)
    {
        s->broadcast(std::string(c.uid()) + ": " + std::string(m.data));
    }
};

// A page as small as it gets: its messages are short.
class page
{
public:
    page(std::uint16_t port, std::string_view uid)
    {
        stream_.expires_after(10s);
        stream_.connect("127.0.0.1", std::to_string(port));
        stream_
            << "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
            << std::flush;
        for (std::string line; std::getline(stream_, line) && line != "\r";)
            ;
        say(uid);
    }

    // One text frame, masked with zeros.
    void say(std::string_view text)
    {
        stream_ << '\x81' << static_cast<char>(0x80 | text.size()) << std::string(4, '\0') << text
                << std::flush;
    }

    // One frame; "" at the end.
    std::string hear()
    {
        char head[2] = {};
        if (!stream_.read(head, 2) || head[0] != '\x81')
            return {};
        std::string text(static_cast<unsigned char>(head[1]), '\0');
        stream_.read(text.data(), static_cast<std::streamsize>(text.size()));
        return text;
    }

private:
    boost::asio::ip::tcp::iostream stream_;
};

int main()
{
    totals all;
    boost::asio::io_context context; // the first thread's; the others have their own
    chat::server server(
        context, {.transport = {.address = "127.0.0.1"}, .codec = {{.max_message_bytes = 4096}}},
        {.transport = {.address = "127.0.0.1"}}, {}, counting(all), {.count = 3});
    server.hook().s = &server;
    server.start();
    const std::uint16_t clients = server.port(0), backend = server.port(1); // before it runs
    std::thread first([&] { context.run(); });

    bool right = true;
    const auto check = [&](std::string_view what, const std::string& heard,
                           std::string_view expected) {
        right = right && heard == expected;
        std::cout << what << ": " << heard << '\n';
    };
    {
        page ann(clients, "ann"), bob(clients, "bob"), eve(clients, "eve");
        check("ann", ann.hear(), "welcome ann");
        check("bob", bob.hear(), "welcome bob");
        check("eve", eve.hear(), "welcome eve");

        boost::asio::ip::tcp::iostream script("127.0.0.1", std::to_string(backend));
        script.expires_after(10s);
        std::string answer;
        script << R"({"uid":["ann","eve"],"n":1})" << std::endl;
        std::getline(script, answer);
        check("the back end", answer, "ok");
        check("ann", ann.hear(), R"({"uid":["ann","eve"],"n":1})");
        check("eve", eve.hear(), R"({"uid":["ann","eve"],"n":1})");

        bob.say("hello");
        for (page* p : {&ann, &bob, &eve})
            check("all", p->hear(), "bob: hello");
    }
    server.stop({.timeout = 5s});
    first.join(); // the other threads have ended then, too

    std::cout << all.registered << " registered, " << all.said << " said something, " << all.ended
              << " of " << all.opened << " ended\n";
    return right && all.registered == 3 && all.said == 1 && all.opened == 4 && all.ended == 4 ? 0
                                                                                              : 1;
}
