// A registry of one's own: a uid is a room and a name, "kitchen/ann". What is said for a name reaches
// that one, what is said for a room, "kitchen/", reaches everybody in it. The conformance kit tries it
// out, and then a server.
#include <crier/crier.hpp>
#include <crier/test/registry_conformance.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

struct room_registry
{
    // For servers with crier::threads: a room is one thread's.
    static std::string_view route(std::string_view uid) { return uid.substr(0, uid.find('/')); }

    class table // of one server, and used by its thread alone
    {
    public:
        explicit table(const room_registry&) {}

        bool bind(std::string_view uid, crier::connection& c)
        {
            if (uid.find('/') == std::string_view::npos || uid.ends_with('/'))
                return false; // no room, or no name: the connection is refused
            connections_.emplace(uid, &c);
            return true;
        }

        void unbind(crier::connection& c) noexcept
        {
            const auto [first, last] = connections_.equal_range(c.uid());
            connections_.erase(
                std::find_if(first, last, [&](const auto& entry) { return entry.second == &c; }));
        }

        void visit(std::string_view uid, crier::connection_visitor f)
        {
            for (auto i = connections_.lower_bound(uid); i != connections_.end(); ++i) {
                if (i->first != uid && !(uid.ends_with('/') && i->first.starts_with(uid)))
                    break;
                f(*i->second);
            }
        }

        void visit_all(crier::connection_visitor f)
        {
            for (const auto& [uid, c] : connections_)
                f(*c);
        }

        std::size_t size() const noexcept { return connections_.size(); }

    private:
        std::multimap<std::string_view, crier::connection*> connections_;
    };
};
static_assert(crier::check_registry<room_registry>()); // says what is missing

struct greet : crier::hooks
{
    void on_registered(crier::connection& c) { c.send("welcome"); }
};

using rooms = crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                                 crier::backend<crier::tcp, crier::text_line>, // lines of JSON
                                 room_registry, greet>;

// Says one line and waits for another.
std::string ask(std::iostream& peer, std::string_view line)
{
    std::string answer;
    peer << line << std::endl;
    std::getline(peer, answer);
    return answer;
}

// For the kit: whom a message is for.
bool is_for(std::string_view asked, std::string_view uid)
{
    return asked == uid || (asked.ends_with('/') && uid.starts_with(asked));
}

int main()
{
    const auto found = crier::test::registry_conformance(
        room_registry{}, {.uids = {"kitchen/ann", "kitchen/bob", "garden/ann", "no room", "attic/"},
                          .asked = {"kitchen/", "garden/", "kitchen/a"},
                          .reaches = is_for});
    std::cout << found << '\n';

    rooms server{{.transport = {.address = "127.0.0.1"}}, {.transport = {.address = "127.0.0.1"}}};
    server.start();
    const std::string clients = std::to_string(server.port(0));
    const std::string backend = std::to_string(server.port(1));
    std::thread network([&] { server.context().run(); });

    boost::asio::ip::tcp::iostream ann("127.0.0.1", clients), bob("127.0.0.1", clients),
        nobody("127.0.0.1", clients), script("127.0.0.1", backend);
    for (auto* peer : {&ann, &bob, &nobody, &script})
        peer->expires_after(std::chrono::seconds(10));

    const std::vector<std::string> heard = {
        ask(ann, "kitchen/ann"),                                 // welcome
        ask(bob, "kitchen/bob"),                                 // welcome
        ask(nobody, "kitchen"),                                  // nothing: refused
        ask(script, R"({"uid":"kitchen/","text":"dinner"})"),    // ok
        ask(script, R"({"uid":"kitchen/bob","text":"dishes"})"), // ok
        ask(script, R"({"uid":"garden/","text":"rain"})"),       // fail
    };
    std::string to_ann, first_to_bob, second_to_bob;
    std::getline(ann, to_ann);
    std::getline(bob, first_to_bob);
    std::getline(bob, second_to_bob);
    for (auto* peer : {&ann, &bob, &nobody, &script})
        peer->close();

    server.stop();
    network.join();
    std::cout << "ann: " << to_ann << "\nbob: " << first_to_bob << "\nbob: " << second_to_bob
              << '\n';
    const std::vector<std::string> expected = {"welcome", "welcome", "", "ok", "ok", "fail"};
    return found.ok() && heard == expected && to_ann == R"({"uid":"kitchen/","text":"dinner"})" &&
                   first_to_bob == to_ann &&
                   second_to_bob == R"({"uid":"kitchen/bob","text":"dishes"})"
               ? 0
               : 1;
}
