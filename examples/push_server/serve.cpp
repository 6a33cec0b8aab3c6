#include "serve.hpp"

#include <crier/authenticator/first_message.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/threads.hpp>
#include <crier/time_slice.hpp>
#include <crier/version.hpp>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#if defined(__GLIBC__)
#include <malloc.h>
#endif
#include <sys/resource.h>
#include <unistd.h>

#include "events.hpp"
#include "guards.hpp"
#include "web.hpp"

namespace push_server {
namespace {

struct hooks : crier::hooks
{
    hooks() = default;
    hooks(events& e, const command_line& o) : told(&e), options(&o) {}

    crier::opening_answer on_opening(crier::connection& c, const crier::opening_request& request)
    {
        const bool web = options->web;
        const auto& allowed = options->origins;
        if (request.is_upgrade() && !allowed.origins.empty() && !allowed.allows(request)) {
            told->origin_refused(c, request.field("Origin"));
            return crier::opening_answer::respond({.status = 403, .body = "origin not allowed\n"});
        }
        if (request.is_upgrade() || !web)
            return crier::opening_answer::accept();
        crier::http_response response = web_response(request.path());
        told->requested(c, request.path(), response.status);
        return crier::opening_answer::respond(std::move(response));
    }

    void on_open(crier::connection& c) { told->opened(c); }
    void on_registered(crier::connection& c) { told->registered(c); }
    void on_close(crier::connection& c, crier::error_code why) { told->closed(c, why); }

    events* told = nullptr;
    const command_line* options = nullptr;
};

/// A connection costs a descriptor: takes as many as the system allows without asking.
void raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// What is freed is kept for what comes next. By itself the C library gives back what is above 128 KiB
/// each time, and to ask for it again costs a page fault for each 4 KiB: under load most of the time.
void keep_freed_memory()
{
#if defined(__GLIBC__)
    ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
    ::mallopt(M_TOP_PAD, 1 << 20);
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

rlim_t descriptors()
{
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == -1 ? RLIM_INFINITY : limit.rlim_cur;
}

std::string in_seconds(std::chrono::steady_clock::duration time)
{
    char text[32];
    std::snprintf(text, sizeof(text), "%.1f s", std::chrono::duration<double>(time).count());
    return text;
}

/// A server, the signals that it obeys, and what it logs.
template <class Registry, class PageGuard>
class service
{
    using server_type =
        crier::push_server<crier::clients<any_address, crier::websocket_deflate<>, PageGuard>,
                           crier::backend<any_address, crier::text_line, backend_guard>, Registry,
                           hooks, crier::threads>;

public:
    service(const command_line& options, log& out, const Registry& registry)
        : options_(options),
          log_(out),
          events_(out),
          secret_(judge_if(!options.secrets.of_backends.empty(),
                           judge_of_secrets(options.secrets.of_backends))),
          tickets_(judge_if(!options.secrets.ticket_keys.empty(),
                            judge_of_tickets(options.secrets.ticket_keys))),
          server_(context_,
                  {.transport = options.clients,
                   .codec = options.websocket,
                   .limits = options.limits,
                   .admission = options.admission,
                   .authenticator = guard_of_pages()},
                  {.transport = options.backend,
                   .codec = options.text_line,
                   .limits = backend_limits(options),
                   .admission = backend_admission(options),
                   .authenticator = {secret_},
                   .open_to_all = options.open_backend},
                  registry, hooks(events_, options), options.threads)
    {}

    /// A back end's lines are gathered: it reads more in a turn than a page.
    static crier::limits backend_limits(const command_line& options)
    {
        crier::limits result = options.limits;
        result.max_turn_bytes = crier::limits::usual;
        return result;
    }

    /// Strangers may connect where there is a secret to be said: they take no more than pages may.
    static crier::admission backend_admission(const command_line& options)
    {
        if (options.secrets.of_backends.empty())
            return {.max_connections = options.max_backend_connections};
        return {.max_connections = options.max_backend_connections,
                .max_connections_per_address = options.admission.max_connections_per_address,
                .spare_descriptors = options.admission.spare_descriptors / 2};
    }

    int run(const std::function<void()>& ready)
    {
        // Before it listens: from then on somebody may take it to be ready for signals.
        if (hangup_concerns_us())
            signals_.add(SIGHUP);
        start();
        await_signal();
        await_period();
        const auto addresses = server_.addresses();
        log_.info("push_server (crier) " CRIER_VERSION_STRING " started, process " +
                  std::to_string(::getpid()));
        log_.info("clients connect to " + addresses[0]);
        log_.info("back ends connect to " + addresses[1]);
        log_.info(guards());
        log_warnings_of(options_.secrets);
        ready();
        run_context();
        block_signals();
        return cut_short_ ? 1 : 0;
    }

private:
    /// From here to the end of the process one would end it as if it had failed.
    static void block_signals()
    {
        sigset_t ours;
        sigemptyset(&ours);
        for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1})
            sigaddset(&ours, number);
        ::pthread_sigmask(SIG_BLOCK, &ours, nullptr);
    }

    static std::shared_ptr<replaceable_judge> judge_if(bool wanted, replaceable_judge::function f)
    {
        return wanted ? std::make_shared<replaceable_judge>(std::move(f)) : nullptr;
    }

    PageGuard guard_of_pages()
    {
        if constexpr (std::same_as<PageGuard, page_guard>)
            return {tickets_, &events_};
        else
            return {};
    }

    void log_warnings_of(const secrets& read)
    {
        for (const std::string& warning : read.warnings)
            log_.warning(warning);
    }

    void start()
    {
        try {
            server_.start();
        } catch (const boost::system::system_error& e) {
            if (e.code() != crier::error::exposed)
                throw;
            const std::string where = e.what(); // and in the library's words why
            throw std::runtime_error(
                where.substr(0, where.find(": " + e.code().message())) +
                ": whoever connects there may push to everybody; give it a "
                "--backend-secret-file, or --open-backend if a firewall guards it");
        }
    }

    std::string guards() const
    {
        std::string text = "origins allowed:";
        for (const std::string& origin : options_.origins.origins)
            text += ' ' + origin;
        if (options_.origins.origins.empty())
            text += " all";
        text += tickets_ ? "; pages need a ticket" : "; pages say their uid";
        text += secret_ ? "; back ends need a secret" : "; back ends need no secret";
        return text + "; " + counted(descriptors(), "file") + " may be open";
    }

    /// Without files to open again it says that the terminal is gone, which nohup makes no matter.
    bool hangup_concerns_us() const
    {
        struct sigaction now
        {};
        return has_files() || ::sigaction(SIGHUP, nullptr, &now) == -1 || now.sa_handler != SIG_IGN;
    }

    bool has_files() const { return !options_.log_file.empty() || options_.secret_files.any(); }

    void hang_up()
    {
        if (!options_.log_file.empty())
            log_.reopen();
        if (options_.secret_files.any())
            read_secrets_again();
    }

    /// All or nothing. Who is connected stays.
    void read_secrets_again()
    {
        try {
            const secrets found =
                options_.secret_files.read_again(options_.text_line.max_line_bytes);
            auto secret = judge_of_secrets(found.of_backends);
            auto tickets = judge_of_tickets(found.ticket_keys);
            if (secret_)
                secret_->replace(std::move(secret));
            if (tickets_)
                tickets_->replace(std::move(tickets));
            log_warnings_of(found);
            std::string text = "read again: ";
            text += secret_ ? counted(found.of_backends.size(), "secret") + " of back ends" : "";
            text += secret_ && tickets_ ? ", " : "";
            log_.info(tickets_ ? text + counted(found.ticket_keys.size(), "ticket key") : text);
        } catch (const std::exception& e) {
            log_.error(std::string(e.what()) + "; secrets and keys stay as they were");
        }
    }

    void run_context()
    {
        for (;;) {
            try {
                context_.run();
                return;
            } catch (const std::exception& e) { // out of memory, say; that harms one piece of work
                log_.error(e.what());
            }
        }
    }

    void await_signal()
    {
        signals_.async_wait([this](boost::system::error_code ec, int number) {
            if (ec || !server_.running()) // what is awaited keeps the context running
                return;
            on_signal(number);
            await_signal();
        });
    }

    void on_signal(int number)
    {
        if (number == SIGUSR1)
            return count([this](const crier::counters& now) { events_.summary(now); });
        if (number == SIGHUP && has_files())
            return hang_up();
        if (!std::exchange(draining_, true))
            return count([this, number](const crier::counters& now) { drain(number, now); });
        if (std::exchange(cut_short_, true))
            return context_.stop(); // the third: whatever keeps the threads from counting
        count([this](const crier::counters& now) {
            const auto waiting =
                now.messages_queued - now.messages_sent - now.messages_evicted - dropped_before_;
            log_.warning("second signal: ending at once, " + counted(waiting, "message") +
                         " not delivered");
            context_.stop();
        });
    }

    /// f(counters), soon.
    template <class F>
    void count(F f)
    {
        server_.async_counts(std::move(f));
    }

    void drain(int number, const crier::counters& now)
    {
        events_.end_period(now);
        const auto began = std::chrono::steady_clock::now();
        dropped_before_ = now.messages_dropped;
        const char* const name = number == SIGTERM  ? "SIGTERM"
                                 : number == SIGINT ? "SIGINT"
                                                    : "SIGHUP";
        log_.info(std::string(name) + ": draining " + counted(now.connections, "connection") +
                  ", for at most " + in_seconds(options_.drain));
        server_.async_stop(
            {.timeout = options_.drain, .spread = options_.drain_spread}, [this, began](bool) {
                events_.end_period(server_.counts());
                const auto took = std::chrono::steady_clock::now() - began;
                const auto dropped = server_.counts().messages_dropped - dropped_before_;
                if (dropped == 0)
                    log_.info("drained in " + in_seconds(took) + ", all messages delivered");
                else
                    log_.warning("drained in " + in_seconds(took) + ", " +
                                 counted(dropped, "message") + " not delivered");
                period_.cancel();
                signals_.cancel();
            });
    }

    void await_period()
    {
        period_.expires_after(events::period);
        period_.async_wait([this](boost::system::error_code ec) {
            if (ec || !server_.running())
                return;
            count([this](const crier::counters& now) {
                events_.end_period(now);
                give_memory_back(now);
            });
            await_period();
        });
    }

    /// When many have left and few are there: the C library keeps what they had for those who come.
    /// Seldom, because it looks at all that is allocated.
    void give_memory_back(const crier::counters& now)
    {
        constexpr std::uint64_t many = 1000;
        const std::uint64_t left = now.accepted - now.connections;
        if (left - left_before_ < std::max(many, 4 * now.connections))
            return;
        left_before_ = left;
#if defined(__GLIBC__)
        ::malloc_trim(0);
#endif
    }

    const command_line& options_;
    log& log_;
    events events_;
    std::shared_ptr<replaceable_judge> secret_;  // of back ends; null: none
    std::shared_ptr<replaceable_judge> tickets_; // of pages; null: they say their uid
    boost::asio::io_context context_{1};
    boost::asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGUSR1};
    boost::asio::steady_timer period_{context_};
    server_type server_;
    std::uint64_t dropped_before_ = 0; // when draining began
    std::uint64_t left_before_ = 0;    // when memory was given back
    bool draining_ = false;
    bool cut_short_ = false;
};

template <class Registry>
int serve_with(const Registry& registry, const command_line& options, log& out,
               const std::function<void()>& ready)
{
    if (options.secret_files.ticket_keys.empty())
        return service<Registry, crier::first_message>(options, out, registry).run(ready);
    return service<Registry, page_guard>(options, out, registry).run(ready);
}

} // namespace

int serve(const command_line& options, log& out, const std::function<void()>& ready)
{
    std::signal(SIGPIPE, SIG_IGN); // the log's reader may go away
    std::signal(SIGXFSZ, SIG_IGN); // the log may be as large as a file may be (ulimit -f)
    raise_descriptor_limit();
    keep_freed_memory();
    if (options.admission.spare_descriptors >= descriptors())
        throw std::runtime_error("no page could connect: the limit of open files is " +
                                 std::to_string(descriptors()) +
                                 " (ulimit -n), and "
                                 "--spare-descriptors keeps " +
                                 std::to_string(options.admission.spare_descriptors) + " free");
    if (!crier::set_time_slice(options.time_slice) && options.time_slice.count() != 0)
        out.info(
            "its time slices are not of our choice (--time-slice-microseconds): Linux is older "
            "than 6.12, or a sandbox forbids it, or its policy is another than the usual one");
    if (options.registry == command_line::registry_kind::latest_only)
        return serve_with(crier::latest_only{}, options, out, ready);
    return serve_with(options.uid_registry, options, out, ready);
}

} // namespace push_server
