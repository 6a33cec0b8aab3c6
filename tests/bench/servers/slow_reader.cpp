// A push server with a listener for each overflow policy, for slow_reader.py:
// crier_slow_reader MAX_OUTBOX_BYTES
//
// Prints one line of JSON with its ports, one with its counters after each SIGUSR1, and the last when
// it ends.
#include <crier/crier.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <set>
#include <string_view>

namespace {

/// Who is there, to ask how much is queued for each.
struct present : crier::hooks
{
    void on_registered(crier::connection& c) { all.insert(&c); }
    void on_close(crier::connection& c, crier::error_code) { all.erase(&c); }

    std::set<const crier::connection*> all{};
};

using by_job = crier::conflate_by<crier::json_member<"job">>;

template <class... Overflow>
using pages = crier::clients<crier::tcp, crier::websocket, Overflow...>;

using server =
    crier::push_server<pages<crier::close_slow>, pages<crier::drop_oldest>,
                       pages<crier::drop_newest>, pages<by_job>,
                       crier::backend<crier::tcp, crier::text_line, crier::json_reply>, present>;

void print_ports(const server& s)
{
    constexpr std::string_view names[] = {"close_slow", "drop_oldest", "drop_newest", "conflate",
                                          "backend"};
    for (std::size_t i = 0; i < std::size(names); ++i)
        std::cout << (i == 0 ? "{\"" : ",\"") << names[i] << "\":" << s.port(i);
    std::cout << '}' << std::endl;
}

void print_counters(server& s)
{
    const crier::counters& c = s.counts();
    std::cout << "{\"registered\":" << c.registered << ",\"queued\":" << c.messages_queued
              << ",\"sent\":" << c.messages_sent << ",\"evicted\":" << c.messages_evicted
              << ",\"dropped\":" << c.messages_dropped << ",\"refused\":" << c.messages_refused
              << ",\"limits_exceeded\":" << c.limits_exceeded << ",\"waiting_bytes\":[";
    std::string_view separator;
    for (const crier::connection* each : s.hook().all) {
        if (each->queued_bytes() == 0)
            continue;
        std::cout << separator << each->queued_bytes();
        separator = ",";
    }
    std::cout << "]}" << std::endl;
}

void obey(boost::asio::signal_set& signals, server& s)
{
    signals.async_wait([&](crier::error_code ec, int number) {
        if (ec || number != SIGUSR1)
            return s.stop();
        print_counters(s);
        obey(signals, s);
    });
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::cerr << "usage: crier_slow_reader MAX_OUTBOX_BYTES\n";
        return 2;
    }
    // What a slow reader is promised it gets, however late it reads on, and pings count as bytes.
    const crier::limits limits{.max_outbox_bytes = std::strtoul(argv[1], nullptr, 10),
                               .ping_interval = std::chrono::milliseconds(0),
                               .write_stall_timeout = std::chrono::milliseconds(0),
                               .close_timeout = std::chrono::minutes(5)};
    const crier::tcp local{.address = "127.0.0.1"};
    try {
        boost::asio::io_context context(1);
        server s(context, {.transport = local, .limits = limits},
                 {.transport = local, .limits = limits}, {.transport = local, .limits = limits},
                 {.transport = local, .limits = limits}, {.transport = local});
        boost::asio::signal_set signals(context, SIGUSR1, SIGTERM);
        s.start();
        obey(signals, s);
        print_ports(s);
        context.run();
        print_counters(s);
    } catch (const std::exception& e) {
        std::cerr << "crier_slow_reader: " << e.what() << '\n';
        return 1;
    }
}
