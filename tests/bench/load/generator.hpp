// The load itself: one thread, one epoll set, clients that listen and back ends that speak.
#pragma once

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "back_ends.hpp"
#include "clients.hpp"
#include "conversation.hpp"
#include "poll_set.hpp"

namespace bench {

// Set by SIGTERM: send no more.
inline volatile std::sig_atomic_t terminated = 0;

// How busy the generator itself has been.
struct own_figures
{
    std::uint64_t at_ns = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t waited_ns = 0;
    std::uint64_t empty_ns = 0; // spent in polls that brought nothing
};

class generator
{
public:
    generator(const options& o, faults& found)
        : o_(o),
          found_(found),
          deadline_(now_ns() + seconds(o.timeout_seconds)),
          about_(o, found),
          polled_(o.spin),
          speaking_(about_, polled_),
          listening_(about_, polled_, speaking_)
    {}

    // Connects all clients; each says its uid as soon as it may. False when time is up.
    bool open_clients()
    {
        return run([&] {
            listening_.start_more();
            return listening_.not_open() == 0;
        });
    }

    bool open_back_ends()
    {
        speaking_.start();
        return run([&] { return speaking_.started(); });
    }

    // A server does not say when a client's uid is registered. So a back end of its own pushes to
    // each uid, again until each connection has heard it. Answers the rounds that took, 0 for
    // failure.
    int confirm_registrations()
    {
        const std::uint64_t give_up = std::min(deadline_, now_ns() + seconds(o_.patience_seconds));
        for (int round = 1;; ++round) {
            std::vector<std::uint32_t> asked;
            for (const std::uint32_t i : listening_.deaf())
                asked.push_back(about_.probed_for(i));
            std::sort(asked.begin(), asked.end());
            asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
            if (asked.empty())
                return round - 1;
            if (now_ns() > give_up || found_.hopeless())
                break;
            if (round > 1)
                pause(0.02);
            std::size_t next = 0;
            const bool answered = run([&] {
                while (next < asked.size() && speaking_.probe(asked[next]))
                    ++next;
                speaking_.flush_probes();
                return next == asked.size() && speaking_.probes_answered();
            });
            if (!answered)
                break;
            run([&] { return !listening_.any_deaf(); }, now_ns() + seconds(0.02));
        }
        for (const std::uint32_t i : listening_.deaf())
            found_.add(fault::unregistered, "connection " + std::to_string(i));
        return 0;
    }

    // Sends so many lines and waits until all is answered and delivered. False when something is
    // missing that time, or patience, did not bring.
    bool push(std::uint32_t lines, bool measured)
    {
        about_.measured = measured;
        listening_.delays_ns().clear();
        listening_.arrivals_ns().clear();
        speaking_.start_phase(lines);
        const std::uint64_t stop_ns =
            o_.seconds > 0 ? speaking_.phase_start_ns() + seconds(o_.seconds) : ~std::uint64_t{0};
        const bool complete = run([&] {
            if (now_ns() >= stop_ns || terminated)
                speaking_.send_no_more();
            if (o_.mode == load_mode::latency || o_.pace)
                speaking_.pace();
            return about_.heard.delivered() >= about_.heard.expected() && speaking_.finished();
        });
        phase_ns_ = polled_.last_arrival_ns() - speaking_.phase_start_ns();
        return complete;
    }

    // Listens on for what should not come.
    void pause(double for_seconds)
    {
        run([] { return false; }, now_ns() + seconds(for_seconds));
    }

    // Back ends whose replies are missing; deliveries that are missing.
    void report_missing()
    {
        speaking_.report_missing();
        listening_.report_missing();
    }

    own_figures own() const
    {
        own_figures figures{now_ns(), nanoseconds_of(CLOCK_PROCESS_CPUTIME_ID), 0,
                            polled_.empty_ns()};
        std::ifstream file("/proc/self/schedstat");
        std::uint64_t ran = 0;
        file >> ran >> figures.waited_ns;
        return figures;
    }

    std::uint64_t lines_sent() const { return speaking_.lines_sent(); }
    std::uint64_t deliveries_expected() const { return about_.heard.expected(); }
    std::uint64_t deliveries() const { return about_.heard.delivered(); }
    std::uint64_t phase_ns() const { return phase_ns_; }
    std::vector<std::uint64_t>& delays_ns() { return listening_.delays_ns(); }
    std::vector<std::uint64_t>& arrivals_ns() { return listening_.arrivals_ns(); }

private:
    static std::uint64_t seconds(double value) { return static_cast<std::uint64_t>(value * 1e9); }

    // Turns until done says so. False when the time is up, when nothing arrives any more that is
    // waited for, or when there are so many faults that going on tells nothing.
    template <class Done>
    bool run(Done&& done, std::uint64_t until = ~std::uint64_t{0})
    {
        polled_.arrived_now();
        const std::uint64_t patience = seconds(o_.patience_seconds);
        for (;;) {
            if (done())
                return true;
            const std::uint64_t now = now_ns();
            if (now >= until || now >= deadline_ || found_.hopeless())
                return false;
            if (until == ~std::uint64_t{0} && now > polled_.last_arrival_ns() + patience &&
                !speaking_.waits_for_clock())
                return false;
            polled_.wait(std::min({until, deadline_, now + 100'000'000, speaking_.next_due_ns()}),
                         now, [&](std::uint64_t number, std::uint32_t events) {
                             const auto index = static_cast<std::uint32_t>(number);
                             if (number & back_ends::mark)
                                 speaking_.on_event(index, events);
                             else
                                 listening_.on_event(index, events);
                         });
        }
    }

    const options& o_;
    faults& found_;
    std::uint64_t deadline_;
    conversation about_;
    poll_set polled_;
    back_ends speaking_;
    clients listening_;
    std::uint64_t phase_ns_ = 0;
};

} // namespace bench
