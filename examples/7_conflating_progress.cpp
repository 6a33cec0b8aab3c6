// A progress bar needs just the last percent. With conflate_by a reader that is behind does not get
// every step one after the other when it catches up, but where each of its jobs is by then.
#include <crier/crier.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

// Of the messages that are queued for a connection and have the same "job", the newest remains.
// Messages without a job are left alone.
using progress = crier::conflate_by<crier::json_member<"job">>;

struct greet : crier::hooks
{
    void on_registered(crier::connection& c) { c.send("welcome"); }
};

// A local socket here, because the system holds little for it: the reader is soon behind.
using server_type =
    crier::push_server<crier::clients<crier::local, crier::text_line, progress>, greet>;

int main()
{
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("crier_progress_" + std::to_string(::getpid()));
    server_type server{{.transport = {.path = path}, .limits = {.max_outbox_bytes = 8 << 20}}};
    server.start();
    std::thread network([&] { server.context().run(); });

    using boost::asio::local::stream_protocol;
    stream_protocol::iostream reader{stream_protocol::endpoint(path.string())};
    reader.expires_after(std::chrono::seconds(20));
    reader << "ann" << std::endl;
    std::string line;
    std::getline(reader, line); // welcome: from now on ann is there, and reads nothing for a while

    const std::string report(4 << 20, 'x'); // more than the system holds
    server.push("ann", report);
    std::size_t pushed = 1;
    for (int percent = 0; percent <= 100; ++percent) {
        for (const char* job : {"video", "music"}) {
            server.push("ann", R"({"job":")" + std::string(job) + R"(","percent":)" +
                                   std::to_string(percent) + '}');
            ++pushed;
        }
    }
    // push only hands over; that this one has arrived, and all before it, async_push can tell.
    server.async_push("ann", R"({"text":"done"})", boost::asio::use_future).get();
    ++pushed;

    std::vector<std::string> got; // and now the reader goes on
    std::getline(reader, line);
    const bool whole = line == report;
    while (got.size() < 3 && std::getline(reader, line))
        got.push_back(line);
    reader.close();

    server.stop();
    network.join();
    for (const std::string& message : got)
        std::cout << message << '\n';
    const crier::counters& counts = server.counts();
    std::cout << pushed << " messages pushed; with the welcome " << counts.messages_queued
              << " queued, of these " << counts.messages_sent << " sent, "
              << counts.messages_evicted << " gave way to newer ones\n";
    return whole &&
                   got == std::vector<std::string>{R"({"job":"video","percent":100})",
                                                   R"({"job":"music","percent":100})",
                                                   R"({"text":"done"})"} &&
                   counts.messages_queued == 1 + pushed && // and the welcome
                   counts.messages_sent == 5 && counts.messages_evicted == pushed - 4
               ? 0
               : 1;
}
