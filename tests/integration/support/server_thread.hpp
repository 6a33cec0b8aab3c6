#ifndef CRIER_TESTS_INTEGRATION_SERVER_THREAD_HPP
#define CRIER_TESTS_INTEGRATION_SERVER_THREAD_HPP

#include <boost/asio/post.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "patience.hpp"
#include "within_patience.hpp"

namespace support {

/// Starts a server and runs its io_context on a thread of its own, until it is stopped.
template <class Server>
class server_thread
{
public:
    explicit server_thread(Server& s) : server_(s)
    {
        server_.start();
        server_.context().restart();
        thread_ = std::thread([this] { server_.context().run(); });
    }

    ~server_thread() { stop(); }

    /// Stops the server in order and waits for the end of the thread.
    void stop()
    {
        if (!thread_.joinable())
            return;
        server_.stop();
        thread_.join();
    }

    /// Waits for a server that somebody else has stopped.
    void join() { thread_.join(); }

    /// Calls f on the server's thread and returns its result.
    template <class F>
    auto ask(F f) -> std::invoke_result_t<F>
    {
        if (!thread_.joinable())
            return f();
        auto call = std::make_shared<std::packaged_task<std::invoke_result_t<F>()>>(std::move(f));
        auto result = call->get_future();
        boost::asio::post(server_.context(), [call] { (*call)(); });
        return within_patience(std::move(result));
    }

    /// Asks the server's thread again and again until `done` holds there.
    template <class Predicate>
    void wait_until(Predicate done, const std::string& what)
    {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!ask(done))
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("waited in vain for " + what);
    }

private:
    Server& server_;
    std::thread thread_;
};

} // namespace support

#endif
