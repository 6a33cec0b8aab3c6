#ifndef CRIER_SERVER_HPP
#define CRIER_SERVER_HPP

#include <crier/config.hpp>
#include <crier/counters.hpp>
#include <crier/detail/completion.hpp>
#include <crier/detail/components.hpp>
#include <crier/detail/site.hpp>
#include <crier/listener.hpp>
#include <crier/stop_options.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace crier {

/// Listeners around a registry, and what runs them.
///
/// Components, in any order: one or more listeners (clients<>, backend<>, peers<>), at most one
/// registry (default: uid_registry), at most one class derived from crier::hooks, at most one derived
/// from crier::observer, and crier::threads. The constructor takes their options in the same order;
/// those at the end may be left out. Before them stands an io_context of yours, which one thread runs;
/// without it the server has its own.
///
/// Thread safety: stop(), async_stop(), async_counts() and running() from any thread. All else, the
/// destructor included, on the thread that runs the io_context, or while nobody runs it.
///
/// Lifetime: the destructor ends all connections at once; call stop() before, and let it finish,
/// for a close in order. A user's io_context must outlive the server.
///
/// Example:
///     using whispers = crier::server<crier::clients<crier::tcp, crier::websocket>, crier::latest_only>;
///     whispers all_defaults;
///     whispers configured{{.transport = {.port = 1234}}, {.code = crier::close_code::normal}};
///     boost::asio::io_context context;
///     whispers embedded(context, {.transport = {.port = 1235}}); // the registry's options are left out
template <class... Components>
class server : public detail::after<detail::component_storage<detail::given<>, Components...>,
                                    sizeof(Components)...>
{
    static_assert((detail::check_component<Components>() && ...));
    static_assert((detail::means_to_listen<Components> || ...),
                  "a server needs at least one listener");
    static_assert((registry<Components> + ... + 0) <= 1, "a server has one registry");
    static_assert((server_hooks<Components> + ... + 0) <= 1, "a server has one hooks class");
    static_assert((server_observer<Components> + ... + 0) <= 1, "a server has one observer");
    static_assert((detail::threading<Components> + ... + 0) <= 1,
                  "crier::threads stands once in a server");

    using constructors = detail::component_storage<detail::given<>, Components...>;
    using list = detail::component_list<Components...>;

public:
    using registry_type = typename list::registry_type;
    using hooks_type = typename list::hooks_type;
    using observer_type = typename list::observer_type;

    /// True with crier::threads among the components.
    static constexpr bool has_threads = list::threads_at < sizeof...(Components);

    using constructors::constructors;

    CRIER_COLD ~server() { crew_.abandon(); }

    /// Starts to listen; the io_context does the rest. Throws boost::system::system_error, with the
    /// address and the reason in its text, and is stopped as before then.
    /// Throws std::logic_error if it is running, and goes on to run.
    ///
    /// A server that has stopped may be started again, from the handler of async_stop, say. Options,
    /// hooks, observer and counts are those of before; port 0 is chosen anew, so ask for port() again.
    /// An io_context whose run() has returned, for want of work, needs a restart() to run once more.
    CRIER_COLD void start()
    {
        if (state_ != state::stopped)
            throw std::logic_error("crier::server::start: the server is running");
        ++run_;
        state_ = state::running;
        try {
            crew_.start(this->components_);
        } catch (...) {
            state_ = state::stopped;
            throw;
        }
    }

    /// Starts, and runs the io_context on this thread until SIGINT, SIGTERM or stop(); then drains:
    /// accepts no more, writes what is queued, closes all connections (1001). A second signal ends
    /// everything at once. Returns true if all connections were closed in order within the time. It
    /// returns as soon as the server has stopped, and what else waits in the server's io_context (a
    /// signal_set of yours, say) goes on in the next run(); an io_context of yours is run until its
    /// other work is done too, and signals do by then what they do without a server.
    ///
    /// What hooks, handlers and authenticators throw ends a connection and no more. What a codec's
    /// encode or a registry's visit throws for a broadcast, or for a push from another thread, and
    /// what completion handlers throw, leaves the io_context's run(); the server goes on when that
    /// is run again.
    ///
    /// Throws what start() throws. To do something between the two (ask for addresses(), say), call
    /// start() and run the io_context instead.
    CRIER_COLD bool run(stop_options how = {})
    {
        signal_set signals(this->context_, SIGINT, SIGTERM);
        // A signal that came before may be told after the end, or when this was left by an exception.
        const unsigned listens = ++listens_;
        drained_ = false;
        signals.async_wait([this, &signals, how, listens](error_code ec, int) {
            if (ec || listens_ != listens)
                return;
            signals.async_wait([this, listens](error_code second, int) {
                if (!second && listens_ == listens)
                    this->context_.stop();
            });
            stop(how);
        });
        start();
        struct forgetting
        {
            server& self;
            ~forgetting()
            {
                ++self.listens_;
                self.signals_ = nullptr;
            }
        } const guard{*this};
        signals_ = &signals;
        this->context_.restart();
        this->context_.run();
        if (state_ != state::stopped) { // cut short
            end_now();
            if (this->own_context_) {
                this->context_.restart();
                this->context_.run();
            }
        }
        return drained_;
    }

    /// Stops in order, as described for run(). What is not closed within the time is cut off: a peer
    /// that never closes its side holds a stop up for limits::close_timeout, or this time. Another
    /// stop may make the first one shorter: its time, and its spread. Does nothing if not running.
    ///
    /// Thread safety: any thread. It may be called from hooks and signal_set handlers, not from
    /// signal handlers.
    CRIER_COLD void stop(stop_options how = {}) { stop_run(how, {}); }

    /// As stop(), and completes when the server has stopped, whoever has begun that, or is not
    /// running: `void(bool)`, on the handler's executor. True if all connections were closed in order
    /// within the time; false, too, if a second signal has cut run() short. If the server is
    /// destroyed before, the handler is destroyed without a call.
    template <class Token>
    auto async_stop(stop_options how, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(bool)>(
            [](auto handler, server* self, stop_options options) {
                using handler_type = decltype(handler);
                const auto then = std::make_shared<detail::completion<handler_type>>(
                    std::move(handler), self->context_.get_executor());
                self->stop_run(options, [then](bool in_time) { (*then)(in_time); });
            },
            token, this, how);
    }

    /// True from start() until a stop is complete. Thread safety: any thread.
    bool running() const noexcept { return state_ != state::stopped; }

    /// Where the listeners listen, in the order of the components: "0.0.0.0:1234". While running.
    CRIER_COLD std::vector<std::string> addresses() const
    {
        return const_cast<server*>(this)->crew_.first().addresses();
    }

    /// The port of one of these addresses, in host byte order: what the system chose for port 0.
    /// 0 if it has none, or there is no such listener. Of no meaning for local sockets.
    CRIER_COLD std::uint16_t port(std::size_t which) const
    {
        std::uint16_t number = 0;
        if (const auto all = addresses(); which < all.size()) {
            const std::string& text = all[which];
            const auto colon = text.starts_with('/') ? std::string::npos : text.rfind(':');
            if (colon != std::string::npos)
                std::from_chars(text.data() + colon + 1, text.data() + text.size(), number);
        }
        return number;
    }

    /// What was counted so far. With crier::threads it is a copy, and while several threads run it throws
    /// std::logic_error.
    std::conditional_t<has_threads, counters, const counters&> counts() const
    {
        if constexpr (has_threads) {
            if (running() && const_cast<server*>(this)->crew_.size() > 1)
                throw std::logic_error("crier::server::counts: several threads count while the "
                                       "server runs; async_counts asks them all");
            return crew_.counts();
        } else {
            return const_cast<server*>(this)->crew_.first().home->counts;
        }
    }

    /// The same for other threads: `void(counters)`, on the handler's executor.
    template <class Token>
    auto async_counts(Token&& token)
    {
        return boost::asio::async_initiate<Token, void(counters)>(
            [](auto handler, server* self) {
                if constexpr (has_threads)
                    self->gather([](auto& site) { return site.home->counts; },
                                 [then = self->completes(std::move(handler))](counters all) {
                                     (*then)(all);
                                 });
                else
                    self->submit_with_result(self->crew_.first(), std::move(handler),
                                             [self] { return self->counts(); });
            },
            token, this);
    }

    /// The hooks, as the server uses them: its own copy, to be filled before start(), say.
    hooks_type& hook() noexcept { return hooks_; }

    /// The observer, as the server uses it: its own copy.
    observer_type& observer() noexcept { return observer_; }

    boost::asio::io_context& context() noexcept { return this->context_; }

    /// For tests: moves the server's time on, and does what falls due then.
    void advance(std::chrono::milliseconds by) { crew_.first().home->advance(by); }

protected:
    enum class state : unsigned char { stopped, running, draining };

    using crew_type = typename list::threads_type::template crew<Components...>;
    using site_type = typename crew_type::site_type;

    /// Calls the handler with what the operation returns on that site's thread. Thread safety: any
    /// thread.
    template <class Handler, class Operation>
    void submit_with_result(site_type& to, Handler handler, Operation operation)
    {
        auto f =
            [then = detail::completion<Handler>(std::move(handler), this->context_.get_executor()),
             operation = std::move(operation)]() mutable { then(operation()); };
        if constexpr (has_threads)
            crew_.submit(to, std::move(f), [this] { return running(); });
        else
            to.submit(std::move(f));
    }

    /// The sum of what f(site&) returns on each thread goes to then(sum). Thread safety: any thread.
    template <class F, class Then>
    void gather(F f, Then then, bool certainly = true)
    {
        crew_.gather(
            std::move(f), std::move(then), [this] { return running(); }, certainly);
    }

    /// To be called once with a result, wherever that is.
    template <class Handler>
    auto completes(Handler handler)
    {
        return std::make_shared<detail::completion<Handler>>(std::move(handler),
                                                             this->context_.get_executor());
    }

    crew_type& crew() noexcept { return crew_; }

    std::atomic<state> state_{state::stopped};

private:
    using stop_handler = std::function<void(bool)>;
    using signal_set = boost::asio::basic_signal_set<executor>;

    /// Stops the run that is on now, and not one that may have begun when the task comes to it.
    CRIER_COLD void stop_run(stop_options how, stop_handler then)
    {
        crew_.first().submit(
            [this, how, meant = run_.load(), ran = running(), then = std::move(then)]() mutable {
                const bool over = state_ == state::stopped || run_ != meant;
                if (then && over)
                    return then(!ran || run_ != meant || drained_);
                if (then)
                    on_stop_.push_back(std::move(then));
                if (!over)
                    begin_drain(how);
            });
    }

    CRIER_COLD void begin_drain(stop_options how)
    {
        state_ = state::draining;
        crew_.drain(how, [this, meant = run_.load()](bool in_time) {
            if (state_ == state::draining && run_ == meant) // else run() has ended it already
                become_stopped(in_time);
        });
    }

    CRIER_COLD void end_now()
    {
        crew_.end_now();
        become_stopped(false);
    }

    CRIER_COLD void become_stopped(bool in_time)
    {
        drained_ = in_time;
        state_ = state::stopped;
        crew_.finish();
        if (signals_) {
            ++listens_;
            signals_->cancel();
            signals_->clear();
            if (this->own_context_) // behind those who are told, and may start it again
                on_stop_.push_back([this](bool) {
                    if (state_ == state::stopped)
                        this->context_.stop();
                });
        }
        for (stop_handler& then : std::exchange(on_stop_, {}))
            boost::asio::post(this->context_, [then = std::move(then), in_time] { then(in_time); });
    }

    hooks_type hooks_ = component<hooks_type, list::hooks_at>();
    observer_type observer_ = component<observer_type, list::observer_at>();
    registry_type registry_ =
        component<registry_type, list::registry_at>(); // its tables may refer to it
    crew_type crew_{this->context_, component<typename list::threads_type, list::threads_at>(),
                    registry_, hooks_, observer_};
    std::vector<stop_handler> on_stop_; // of those who wait for it
    signal_set* signals_ = nullptr;     // run()'s
    std::atomic<unsigned> run_{0};      // how many times it was started
    unsigned listens_ = 0;              // changes when run() begins to listen for signals, and ends
    bool drained_ = false;

    /// The component at this place, or a default one.
    template <class T, std::size_t At>
    T component() const
    {
        if constexpr (At < sizeof...(Components))
            return std::get<At>(this->components_);
        else
            return T{};
    }
};

} // namespace crier

#endif
