// crier_load: speaks the wire contract to a push server, as clients and as back ends, and verifies
// every delivery while it measures what the server pays. The parts are in load/.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "load/faults.hpp"
#include "load/generator.hpp"
#include "load/options.hpp"
#include "load/process_figures.hpp"
#include "load/report.hpp"

namespace {

using namespace bench;

void prepare_process(const options& o)
{
    signal(SIGPIPE, SIG_IGN);
    if (o.until_terminated)
        signal(SIGTERM, [](int) { terminated = 1; });
    // Else the kernel may end a sleep 50 us late.
    prctl(PR_SET_TIMERSLACK, 1ul);

    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    const rlim_t needed = rlim_t{o.connections} + o.back_ends + 32;
    if (files.rlim_cur < needed)
        throw usage_error("so many connections need " + std::to_string(needed) +
                          " descriptors; the limit is " + std::to_string(files.rlim_cur));
    if (o.cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(o.cpu, &set);
        if (sched_setaffinity(0, sizeof set, &set) != 0)
            throw usage_error("cannot run on CPU " + std::to_string(o.cpu) + ": " +
                              std::strerror(errno));
    }
    if (o.server_pid && kill(o.server_pid, 0) != 0 && errno == ESRCH)
        throw usage_error("no process " + std::to_string(o.server_pid));
}

class measured_run
{
public:
    explicit measured_run(const options& o) : o_(o), generator_(o, found_) {}

    void all()
    {
        open();
        if (found_.total() == 0 && o_.mode != load_mode::connect_rate &&
            o_.mode != load_mode::idle_memory)
            push();
        generator_.pause(o_.linger_ms / 1000.0);
        generator_.report_missing();
        figures_.deliveries = generator_.deliveries() - deliveries_before_;
        figures_.expected = generator_.deliveries_expected() - deliveries_before_;
    }

    const run_figures& figures() const { return figures_; }
    const faults& found() const { return found_; }

private:
    void open()
    {
        if (!generator_.open_back_ends())
            return;
        settle();
        const cpu_figures cpu = cpu_now();
        const memory_figures memory = read_memory(processes_);
        const std::uint64_t start = now_ns();
        generator_.open_clients();
        figures_.open_seconds = static_cast<double>(now_ns() - start) / 1e9;
        settle();
        const double count = o_.connections;
        figures_.open_cpu_us =
            static_cast<double>(read_cpu(processes_).cpu_ns - cpu.cpu_ns) / 1000 / count;
        const auto grown = [&](std::uint64_t memory_figures::*what) {
            return (static_cast<double>(read_memory(processes_).*what) -
                    static_cast<double>(memory.*what)) /
                   count;
        };
        figures_.memory_idle = grown(&memory_figures::anonymous_bytes);
        figures_.resident_idle = grown(&memory_figures::resident_bytes);
        figures_.probe_rounds = generator_.confirm_registrations();
        settle();
        figures_.memory_after_push = grown(&memory_figures::anonymous_bytes);
    }

    void push()
    {
        if (o_.warm_up && !generator_.push(o_.warm_up, false))
            return;
        settle();
        const std::uint64_t lines = generator_.lines_sent();
        deliveries_before_ = generator_.deliveries();
        const cpu_figures cpu = cpu_now();
        const own_figures own = generator_.own();
        if (o_.until_terminated)
            std::fputs("pushing\n", stderr);
        generator_.push(o_.pushes, true);
        const own_figures own_after = generator_.own();
        // A process that is on the CPU has not been charged for it yet; asleep it has.
        settle();
        const cpu_figures cpu_after = read_cpu(processes_);

        run_figures& f = figures_;
        const auto wall = static_cast<double>(std::max<std::uint64_t>(generator_.phase_ns(), 1));
        f.lines = generator_.lines_sent() - lines;
        f.seconds = wall / 1e9;
        f.cpu_us = static_cast<double>(cpu_after.cpu_ns - cpu.cpu_ns) / 1000;
        f.server_busy = f.cpu_us * 1000 / wall;
        f.server_waited = static_cast<double>(cpu_after.waited_ns - cpu.waited_ns) / wall;
        const auto user = static_cast<double>(cpu_after.user_ns - cpu.user_ns);
        const auto system = static_cast<double>(cpu_after.system_ns - cpu.system_ns);
        f.user_share = user + system > 0 ? user / (user + system) : 0;

        const auto own_wall = static_cast<double>(own_after.at_ns - own.at_ns);
        const auto cpu_of_own = static_cast<double>(own_after.cpu_ns - own.cpu_ns);
        f.generator_waited = static_cast<double>(own_after.waited_ns - own.waited_ns) / own_wall;
        f.generator_idle = o_.spin
                               ? static_cast<double>(own_after.empty_ns - own.empty_ns) / own_wall
                               : std::max(0.0, 1 - cpu_of_own / own_wall - f.generator_waited);
        f.delays_ns = std::move(generator_.delays_ns());
        write_delays();
        std::sort(f.delays_ns.begin(), f.delays_ns.end());
    }

    void write_delays()
    {
        if (o_.delays.empty())
            return;
        std::ofstream file(o_.delays);
        for (std::size_t i = 0; i < figures_.delays_ns.size(); ++i)
            file << generator_.arrivals_ns()[i] << ' ' << figures_.delays_ns[i] << '\n';
        if (!file.flush())
            throw_errno("cannot write " + o_.delays);
    }

    cpu_figures cpu_now()
    {
        if (o_.server_pid)
            processes_ = process_tree(o_.server_pid);
        return read_cpu(processes_);
    }

    // Waits until the server has nothing left to do: it used under a hundredth of 50 ms, twice.
    void settle()
    {
        if (!o_.server_pid)
            return generator_.pause(0.1);
        std::uint64_t before = cpu_now().cpu_ns;
        for (int quiet = 0, tries = 0; quiet < 2 && tries < 60; ++tries) {
            generator_.pause(0.05);
            const std::uint64_t after = cpu_now().cpu_ns;
            quiet = after - before < 500'000 ? quiet + 1 : 0;
            before = after;
        }
    }

    const options& o_;
    faults found_;
    generator generator_;
    std::vector<pid_t> processes_;
    run_figures figures_;
    std::uint64_t deliveries_before_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    try {
        const options o = parse_options(argc, argv);
        if (o.help) {
            std::fputs(load_usage, stdout);
            return 0;
        }
        prepare_process(o);
        measured_run run{o};
        run.all();
        FILE* people = o.json ? stderr : stdout;
        std::fprintf(people, "%s\n", summary(o, run.figures(), run.found()).c_str());
        for (const std::string& words : run.found().words())
            std::fprintf(stderr, "  %s\n", words.c_str());
        if (o.json)
            std::printf("%s\n", to_json(o, run.figures(), run.found()).c_str());
        return run.found().total() == 0 ? 0 : 1;
    } catch (const usage_error& wrong) {
        std::fprintf(stderr, "crier_load: %s\n", wrong.what());
        return 2;
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "crier_load: %s\n", failure.what());
        return 1;
    }
}
