// The program that is built in each of the ways in which a project may use crier: a script pushes to
// a page, over loopback, once.
#include <crier/crier.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <thread>

namespace {

struct greet : crier::hooks
{
    void on_registered(crier::connection& c) { c.send("welcome"); }
};

// Says one line and waits for another.
std::string ask(std::iostream& peer, const std::string& line)
{
    std::string answer;
    peer << line << std::endl;
    std::getline(peer, answer);
    return answer;
}

} // namespace

int main()
{
    crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                       crier::clients<crier::tcp, crier::text_line>,
                       crier::backend<crier::tcp, crier::text_line>, crier::uid_registry, greet>
        server{{.transport = {.address = "127.0.0.1"}},
               {.transport = {.address = "127.0.0.1"}},
               {.transport = {.address = "127.0.0.1"}}};
    server.start();
    const std::string clients = std::to_string(server.port(1));
    const std::string backend = std::to_string(server.port(2));
    std::thread network([&] { server.context().run(); });

    boost::asio::ip::tcp::iostream page("127.0.0.1", clients), script("127.0.0.1", backend);
    page.expires_after(std::chrono::seconds(10));
    script.expires_after(std::chrono::seconds(10));
    const std::string line = R"({"uid":"uid1","percent":"88%"})";
    const std::string greeting = ask(page, "uid1");
    const std::string ok = ask(script, line);
    const std::string fail = ask(script, R"({"uid":"uid2"})");
    std::string pushed;
    std::getline(page, pushed);
    page.close();
    script.close();

    server.stop();
    network.join();
    std::cout << "crier " CRIER_VERSION_STRING ": " << greeting << ", " << ok << ", " << fail
              << ", " << pushed << '\n';
    return greeting == "welcome" && ok == "ok" && fail == "fail" && pushed == line ? 0 : 1;
}
