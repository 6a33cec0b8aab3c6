// How many connections a listener takes, on real sockets: by address, by descriptors, and who may come
// to the port of back ends at all.
#include <crier/authenticator/shared_secret.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/local.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <deque>
#include <filesystem>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/line_client.hpp"
#include "support/server_thread.hpp"

namespace {

using support::line_client;
using support::server_thread;

/// Lines both ways: a plain socket is a client.
using server_type = crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                                       crier::backend<crier::tcp, crier::text_line>>;
using pages = crier::clients<crier::tcp, crier::text_line>;

/// A connection from any address of this machine's, 127.0.0.2 say.
class caller
{
public:
    caller(const char* from, std::uint16_t to) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0))
    {
        const sockaddr_in here = address(from, 0), there = address("127.0.0.1", to);
        BOOST_TEST_REQUIRE(
            ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&here), sizeof(here)) == 0);
        BOOST_TEST_REQUIRE(
            ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&there), sizeof(there)) == 0);
    }

    caller(caller&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    caller& operator=(caller&&) = delete;

    ~caller()
    {
        if (descriptor_ != -1)
            ::close(descriptor_);
    }

private:
    static sockaddr_in address(const char* text, std::uint16_t port)
    {
        sockaddr_in result{};
        result.sin_family = AF_INET;
        result.sin_port = htons(port);
        ::inet_pton(AF_INET, text, &result.sin_addr);
        return result;
    }

    int descriptor_;
};

/// As many descriptors as that, until it goes.
class descriptor_limit
{
public:
    explicit descriptor_limit(rlim_t most)
    {
        BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        set(most);
    }

    ~descriptor_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

    void set(rlim_t most)
    {
        const rlimit now{most, before_.rlim_max};
        BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
    }

private:
    rlimit before_{};
};

rlim_t next_descriptor()
{
    const int next = ::dup(0);
    BOOST_TEST_REQUIRE(next != -1);
    ::close(next);
    return static_cast<rlim_t>(next);
}

template <class Server>
std::string refusal(Server& server)
{
    try {
        server.start();
    } catch (const boost::system::system_error& e) {
        BOOST_TEST((e.code() == crier::error::exposed));
        BOOST_TEST(!server.running());
        return e.what();
    }
    return "listens";
}

} // namespace

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(an_address_with_too_many_connections_harms_no_other)
{
    for (const std::string address : {"127.0.0.1", "::"}) { // the second takes IPv4 as well
        server_type server{
            {.transport = {.address = address}, .admission = {.max_connections_per_address = 2}}};
        server_thread thread(server);
        const std::uint16_t port = server.port(0);
        std::deque<caller> callers;
        for (int i = 0; i < 5; ++i)
            callers.emplace_back("127.0.0.2", port);
        const auto& counts = server.counts();
        thread.wait_until([&] { return counts.turned_away == 3; }, "three to be turned away");
        callers.emplace_back("127.0.0.3", port);
        thread.wait_until([&] { return counts.connections == 3; }, "another address");
        while (callers.size() > 1)
            callers.pop_front();
        thread.wait_until([&] { return counts.connections == 1; }, "them to go");
        callers.emplace_back("127.0.0.2", port);
        callers.emplace_back("127.0.0.2", port);
        thread.wait_until([&] { return counts.connections == 3; }, "room for the first address");
        BOOST_TEST(thread.ask([&] { return counts.ended(crier::error::too_many_from_address); }) ==
                   3u);
    }
}

BOOST_AUTO_TEST_CASE(clients_leave_the_last_descriptors_to_back_ends)
{
    server_type server{
        {.transport = {.address = "127.0.0.1"}, .admission = {.spare_descriptors = 8}}, {}};
    server_thread thread(server);
    const auto& counts = server.counts();
    descriptor_limit limit(next_descriptor() + 40);
    // Each costs two: both ends are in this process.
    std::deque<caller> callers;
    while (thread.ask([&] { return counts.turned_away; }) == 0 && callers.size() < 40) {
        callers.emplace_back("127.0.0.1", server.port(0));
        thread.wait_until([&] { return counts.accepted + counts.turned_away == callers.size(); },
                          "an accept");
    }
    BOOST_TEST(callers.size() < 40u);
    BOOST_TEST(thread.ask([&] { return counts.ended(crier::error::no_descriptors_to_spare); }) >=
               1u);
    BOOST_TEST(thread.ask([&] { return counts.accept_errors; }) == 0u);
    line_client back_end(server.addresses()[1]);
    BOOST_TEST(back_end.ask(R"({"broadcast":true})") == "ok");

    limit.set(next_descriptor() + 40); // the operator gives it more, from outside
    callers.emplace_back("127.0.0.1", server.port(0));
    const auto before = thread.ask([&] { return counts.accepted; });
    callers.emplace_back("127.0.0.1", server.port(0));
    thread.wait_until([&] { return counts.accepted > before; }, "one more client");
}

BOOST_AUTO_TEST_CASE(where_there_are_few_descriptors_clients_get_a_part_of_them)
{
    server_type server{
        {.transport = {.address = "127.0.0.1"}, .admission = {.spare_descriptors = 1000}}, {}};
    server_thread thread(server);
    const auto& counts = server.counts();
    descriptor_limit limit(next_descriptor() + 40);
    caller one("127.0.0.1", server.port(0));
    thread.wait_until([&] { return counts.accepted + counts.turned_away == 1; }, "an accept");
    BOOST_TEST(thread.ask([&] { return counts.accepted; }) == 1u);
}

BOOST_AUTO_TEST_CASE(without_any_descriptors_the_listener_waits_without_spinning_and_recovers)
{
    server_type server{
        {.transport = {.address = "127.0.0.1"}, .admission = {.spare_descriptors = 0}}, {}};
    server_thread thread(server);
    const auto& counts = server.counts();
    descriptor_limit limit(next_descriptor() + 8);
    std::deque<caller> callers;
    callers.emplace_back("127.0.0.1", server.port(0));
    thread.wait_until([&] { return counts.accepted == 1; }, "the first");
    const rlim_t next = next_descriptor();
    limit.set(next + 1); // for the caller's end, none for the server's
    callers.emplace_back("127.0.0.1", server.port(0));
    thread.wait_until([&] { return counts.accept_errors != 0; }, "a failed accept");

    const auto errors = thread.ask([&] { return counts.accept_errors; });
    const std::clock_t began = std::clock();
    ::usleep(500'000);
    const double busy = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    const auto tried = thread.ask([&] { return counts.accept_errors; }) - errors;
    BOOST_TEST(tried <= 8u); // every tenth of a second; a loop tries many thousand times
    BOOST_TEST(tried >= 1u);
    BOOST_TEST(busy < 0.25);

    limit.set(next + 16);
    thread.wait_until([&] { return counts.accepted == 2; }, "the second");
}

BOOST_AUTO_TEST_CASE(back_ends_of_other_machines_need_a_secret_or_a_word)
{
    using lines = crier::backend<crier::tcp, crier::text_line>;
    for (const std::string address : {"0.0.0.0", "::"}) {
        crier::server<lines> open{{.transport = {.address = address}}};
        const std::string why = refusal(open);
        BOOST_TEST(why.find("will not listen on ") == 0u, why);
        BOOST_TEST(why.find("shared_secret") != std::string::npos, why);
        BOOST_TEST(why.find("open_to_all") != std::string::npos, why);

        crier::server<lines> told{{.transport = {.address = address}, .open_to_all = true}};
        BOOST_TEST(refusal(told) == "listens");

        using guarded = crier::backend<crier::tcp, crier::text_line, crier::shared_secret>;
        crier::server<guarded> secret{
            {.transport = {.address = address}, .authenticator = {.secret = "s"}}};
        BOOST_TEST(refusal(secret) == "listens");

        crier::server<pages> clients{{.transport = {.address = address}}};
        BOOST_TEST(refusal(clients) == "listens");
    }
    for (const std::string address :
         {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", ""})
    {
        crier::server<lines> inner{{.transport = {.address = address}}};
        BOOST_TEST(refusal(inner) == "listens", address);
    }
    const auto path =
        std::filesystem::temp_directory_path() / ("admission" + std::to_string(::getpid()));
    crier::server<crier::backend<crier::local, crier::text_line>> local{
        {.transport = {.path = path.string()}}};
    BOOST_TEST(refusal(local) == "listens");
}

BOOST_AUTO_TEST_CASE(who_was_refused_an_open_port_may_start_on_another)
{
    using lines = crier::backend<crier::tcp, crier::text_line>;
    std::uint16_t port = 0;
    {
        crier::server<lines> first;
        first.start();
        port = first.port(0);
    }
    crier::server<lines> open{{.transport = {.address = "0.0.0.0", .port = port}}};
    refusal(open);
    crier::server<lines> inner{{.transport = {.port = port}}}; // the port is free again
    BOOST_TEST(refusal(inner) == "listens");
}

BOOST_AUTO_TEST_SUITE_END()
