#include "background.hpp"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace push_server {
namespace {

[[noreturn]] void fail(const char* what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

/// What the daemon says about its start: "+" when it is ready, "-" and a sentence if it failed.
bool hear_report(int from)
{
    std::string report;
    char buffer[512];
    for (;;) {
        const ssize_t n = ::read(from, buffer, sizeof(buffer));
        if (n > 0)
            report.append(buffer, static_cast<std::size_t>(n));
        else if (n == 0 || errno != EINTR)
            break;
    }
    ::close(from);
    if (report == "+")
        return true;
    std::cerr << "push_server: "
              << (report.empty() ? "the daemon ended before it was ready" : report.substr(1))
              << '\n';
    return false;
}

class reporter
{
public:
    explicit reporter(int to) noexcept : to_(to) {}

    void say(const std::string& report) noexcept
    {
        if (to_ == -1)
            return;
        [[maybe_unused]] const ssize_t written = ::write(to_, report.data(), report.size());
        ::close(std::exchange(to_, -1));
    }

private:
    int to_;
};

void leave_the_terminal()
{
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null == -1 || ::chdir("/") == -1)
        fail("cannot become a daemon");
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        ::dup2(null, standard);
    if (null > STDERR_FILENO)
        ::close(null);
}

} // namespace

bool run_in_background(const std::function<int(const std::function<void()>& ready)>& work)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == -1)
        fail("cannot become a daemon");
    std::cout.flush();

    const pid_t child = ::fork();
    if (child == -1)
        fail("cannot become a daemon");
    if (child > 0) {
        ::close(ends[1]);
        const bool started = hear_report(ends[0]);
        ::waitpid(child, nullptr, 0);
        return started;
    }

    ::close(ends[0]);
    reporter report(ends[1]);
    try {
        ::setsid();
        // Not the leader of its session: so it never gets a terminal again.
        const pid_t daemon = ::fork();
        if (daemon == -1)
            fail("cannot become a daemon");
        if (daemon > 0)
            ::_exit(EXIT_SUCCESS);
        leave_the_terminal();
        std::exit(work([&report] { report.say("+"); }));
    } catch (const std::exception& e) {
        report.say(std::string("-") + e.what());
        std::exit(EXIT_FAILURE);
    }
}

} // namespace push_server
