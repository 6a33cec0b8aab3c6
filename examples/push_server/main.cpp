// The push server as a program: see --help.
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <variant>

#include <fcntl.h>
#include <unistd.h>

#include "background.hpp"
#include "command_line.hpp"
#include "control.hpp"
#include "log.hpp"
#include "pid_file.hpp"
#include "serve.hpp"

namespace {

using namespace push_server;
using verb = command_line::verb;

/// What a program that starts others may have closed: else the first files opened here would stand in for
/// it, and hear what is said to it.
void open_standard_files()
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; ++file)
        if (::fcntl(file, F_GETFD) == -1)
            ::open("/dev/null", O_RDWR); // the lowest that is free: this one
}

int run(const command_line& options, const std::function<void()>& ready)
{
    std::optional<pid_file> held;
    if (!options.pid_file.empty())
        held.emplace(options.pid_file);
    push_server::log out(options.verbose);
    if (!options.log_file.empty())
        out.to_file(options.log_file);
    return serve(options, out, ready);
}

int start(const command_line& options)
{
    if (!options.daemon)
        return run(options, [] {});
    const bool started =
        run_in_background([&](const std::function<void()>& ready) { return run(options, ready); });
    return started ? 0 : 1;
}

int stop(const command_line& options)
{
    if (stop_running(options.pid_file, options.graceful))
        return 0;
    std::cerr << "push_server: not running (" << options.pid_file << ")\n";
    return 1;
}

int status(const command_line& options)
{
    const auto process = pid_file::holder(options.pid_file);
    if (process)
        std::cout << "running, process " << *process << '\n';
    else
        std::cout << "not running (" << options.pid_file << ")\n";
    return process ? 0 : 1;
}

int obey(const command_line& options)
{
    switch (options.command) {
    case verb::stop:
        return stop(options);
    case verb::status:
        return status(options);
    case verb::restart:
        stop_running(options.pid_file, options.graceful);
        return start(options);
    case verb::start:
        break;
    }
    return start(options);
}

} // namespace

int main(int argc, char** argv)
{
    open_standard_files();
    try {
        const auto read = read_command_line(argc, argv);
        if (const int* exit_code = std::get_if<int>(&read))
            return *exit_code;
        return obey(std::get<command_line>(read));
    } catch (const std::exception& e) {
        std::cerr << "push_server: " << e.what() << '\n';
        return 1;
    }
}
