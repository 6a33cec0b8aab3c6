#include "control.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "pid_file.hpp"

namespace push_server {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto drain_of_a_quick_stop = 1s;
constexpr auto patience_after_the_second_signal = 5s;

void send_signal(pid_t process, int number)
{
    // ESRCH: it has just ended.
    if (::kill(process, number) == -1 && errno != ESRCH)
        throw std::runtime_error("cannot signal process " + std::to_string(process) + ": " +
                                 std::generic_category().message(errno));
}

bool ends_before(steady_clock::time_point deadline, const std::string& path, pid_t process)
{
    while (pid_file::holder(path) == process) {
        if (steady_clock::now() >= deadline)
            return false;
        std::this_thread::sleep_for(10ms); // nobody tells when a lock is dropped
    }
    return true;
}

} // namespace

bool stop_running(const std::string& pid_file_path, bool graceful)
{
    const std::optional<pid_t> process = pid_file::holder(pid_file_path);
    if (!process)
        return false;
    send_signal(*process, SIGTERM);
    const auto drained =
        graceful ? steady_clock::time_point::max() : steady_clock::now() + drain_of_a_quick_stop;
    if (ends_before(drained, pid_file_path, *process))
        return true;
    send_signal(*process, SIGTERM);
    if (!ends_before(steady_clock::now() + patience_after_the_second_signal, pid_file_path,
                     *process))
        throw std::runtime_error("process " + std::to_string(*process) + " does not end");
    return true;
}

} // namespace push_server
