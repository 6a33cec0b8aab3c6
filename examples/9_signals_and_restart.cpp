// A server in a program that lives longer: the io_context, the signals and the time of the end are the
// program's own. SIGHUP stops the server in order and starts it again, SIGTERM ends the program; here it
// sends both to itself, while a client looks on.
#include <crier/crier.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <future>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

using namespace std::chrono_literals;

struct greet : crier::hooks
{
    std::size_t greeted = 0;

    void on_registered(crier::connection& c)
    {
        c.send("welcome, number " + std::to_string(++greeted));
    }
};

class program
{
public:
    program() : server_(context_, {.transport = {.address = "127.0.0.1"}}) { wait_for_signal(); }

    // Until SIGTERM, and the server has stopped. Throws if it cannot listen, also after a SIGHUP.
    void run()
    {
        start();
        context_.run();
    }

    // For the client: where the server listens, the first time and the second.
    std::array<std::promise<std::uint16_t>, 2> listening;
    std::size_t times_started = 0, times_in_order = 0;

private:
    using server_type = crier::push_server<crier::clients<crier::tcp, crier::text_line>, greet>;

    void start()
    {
        server_.start();
        // Port 0: the system chooses one, each time.
        listening.at(times_started++).set_value(server_.port(0));
    }

    void wait_for_signal()
    {
        signals_.async_wait([this](crier::error_code ec, int which) {
            if (ec)
                return;
            if (which == SIGHUP)
                restart();
            else
                end();
            wait_for_signal();
        });
    }

    // The clients are told to go one after the other, within 20 ms, so that they do not come back all
    // at once; what is not over after 5 s is cut off. A server with many clients takes longer for both.
    void restart()
    {
        server_.async_stop({.timeout = 5s, .spread = 20ms}, [this](bool in_order) {
            times_in_order += in_order;
            if (!ending_ && !server_.running()) // another signal may have come in between
                start();
        });
    }

    void end()
    {
        // Who cannot wait says it twice: then nobody is given time any more.
        const crier::stop_options how{.timeout = std::exchange(ending_, true) ? 0s : 5s};
        server_.async_stop(how, [this](bool in_order) {
            times_in_order += in_order;
            signals_.cancel();
            work_.reset(); // nothing is left to do, so run() returns
        });
    }

    boost::asio::io_context context_;
    // Keeps run() from returning while the server is stopped.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        context_.get_executor()};
    boost::asio::signal_set signals_{context_, SIGHUP, SIGTERM};
    server_type server_;
    bool ending_ = false;
};

// Says who it is, is greeted, sends the program a signal, and waits for the end of the connection.
std::string visit(std::uint16_t port, int signal)
{
    boost::asio::ip::tcp::iostream client("127.0.0.1", std::to_string(port));
    client.expires_after(10s);
    client << "ann" << std::endl;
    std::string greeting, after;
    std::getline(client, greeting);
    std::raise(signal);
    if (std::getline(client, after) || client.error() != boost::asio::error::eof)
        return "no goodbye";
    return greeting;
}

int main()
{
    program p;
    std::string first, second;
    std::thread client([&] {
        first = visit(p.listening[0].get_future().get(), SIGHUP);
        second = visit(p.listening[1].get_future().get(), SIGTERM);
    });
    p.run();
    client.join();
    std::cout << first << '\n' << second << '\n';
    return first == "welcome, number 1" && second == "welcome, number 2" && p.times_started == 2 &&
                   p.times_in_order == 2
               ? 0
               : 1;
}
