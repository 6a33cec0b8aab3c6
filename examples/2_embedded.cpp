// A server inside a program that has an io_context and threads of its own. Whoever connects and says
// the name of a job starts it, and hears how far it is. Then a listener of our own tries it out.
#include <crier/crier.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

struct job_hooks : crier::hooks
{
    std::function<void(std::string)> start_job;

    void on_registered(crier::connection& c) { start_job(std::string(c.uid())); }
};

using job_server =
    crier::push_server<crier::clients<crier::tcp, crier::websocket>, // pages
                       crier::clients<crier::tcp, crier::text_line>, // programs, by the same uids
                       job_hooks>;

// Runs on a worker thread; push may be called from any.
void work(job_server& server, const std::string& job)
{
    for (int percent = 0; percent <= 100; percent += 20)
        server.push(job, "{\"percent\":" + std::to_string(percent) + "}");
}

int main()
{
    boost::asio::io_context context;
    job_server server(context, {.transport = {.address = "127.0.0.1"}},
                      {.transport = {.address = "127.0.0.1"}});
    boost::asio::thread_pool workers(2);
    server.hook().start_job = [&](std::string job) {
        boost::asio::post(workers, [&server, job] { work(server, job); });
    };

    server.start(); // throws, with the address and the reason, if it cannot listen
    const std::vector<std::string> addresses = server.addresses();
    std::cout << "pages: ws://" << addresses[0] << ", programs: " << addresses[1] << '\n';
    const std::string port = std::to_string(server.port(1));
    std::thread network([&] { context.run(); });

    boost::asio::ip::tcp::iostream listener("127.0.0.1", port);
    listener.expires_after(std::chrono::seconds(10));
    listener << "job7" << std::endl;
    std::string line;
    for (int lines = 0; lines < 6 && std::getline(listener, line); ++lines)
        std::cout << "job7: " << line << '\n';
    listener.close();

    workers.join();
    server.stop();  // delivers what is queued and closes all connections; then run() returns
    network.join(); // the server is destroyed only after that
    return line == R"({"percent":100})" ? 0 : 1;
}
