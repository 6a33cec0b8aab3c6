// The command line of crier_load.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "line.hpp"
#include "net.hpp"
#include "protocol.hpp"

namespace bench {

enum class load_mode {
    unicast,
    broadcast,
    new_connection_per_push,
    connect_rate,
    latency,
    idle_memory
};

inline const std::map<std::string, load_mode> load_modes{
    {"unicast", load_mode::unicast},
    {"broadcast", load_mode::broadcast},
    {"new-connection-per-push", load_mode::new_connection_per_push},
    {"connect-rate", load_mode::connect_rate},
    {"latency", load_mode::latency},
    {"idle-memory", load_mode::idle_memory}};

struct options
{
    endpoint clients;
    endpoint backend;
    std::string mode_name = "unicast";
    load_mode mode = load_mode::unicast;
    std::string protocol_name = "lines";
    protocol speaks = protocol::lines;
    std::uint32_t connections = 1000;
    std::uint32_t uids = 0;
    std::uint32_t back_ends = 1;
    std::uint32_t in_flight = 64;
    std::uint32_t pushes = 100'000;
    std::uint32_t warm_up = ~0u;
    std::uint32_t payload_bytes = 64;
    std::uint32_t fail_every = 1000;
    std::uint32_t rate = 10'000;
    std::uint32_t pace = 0;
    std::uint32_t flood = 0;
    std::uint32_t flood_payload_bytes = 1024;
    std::uint32_t connecting = 64;
    std::uint32_t linger_ms = 100;
    double seconds = 0;
    double timeout_seconds = 60;
    double patience_seconds = 5;
    int cpu = -1;
    int server_pid = 0;
    std::string uid_prefix = "u";
    std::string ignore;
    std::string delays;
    bool deflate = false;
    bool spin = false;
    bool json = false;
    bool until_terminated = false;
    bool help = false;
};

inline constexpr const char* load_usage =
    R"(crier_load: puts load on a push server and verifies every single delivery

  --clients HOST:PORT     where the server takes WebSocket clients (127.0.0.1:1234)
  --backend HOST:PORT     where it takes back ends (127.0.0.1:5678)
  --mode MODE             unicast (default)        each line to one uid, picked at random
                          broadcast                each line to every connection
                          new-connection-per-push  a back end connects, says a line, reads the
                                                   reply and leaves, as a script does
                          connect-rate             how fast clients connect, and at what cost
                          latency                  open loop: lines are due at a fixed rate, and
                                                   the delay counts from when a line was due
                          idle-memory              memory of the server per idle connection, and
                                                   again after one push to each

  --protocol PROTOCOL     lines (default)          the wire contract of the README
                          nchan                    clients subscribe to /sub/UID, back ends post
                                                   lines to /pub/UID; to everybody: /sub/all

  --connections N         WebSocket clients (1000)
  --uids N                different uids; fewer than connections and some share one (as many)
  --backends N            back-end connections (1)
  --in-flight N           unanswered lines per back end (64)
  --pushes N              lines in all (100000)
  --warm-up N             lines before the figures start (a tenth, 20000 at most)
  --seconds S             send no more after so long, even if lines are left (no limit)
  --until-terminated      send until SIGTERM comes; --pushes is still the most. Says "pushing" on
                          stderr when the figures start
  --payload N             bytes of a line (64)
  --fail-every N          each Nth line is for an unknown uid and must be answered fail (1000; 0: none)
  --pace N                new-connection-per-push: lines are due at so many per second, over all
                          back ends, and delays are taken as with latency (as fast as replies come)
  --rate N                latency: lines per second, over all back ends (10000)
  --flood N               latency: one more back end that keeps N lines in flight meanwhile (0)
  --flood-payload N       bytes of its lines (1024)
  --uid-prefix TEXT       uids are this and a number (u): two runs against one server need two
  --ignore TEXT           messages that begin with this are of somebody else, and not judged
  --delays FILE           with latency or --pace: writes a line for each measured delivery, when it
                          arrived on CLOCK_MONOTONIC and its delay, both in nanoseconds
  --deflate               the clients offer permessage-deflate, and the server must accept; lines
                          are then of words, which deflate to about a third
  --spin                  poll without sleeping, for sharper times

  --server-pid PID        the server's process: its CPU time and memory, children included
  --cpu N                 run on this CPU only; give the server another one
  --connecting N          connections being opened at a time (64)
  --linger-ms N           how long to listen for what should not come, at the end (100)
  --patience S            give up when so long nothing arrives that should (5)
  --timeout S             give up in any case (60)
  --verify                every delivery is verified: always on, the option is there to say so
  --json                  the figures as one JSON object on stdout, the summary on stderr
  --help

Exit code: 0 all verified, 1 something was wrong or missing, 2 usage.
)";

struct usage_error : std::runtime_error
{
    using std::runtime_error::runtime_error;
};

// Throws usage_error with one sentence.
inline options parse_options(int argc, char** argv)
{
    options o;
    std::string clients = "127.0.0.1:1234";
    std::string backend = "127.0.0.1:5678";

    const auto text_to = [](std::string& to) {
        return [&to](const std::string& value) { to = value; };
    };
    const auto number_to = [](auto& to, double least, double most) {
        return [&to, least, most](const std::string& value) {
            char* end = nullptr;
            const double number = std::strtod(value.c_str(), &end);
            if (value.empty() || *end || !(number >= least && number <= most))
                throw usage_error(value + " is not a number that makes sense here");
            to = static_cast<std::remove_reference_t<decltype(to)>>(number);
        };
    };
    const auto yes_to = [](bool& to) { return [&to] { to = true; }; };

    const std::map<std::string_view, std::function<void()>> switches{
        {"--help", yes_to(o.help)},
        {"--spin", yes_to(o.spin)},
        {"--deflate", yes_to(o.deflate)},
        {"--json", yes_to(o.json)},
        {"--until-terminated", yes_to(o.until_terminated)},
        {"--verify", [] {}}};
    const std::map<std::string_view, std::function<void(const std::string&)>> values{
        {"--clients", text_to(clients)},
        {"--backend", text_to(backend)},
        {"--mode", text_to(o.mode_name)},
        {"--protocol", text_to(o.protocol_name)},
        {"--connections", number_to(o.connections, 1, 1'000'000)},
        {"--uids", number_to(o.uids, 1, 1'000'000)},
        {"--backends", number_to(o.back_ends, 1, 1000)},
        {"--in-flight", number_to(o.in_flight, 1, 1'000'000)},
        {"--pushes", number_to(o.pushes, 1, 500'000'000)},
        {"--warm-up", number_to(o.warm_up, 0, 500'000'000)},
        {"--seconds", number_to(o.seconds, 0.01, 100'000)},
        {"--payload", number_to(o.payload_bytes, 1, line_format::max_payload_bytes)},
        {"--fail-every", number_to(o.fail_every, 0, 500'000'000)},
        {"--pace", number_to(o.pace, 0, 10'000'000)},
        {"--uid-prefix", text_to(o.uid_prefix)},
        {"--ignore", text_to(o.ignore)},
        {"--delays", text_to(o.delays)},
        {"--rate", number_to(o.rate, 1, 10'000'000)},
        {"--flood", number_to(o.flood, 0, 1'000'000)},
        {"--flood-payload", number_to(o.flood_payload_bytes, 1, line_format::max_payload_bytes)},
        {"--server-pid", number_to(o.server_pid, 1, 1 << 30)},
        {"--cpu", number_to(o.cpu, 0, 4095)},
        {"--connecting", number_to(o.connecting, 1, 100'000)},
        {"--linger-ms", number_to(o.linger_ms, 0, 60'000)},
        {"--patience", number_to(o.patience_seconds, 0.1, 100'000)},
        {"--timeout", number_to(o.timeout_seconds, 0.1, 100'000)}};

    for (int i = 1; i < argc; ++i) {
        const std::string flag = argv[i];
        if (const auto found = switches.find(flag); found != switches.end()) {
            found->second();
        } else if (const auto with = values.find(flag); with == values.end()) {
            throw usage_error(flag + " is no option of crier_load; try --help");
        } else if (++i == argc) {
            throw usage_error(flag + " needs a value");
        } else {
            try {
                with->second(argv[i]);
            } catch (const usage_error& wrong) {
                throw usage_error(flag + ": " + wrong.what());
            }
        }
    }
    if (o.help)
        return o;

    const auto mode = load_modes.find(o.mode_name);
    if (mode == load_modes.end())
        throw usage_error(o.mode_name + " is no mode; try --help");
    o.mode = mode->second;
    const auto speaks = protocols.find(o.protocol_name);
    if (speaks == protocols.end())
        throw usage_error(o.protocol_name + " is no protocol; try --help");
    o.speaks = speaks->second;
    for (auto [to, text] : {std::pair{&o.clients, clients}, std::pair{&o.backend, backend}}) {
        const auto parsed = parse_endpoint(text);
        if (!parsed)
            throw usage_error(text + " is not an IPv4 HOST:PORT");
        *to = *parsed;
    }
    if (o.uids == 0 || o.uids > o.connections)
        o.uids = o.connections;
    if (o.warm_up == ~0u)
        o.warm_up = std::min(o.pushes / 10, 20'000u);
    if (o.flood && o.mode != load_mode::latency)
        throw usage_error("--flood goes with --mode latency");
    if (o.pace && o.mode != load_mode::new_connection_per_push)
        throw usage_error("--pace goes with --mode new-connection-per-push");
    if (o.pace)
        o.rate = o.pace;

    // Every line of a run has the same length, so the longest prefix and numbers must fit.
    const std::size_t prefix = std::max(std::string{R"({"uid":"")"}.size() + o.uid_prefix.size() +
                                            std::to_string(o.uids).size(),
                                        std::string{R"({"broadcast":true)"}.size());
    const std::size_t digits = std::to_string(std::uint64_t{o.pushes} + o.warm_up).size() +
                               std::to_string(o.back_ends + 1).size();
    const std::size_t least = line_format::bare_bytes(prefix, digits);
    if (o.payload_bytes < least || o.flood_payload_bytes < least)
        throw usage_error("--payload: with so many uids and pushes a line has at least " +
                          std::to_string(least) + " bytes");
    return o;
}

} // namespace bench
