// Local sockets and their files, IPv6, and several listeners around one registry.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/local.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/line_client.hpp"
#include "support/server_thread.hpp"
#include "support/websocket_client.hpp"

namespace fs = std::filesystem;

using support::is_listening;
using support::line_client;
using support::server_thread;
using support::websocket_client;

namespace {

using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                crier::backend<crier::local, crier::text_line>>;

/// A folder of its own, and the path of a socket file in it.
struct folder
{
    folder()
    {
        std::string name = (fs::temp_directory_path() / "crier_local_XXXXXX").string();
        if (!::mkdtemp(name.data()))
            throw std::runtime_error("cannot make the folder " + name);
        path = name;
        socket = path / "push.sock";
    }

    ~folder() { fs::remove_all(path); }

    std::string message_of_start(push& server) const
    {
        try {
            server.start();
        } catch (const boost::system::system_error& e) {
            return e.what();
        }
        return "started";
    }

    fs::path path;
    fs::path socket;
};

/// The server under test, back ends at the socket file.
struct local_server : folder
{
    push server{{.transport = {.address = "127.0.0.1"}}, {.transport = {.path = socket.string()}}};

    void check_pushes()
    {
        server_thread<push> thread(server);
        websocket_client page(thread.ask([&] { return server.addresses().at(0); }));
        page.register_as("u");
        line_client back_end(socket.string());
        BOOST_TEST(back_end.ask(R"({"uid":"u","by":"socket"})") == "ok");
        BOOST_TEST(back_end.ask(R"({"uid":"nobody"})") == "fail");
        BOOST_TEST(page.hear() == R"({"uid":"u","by":"socket"})");
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(local, local_server)

BOOST_AUTO_TEST_CASE(a_back_end_pushes_over_a_local_socket)
{
    check_pushes();
}

BOOST_AUTO_TEST_CASE(the_address_is_the_path_and_there_is_no_port)
{
    server.start();
    BOOST_TEST(server.addresses().at(1) == socket.string());
    BOOST_TEST(server.port(1) == 0u);
}

BOOST_AUTO_TEST_CASE(the_file_has_the_mode_of_the_options)
{
    server.start();
    struct stat status;
    BOOST_REQUIRE(::stat(socket.c_str(), &status) == 0);
    BOOST_TEST(S_ISSOCK(status.st_mode));
    BOOST_TEST((status.st_mode & 07777u) == 0660u);

    const fs::path wide = path / "wide.sock";
    push open_to_all{{.transport = {.address = "127.0.0.1"}},
                     {.transport = {.path = wide.string(), .mode = 0666}}};
    open_to_all.start();
    BOOST_REQUIRE(::stat(wide.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 07777u) == 0666u);
}

BOOST_AUTO_TEST_CASE(the_file_is_removed_when_the_listener_closes)
{
    {
        server_thread<push> thread(server);
        BOOST_TEST(fs::exists(socket));
    }
    BOOST_TEST(!fs::exists(socket));
}

BOOST_AUTO_TEST_CASE(a_socket_file_that_nobody_listens_on_any_more_is_replaced)
{
    const int left = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, socket.c_str(), socket.string().size() + 1);
    BOOST_REQUIRE(::bind(left, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0);
    BOOST_REQUIRE(::listen(left, 1) == 0);
    ::close(left);
    BOOST_REQUIRE(fs::exists(socket));
    check_pushes();
}

BOOST_AUTO_TEST_CASE(a_socket_file_that_somebody_listens_on_is_an_error_and_stays)
{
    server_thread<push> thread(server);
    push second{{.transport = {.address = "127.0.0.1"}}, {.transport = {.path = socket.string()}}};
    const std::string message = message_of_start(second);
    BOOST_TEST(message.find("cannot listen on " + socket.string()) == 0u);
    BOOST_TEST(message.find("Address already in use") != std::string::npos);
    BOOST_TEST(is_listening(socket.string()));
    BOOST_TEST(line_client(socket.string()).ask("{}") == "fail");
}

BOOST_AUTO_TEST_CASE(a_file_of_another_kind_is_an_error_and_stays)
{
    std::ofstream(socket) << "somebody's notes";
    const std::string message = message_of_start(server);
    BOOST_TEST(message.find("cannot listen on " + socket.string()) == 0u);
    BOOST_TEST(message.find("Address already in use") != std::string::npos);
    std::string content;
    std::getline(std::ifstream(socket), content);
    BOOST_TEST(content == "somebody's notes");
}

BOOST_AUTO_TEST_CASE(a_path_of_107_bytes_is_taken_and_one_of_108_is_an_error)
{
    const std::string front = path.string() + '/';
    const auto path_of = [&](std::size_t size) {
        return front + std::string(size - front.size(), 's');
    };
    push longest{{.transport = {.address = "127.0.0.1"}}, {.transport = {.path = path_of(107)}}};
    BOOST_TEST(message_of_start(longest) == "started");
    BOOST_TEST(is_listening(path_of(107)));

    for (const std::string& bad : {path_of(108), std::string()}) {
        push refused{{.transport = {.address = "127.0.0.1"}}, {.transport = {.path = bad}}};
        const std::string message = message_of_start(refused);
        BOOST_TEST(message.find("cannot listen on \"" + bad + '"') == 0u);
        BOOST_TEST(message.find("too long") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_path_in_no_folder_is_an_error_that_says_so)
{
    push refused{{.transport = {.address = "127.0.0.1"}},
                 {.transport = {.path = (path / "none" / "push.sock").string()}}};
    const std::string message = message_of_start(refused);
    BOOST_TEST(message.find("No such file or directory") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(pages_may_come_over_a_local_socket_and_speak_lines)
{
    crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                       crier::clients<crier::local, crier::text_line>,
                       crier::backend<crier::tcp, crier::text_line>,
                       crier::backend<crier::local, crier::text_line>>
        four{{.transport = {.address = "127.0.0.1"}},
             {.transport = {.path = (path / "pages.sock").string()}},
             {},
             {.transport = {.path = socket.string()}}};
    server_thread thread(four);
    const auto addresses = thread.ask([&] { return four.addresses(); });
    BOOST_REQUIRE(addresses.size() == 4u);

    websocket_client page(addresses[0]);
    page.register_as("u");
    line_client program(addresses[1]);
    program.send("u\n");
    line_client over_tcp(addresses[2]);
    line_client over_socket(addresses[3]);
    thread.wait_until([&] { return four.counts().registered == 2; }, "both to be registered");
    BOOST_TEST(over_tcp.ask(R"({"uid":"u","n":1})") == "ok");
    BOOST_TEST(over_socket.ask(R"({"uid":"u","n":2})") == "ok");
    BOOST_TEST(over_socket.ask(R"({"broadcast":true,"n":3})") == "ok");
    BOOST_TEST((four.push("u", "4").status == crier::push_status::posted));
    for (const std::string line :
         {R"({"uid":"u","n":1})", R"({"uid":"u","n":2})", R"({"broadcast":true,"n":3})", "4"})
    {
        BOOST_TEST(page.hear() == line);
        BOOST_TEST(program.read_line() == line);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(ipv6)

BOOST_AUTO_TEST_CASE(a_server_listens_on_ipv6_addresses)
{
    using over_tcp = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                        crier::backend<crier::tcp, crier::text_line>>;
    const int probe = ::socket(AF_INET6, SOCK_STREAM, 0);
    ::close(probe);
    if (probe == -1 || !fs::exists("/proc/net/if_inet6")) {
        BOOST_TEST_MESSAGE("skipped: this machine has no IPv6");
        return;
    }
    over_tcp server{{.transport = {.address = "::1"}}, {.transport = {.address = "::1"}}};
    server_thread<over_tcp> thread(server);
    const auto addresses = thread.ask([&] { return server.addresses(); });
    BOOST_TEST(addresses.at(0).starts_with("[::1]:"));
    websocket_client page(addresses.at(0));
    page.register_as("u");
    line_client back_end(addresses.at(1));
    BOOST_TEST(back_end.ask(R"({"uid":"u"})") == "ok");
    BOOST_TEST(page.hear() == R"({"uid":"u"})");
}

BOOST_AUTO_TEST_SUITE_END()
