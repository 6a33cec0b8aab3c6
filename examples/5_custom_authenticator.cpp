// An authenticator of one's own: the page's session cookie says who it is. Whom it has seen before it
// knows at once; about the others it asks the store of sessions, which takes its time on threads of
// its own, so the answer comes later. allowed_origins, in front of it, keeps other sites' pages out.
#include <crier/crier.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

std::atomic<int> times_asked = 0;

// Stands for a database: it may only be asked where waiting does no harm.
std::optional<std::string> user_of_session(const std::string& session)
{
    ++times_asked;
    if (session == "5e55107")
        return "ann";
    return std::nullopt;
}

struct session_cookie
{
    using known_sessions = std::map<std::string, std::string>; // a real one forgets, too

    // Pointers: an authenticator is copied into the server, and can be assigned to.
    boost::asio::io_context* context = nullptr;  // the server's
    boost::asio::thread_pool* workers = nullptr; // the store's
    std::shared_ptr<known_sessions> known = std::make_shared<known_sessions>();

    crier::verdict judge(const crier::question& q)
    {
        switch (q.occasion()) {
        case crier::question::connected: // nothing was read yet
            return crier::verdict::undecided();
        case crier::question::opening: // the HTTP request
            break;
        case crier::question::first_message: // no opening: it is no WebSocket listener
            return crier::verdict::refuse();
        }
        const std::string session = cookie(q.request());
        if (session.empty())
            return crier::verdict::refuse("no session");
        if (const auto found = known->find(session); found != known->end())
            return crier::verdict::accept(found->second);

        // The question ends with this call: copies of what is needed go along.
        boost::asio::post(*workers, [self = *this, session, answer = q.answer_later()] {
            const std::optional<std::string> user = user_of_session(session);
            boost::asio::post(*self.context, [=] { // `known` belongs to the server's thread
                if (user)
                    (*self.known)[session] = *user;
                answer(user ? crier::verdict::accept(*user)
                            : crier::verdict::refuse("no such session"));
            });
        });
        return crier::verdict::later(); // nothing is read from this connection until then
    }

    // The value of "session" in "Cookie: theme=dark; session=5e55107".
    static std::string cookie(const crier::opening_request& request)
    {
        const std::string all = "; " + std::string(request.field("Cookie")) + ";";
        const std::string_view name = "; session=";
        const std::size_t at = all.find(name);
        if (at == std::string::npos)
            return {};
        const std::size_t begin = at + name.size();
        return all.substr(begin, all.find(';', begin) - begin);
    }
};
static_assert(crier::check_authenticator<session_cookie>()); // says what is missing

using guard = crier::every<crier::allowed_origins, session_cookie>;
using server_type = crier::push_server<crier::clients<crier::tcp, crier::websocket, guard>,
                                       crier::backend<crier::tcp, crier::text_line>>;

// Asks for a WebSocket connection as a page does; returns the answer's first line.
std::string open_page(std::iostream& page, std::string_view origin, std::string_view cookie)
{
    page << "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         << "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
         << "Origin: " << origin << "\r\nCookie: " << cookie << "\r\n\r\n"
         << std::flush;
    std::string first, line;
    std::getline(page, first, '\r');
    while (std::getline(page, line) && line != "\r") { // the rest of the header
    }
    return first;
}

int main()
{
    boost::asio::io_context context;
    boost::asio::thread_pool workers(2);
    server_type server(context,
                       {.transport = {.address = "127.0.0.1"},
                        .authenticator = {{.origins = {"https://example.org"}},
                                          {.context = &context, .workers = &workers}}},
                       {});
    server.start();
    const std::string pages = std::to_string(server.port(0));
    const std::string backend = std::to_string(server.port(1));
    std::thread network([&] { context.run(); });

    std::vector<std::string> heard;
    const auto open = [&](std::iostream& page, std::string_view origin, std::string_view cookie) {
        heard.push_back(open_page(page, origin, cookie));
        std::cout << heard.back() << '\n';
    };
    using boost::asio::ip::tcp;
    tcp::iostream ann("127.0.0.1", pages), again("127.0.0.1", pages), guess("127.0.0.1", pages),
        other_site("127.0.0.1", pages), script("127.0.0.1", backend);
    for (auto* peer : {&ann, &again, &guess, &other_site, &script})
        peer->expires_after(std::chrono::seconds(10));
    open(ann, "https://example.org", "theme=dark; session=5e55107"); // asks the store
    open(again, "https://example.org", "session=5e55107");           // known by now
    open(guess, "https://example.org", "session=1");
    open(other_site, "https://evil.example", "session=5e55107");

    std::string answer;
    script << R"({"uid":"ann","text":"hello"})" << std::endl;
    std::getline(script, answer);
    std::string frame(2 + 28, '\0'); // a text message of 28 bytes
    ann.read(frame.data(), static_cast<std::streamsize>(frame.size()));
    std::cout << "ann got " << frame.substr(2) << '\n';
    for (auto* peer : {&ann, &again, &guess, &other_site, &script})
        peer->close();

    server.stop();
    network.join();
    workers.join();
    const std::string yes = "HTTP/1.1 101 Switching Protocols", no = "HTTP/1.1 403 Forbidden";
    return heard == std::vector{yes, yes, no, no} && answer == "ok" && times_asked == 2 &&
                   frame == "\x81\x1c"
                            R"({"uid":"ann","text":"hello"})"
               ? 0
               : 1;
}
