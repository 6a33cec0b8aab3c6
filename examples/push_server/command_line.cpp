#include "command_line.hpp"

#include <crier/version.hpp>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include "../address.hpp"

namespace push_server {
namespace {

namespace fs = std::filesystem;

constexpr const char* about = R"(Tells pages what back ends have to say to them.

A page connects with a WebSocket and says its uid. A back end writes one line of JSON with that uid,
the page hears it, and the back end reads "ok" or "fail".)";

constexpr const char* footer = R"(Commands:
  start    run; in the foreground unless -d is given. The default.
  stop     end the daemon; it has one second to deliver what is queued, then a second signal
           ends it at once; with -g it has the drain time that it was started with
  restart  stop, if it runs, then start, with the options given now and no others. These, and the
           files of secrets and keys, are read first; if it cannot listen then, none runs
  status   say whether it runs
stop and status heed --pid-file and -g, and no other option.

An ADDRESS is HOST:PORT, such as 127.0.0.1:1234 or [::1]:1234, or unix:/PATH.
Whoever reaches a back end's address may push to everybody. So one that other machines reach is
refused, unless there is a --backend-secret-file or --open-backend says that a firewall guards it.

Signals:
  TERM, INT  drain: accept no more, deliver what is queued, close with 1001, end; again: end at once
  HUP        open the log file again, for logrotate, and read the files of secrets and keys again;
             without any of these files the same as TERM
  USR1       log what was counted so far

Exit codes: 0 done; 1 it cannot run, or stop and status find nothing that runs; 2 wrong usage.)";

std::variant<crier::tcp, crier::local> parse_address(const std::string& text,
                                                     std::chrono::seconds keep_alive)
{
    constexpr std::string_view prefix = "unix:";
    if (!text.starts_with(prefix)) {
        const auto [host, port] = parse_host_and_port(text);
        return crier::tcp{.address = host, .port = port, .keep_alive = keep_alive};
    }
    if (text.size() == prefix.size())
        throw std::invalid_argument("\"" + text + "\" names no file: write unix:/PATH");
    // A daemon's directory is another one.
    return crier::local{.path = fs::absolute(text.substr(prefix.size()))};
}

any_address parse_addresses(const std::string& option, const std::vector<std::string>& texts,
                            std::chrono::seconds keep_alive)
{
    any_address result;
    for (const std::string& text : texts) {
        try {
            result.addresses.push_back(parse_address(text, keep_alive));
        } catch (const std::invalid_argument& e) {
            throw CLI::ValidationError(option, e.what());
        }
    }
    return result;
}

/// Where pid and log files are unless one says otherwise. For root the system's own places, for
/// others one that only they can write to.
std::string default_file(const char* place_of_root, const std::string& name)
{
    if (::geteuid() == 0)
        return place_of_root + name;
    const char* const state = std::getenv("XDG_STATE_HOME");
    if (state && *state == '/')
        return fs::path(state) / name;
    const char* const home = std::getenv("HOME");
    return fs::path(home && *home == '/' ? home : "/nonexistent") / ".local" / "state" / name;
}

/// CLI11's own layout, but the command stands first and is explained at the end.
struct layout : CLI::Formatter
{
    layout() { column_width(34); }

    std::string make_usage(const CLI::App*, std::string) const override
    {
        return "\nUsage: push_server [start|stop|restart|status] [OPTION]...\n";
    }

    std::string make_positionals(const CLI::App*) const override { return {}; }
};

/// Seconds, with a fraction if one likes.
void add_seconds(CLI::App& app, const std::string& name, std::chrono::milliseconds& value,
                 const std::string& description)
{
    const double initial = std::chrono::duration<double>(value).count();
    app.add_option_function<double>(
           name,
           [&value](double seconds) {
               value = std::chrono::ceil<std::chrono::milliseconds>(
                   std::chrono::duration<double>(seconds));
           },
           description + " [" + CLI::detail::to_string(initial) + "]")
        ->option_text("SECONDS")
        ->check([](std::string text) {
            const std::string wrong = CLI::Range(0.0, 1e6)(text);
            return wrong.empty() && text.find_first_of("nN") != text.npos ? text + " is no number"
                                                                          : wrong;
        });
}

/// CLI11 by itself would read 010 as eight, and say of 64k that it is out of range.
auto decimal_from(std::uint64_t least, std::uint64_t most)
{
    return [least, most](const std::string& text) -> std::string {
        std::uint64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto [last, ec] = std::from_chars(text.data(), end, number);
        const bool plain = ec == std::errc() && last == end && (text.front() != '0' || text == "0");
        return plain && number >= least && number <= most
                   ? ""
                   : '"' + text + "\" is no decimal number from " + std::to_string(least) + " to " +
                         std::to_string(most);
    };
}

/// For the system, which takes no fraction and has two bytes for it.
void add_whole_seconds(CLI::App& app, const std::string& name, std::chrono::seconds& value,
                       const std::string& description)
{
    app.add_option_function<int>(
           name, [&value](int seconds) { value = std::chrono::seconds(seconds); },
           description + " [" + std::to_string(value.count()) + "]")
        ->option_text("SECONDS")
        ->check([](const std::string& text) {
            return decimal_from(0, 32'767)(text).empty()
                       ? ""
                       : text + " is no whole number of seconds from 0 to 32767";
        });
}

/// What Linux takes.
void add_time_slice(CLI::App& app, std::chrono::microseconds& value)
{
    app.add_option_function<int>(
           "--time-slice-microseconds",
           [&value](int length) { value = std::chrono::microseconds(length); },
           "for which it computes at a time, 100 to 100000; short ones let it run sooner beside "
           "busy programs (Linux 6.12 or newer); 0: the system's own [" +
               std::to_string(value.count()) + "]")
        ->option_text("MICROSECONDS")
        ->check([](const std::string& text) {
            return text == "0" || decimal_from(100, 100'000)(text).empty()
                       ? ""
                       : text + " is neither 0 nor a number from 100 to 100000";
        });
}

/// A variable of a shell that is not set must not mean off.
std::string says_something(const std::string& text)
{
    return text.empty() ? "write on or off" : "";
}

void add_bytes(CLI::App& app, const std::string& name, std::size_t& value, std::size_t least,
               const std::string& description)
{
    app.add_option(name, value, description + " [" + std::to_string(value) + "]")
        ->option_text("BYTES")
        ->check(decimal_from(least, std::size_t{1} << 30));
}

/// As browsers send it (RFC 6454 section 6.2); empty, or what is wrong with it.
std::string is_origin(const std::string& text)
{
    const auto scheme = text.find("://");
    const bool whole = scheme != std::string::npos && scheme != 0 && scheme + 3 < text.size() &&
                       text.find_first_of("/?#*@ ", scheme + 3) == std::string::npos;
    if (!whole)
        return '"' + text + "\" is no origin: write https://example.org, or http://HOST:PORT";
    for (const auto& [prefix, port] : {std::pair("http://", ":80"), std::pair("https://", ":443")})
        if (text.starts_with(prefix) && text.ends_with(port))
            return '"' + text + "\" is no origin of a browser: it leaves " + port + " out";
    return {};
}

/// A variable of a shell that is not set must not mean that there is no guard.
std::string names_a_file(const std::string& text)
{
    return text.empty() ? "it names no file" : "";
}

template <class Number>
void add_number(CLI::App& app, const std::string& name, Number& value,
                const std::string& description, std::size_t least = 0)
{
    app.add_option(name, value, description + " [" + std::to_string(value) + "]")
        ->option_text("NUMBER")
        ->check(decimal_from(least, 1'000'000'000));
}

} // namespace

std::variant<command_line, int> read_command_line(int argc, char** argv)
{
    command_line result;
    result.websocket.accept_offers = false;
    result.admission.max_accepts_per_second = 10'000;
    result.admission.spare_descriptors = 64;
    result.limits.max_turn_bytes = 4096;
    std::string command = "start", registry = "uid";
    std::vector<std::string> clients{"0.0.0.0:1234"}, backend{"127.0.0.1:5678"};
    std::chrono::seconds keep_alive = crier::tcp{}.keep_alive;
    const std::string default_pid_file = default_file("/run/", "push_server.pid");
    const std::string default_log_file = default_file("/var/log/", "push_server.log");

    CLI::App app(about, "push_server");
    app.formatter(std::make_shared<layout>());
    app.footer(footer);
    app.set_help_flag();
    app.add_option("command", command);

    app.option_defaults()->group("Serving");
    app.add_option("--clients", clients, "where pages connect; repeatable [0.0.0.0:1234]")
        ->type_name("ADDRESS")
        ->option_text("ADDRESS")
        ->allow_extra_args(false);
    app.add_option("--backend", backend, "where back ends connect; repeatable [127.0.0.1:5678]")
        ->type_name("ADDRESS")
        ->option_text("ADDRESS")
        ->allow_extra_args(false);
    app.add_option("--registry", registry,
                   "uid: all connections of a uid hear; latest-only: the newest [uid]")
        ->option_text("NAME")
        ->check(CLI::IsMember({"uid", "latest-only"}));
    app.add_option("--web", result.web, "serve the demo page to browsers [on]")
        ->check(says_something)
        ->option_text("on|off");
    app.add_option("--deflate", result.websocket.accept_offers,
                   "compress what is pushed to pages that offer it, as browsers do [off]")
        ->check(says_something)
        ->option_text("on|off");

    app.add_option(
           "--allow-origin", result.origins.origins,
           "which sites' pages may connect, https://example.org say; repeatable; who says no "
           "origin is no browser, and may [all]")
        ->type_name("ORIGIN")
        ->check(is_origin)
        ->option_text("ORIGIN")
        ->allow_extra_args(false);
    app.add_option("--ticket-key-file", result.secret_files.ticket_keys,
                   "keys, a line ID SECRET each: a page says a ticket signed with one of them, in "
                   "the URL (?ticket=...) or as its first message, instead of a uid")
        ->type_name("PATH")
        ->check(names_a_file)
        ->option_text("PATH");
    app.add_option("--backend-secret-file", result.secret_files.backend_secret,
                   "what a back end has to say first, answered ok or fail; two lines, the "
                   "old one and the new one, while it is changed")
        ->type_name("PATH")
        ->check(names_a_file)
        ->option_text("PATH");
    app.add_flag("--open-backend", result.open_backend,
                 "take back ends of other machines without a secret");
    app.add_option("--threads", result.threads.count,
                   "that share the work, at most 256; 0: as many as there are cores [1]")
        ->option_text("NUMBER")
        ->check(decimal_from(0, 256));
    add_time_slice(app, result.time_slice);

    app.option_defaults()->group("Running");
    app.add_flag("-d,--daemon", result.daemon, "start in the background; returns when it listens");
    app.add_flag("-g,--graceful", result.graceful, "stop, restart: give it all its drain time");
    app.add_option("--pid-file", result.pid_file,
                   "which daemon is meant [" + default_pid_file + "]; in the foreground none")
        ->type_name("PATH")
        ->option_text("PATH");
    app.add_option("--log-file", result.log_file,
                   "for a daemon [" + default_log_file + "]; in the foreground standard error")
        ->type_name("PATH")
        ->option_text("PATH");
    app.add_flag("-v,--verbose", result.verbose, "log every connection");

    app.option_defaults()->group("Limits of one connection");
    add_bytes(app, "--max-message-bytes", result.websocket.max_message_bytes, 1,
              "a page's message; above it: close code 1009");
    add_bytes(app, "--max-header-bytes", result.websocket.max_header_bytes, 256,
              "a page's HTTP request; above it: status 431");
    add_bytes(app, "--max-line-bytes", result.text_line.max_line_bytes, 1,
              "a back end's line; above it: fail");
    add_bytes(app, "--max-uid-bytes", result.limits.max_uid_bytes, 1,
              "a uid; above it: close code 1008, fail");
    add_bytes(app, "--max-outbox-bytes", result.limits.max_outbox_bytes, 1,
              "queued for one page; above it: close code 1013");
    add_number(app, "--max-outbox-messages", result.limits.max_outbox_messages,
               "the same, in messages; 0: no limit");
    add_number(app, "--max-topics", result.limits.max_topics,
               "that one page may be in; above it: fail");
    add_number(app, "--max-lines-under-way", result.limits.max_lines_under_way,
               "of a back end, that other threads carry out; with so many it is not read from", 1);
    add_bytes(app, "--max-turn-bytes", result.limits.max_turn_bytes, 1,
              "read from one page before it is the others' turn");
    add_number(app, "--max-fragments-per-second", result.limits.max_fragments_per_second,
               "of a page's messages; above it: close code 1008");
    add_number(app, "--max-control-frames-per-second", result.limits.max_control_frames_per_second,
               "a page's pings and pongs; above it: close code 1008");
    app.add_option("--max-read-share", result.limits.max_read_share,
                   "of a thread's time, for reading from pages that say much; 100: no limit [" +
                       std::to_string(result.limits.max_read_share) + "]")
        ->option_text("PERCENT")
        ->check(decimal_from(1, 100));

    app.option_defaults()->group("Limits of all connections, 0 for no limit");
    add_number(app, "--max-connections", result.admission.max_connections,
               "pages at a time; further ones are closed at once");
    add_number(app, "--max-connections-per-address", result.admission.max_connections_per_address,
               "the same for one IPv4 address or IPv6 network; not behind a proxy");
    add_number(app, "--max-connections-per-uid", result.uid_registry.max_connections_per_uid,
               "pages at a time of one uid; above it: close code 1008");
    add_number(app, "--max-backend-connections", result.max_backend_connections,
               "back ends at a time; further ones are closed at once");
    add_number(app, "--max-accepts-per-second", result.admission.max_accepts_per_second,
               "pages; further ones wait");
    add_number(app, "--spare-descriptors", result.admission.spare_descriptors,
               "that pages leave free, for back ends say; at the limit pages are closed at once");

    app.option_defaults()->group("Times, 0 for no limit");
    add_seconds(app, "--handshake-seconds", result.limits.handshake_timeout,
                "until the HTTP request is there");
    add_seconds(app, "--uid-seconds", result.limits.uid_timeout,
                "until a page says its uid, or a back end its secret");
    add_seconds(app, "--message-seconds", result.limits.message_timeout,
                "from the first byte of a message or line to its last");
    add_seconds(app, "--ping-seconds", result.limits.ping_interval,
                "of silence before a page is pinged, and again before it is closed");
    add_seconds(app, "--write-stall-seconds", result.limits.write_stall_timeout,
                "in which a peer took nothing of what there was to write");
    add_seconds(app, "--close-seconds", result.limits.close_timeout,
                "to close a connection: what is queued, then the peer's goodbye");
    add_whole_seconds(app, "--keep-alive-seconds", keep_alive,
                      "of silence before the system asks whether a TCP peer, a back end say, is "
                      "there, and again before it is lost; whole seconds");

    app.option_defaults()->group("Other");
    add_seconds(app, "--drain-seconds", result.drain,
                "to close all connections when the server ends; 0: at once");
    add_seconds(app, "--drain-spread-seconds", result.drain_spread,
                "of these, in which the pages are told to go, evenly, so that they do not all come "
                "back at once");
    app.set_version_flag("--version", "push_server (crier) " CRIER_VERSION_STRING,
                         "print the version and exit");
    app.set_help_flag("-h,--help", "print this and exit");

    try {
        app.parse(argc, argv);
        // Not before it is known that all options are: the value of one that is not looks like it.
        const CLI::IsMember is_command({"start", "stop", "restart", "status"});
        if (const std::string wrong = is_command(command); !wrong.empty())
            throw CLI::ValidationError("command", wrong);
        result.clients = parse_addresses("--clients", clients, keep_alive);
        result.backend = parse_addresses("--backend", backend, keep_alive);
        if (registry == "latest-only" && result.uid_registry.max_connections_per_uid != 0)
            throw CLI::ValidationError(
                "--max-connections-per-uid",
                "with --registry latest-only a uid has one connection, the newest");
        if (result.drain_spread > result.drain)
            throw CLI::ValidationError(
                "--drain-spread-seconds",
                CLI::detail::to_string(std::chrono::duration<double>(result.drain_spread).count()) +
                    " is more than --drain-seconds, of which it is a part");
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0)
            return app.exit(e);
        std::cerr << "push_server: " << e.what() << '\n';
        return 2;
    }

    using verb = command_line::verb;
    result.command = command == "stop"      ? verb::stop
                     : command == "restart" ? verb::restart
                     : command == "status"  ? verb::status
                                            : verb::start;
    if (registry == "latest-only")
        result.registry = command_line::registry_kind::latest_only;
    const bool starts_in_foreground = result.command == verb::start && !result.daemon;
    if (result.pid_file.empty() && !starts_in_foreground) {
        result.pid_file = default_pid_file;
        std::error_code failed; // is told when the file cannot be opened
        fs::create_directories(fs::path(default_pid_file).parent_path(), failed);
    }
    if (result.log_file.empty() && result.daemon)
        result.log_file = default_log_file;
    for (std::string* const path :
         {&result.pid_file, &result.log_file, &result.secret_files.backend_secret,
          &result.secret_files.ticket_keys})
        if (!path->empty())
            *path = fs::absolute(*path);
    // Before a restart ends the server that runs.
    if (result.command == verb::start || result.command == verb::restart)
        result.secrets = result.secret_files.read(result.text_line.max_line_bytes);
    return result;
}

} // namespace push_server
