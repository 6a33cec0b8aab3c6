#ifndef CRIER_SERVER_HPP
#define CRIER_SERVER_HPP

#include <crier/config.hpp>
#include <crier/counters.hpp>
#include <crier/detail/accept_loop.hpp>
#include <crier/detail/components.hpp>
#include <crier/detail/delivery.hpp>
#include <crier/detail/shard.hpp>
#include <crier/listener.hpp>

#include <boost/asio/basic_signal_set.hpp>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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
/// from crier::observer. The constructor takes their options in the same order; those at the end may
/// be left out:
///
///     server();  server(a);  server(a, b);  ...          // runs on an io_context of its own
///     server(io_context&);  server(io_context&, a);  ... // runs on yours, which one thread runs
///
/// Thread safety: stop() and running() from any thread. All else, the destructor included, on the
/// thread that runs the io_context, or while nobody runs it.
///
/// Lifetime: the destructor ends all connections at once; call stop() before, and let it finish,
/// for a close in order. A user's io_context must outlive the server.
template <class... Components>
class server
    : public detail::component_constructors<detail::component_storage<Components...>,
                                            std::make_index_sequence<sizeof...(Components)>>
{
    static_assert((detail::check_component<Components>() && ...));
    static_assert((listener<Components> || ...), "a server needs at least one listener");
    static_assert((registry<Components> + ... + 0) <= 1, "a server has one registry");
    static_assert((server_hooks<Components> + ... + 0) <= 1, "a server has one hooks class");
    static_assert((server_observer<Components> + ... + 0) <= 1, "a server has one observer");

    using constructors =
        detail::component_constructors<detail::component_storage<Components...>,
                                       std::make_index_sequence<sizeof...(Components)>>;
    using list = detail::component_list<Components...>;

public:
    using registry_type = typename list::registry_type;
    using hooks_type = typename list::hooks_type;
    using observer_type = typename list::observer_type;

    /// How long stop() lets connections finish, unless told otherwise.
    static constexpr std::chrono::milliseconds default_drain_timeout{5'000};

    using constructors::constructors;

    CRIER_COLD ~server()
    {
        for_each_loop([](auto& loop) { loop.stop(); });
        shard_->abort_all();
        shard_->abandon();
    }

    /// Starts to listen; the io_context does the rest. Throws boost::system::system_error, with the
    /// address and the reason in its text, and is stopped as before then.
    /// Precondition: not running.
    CRIER_COLD void start()
    {
        try {
            listen(std::index_sequence_for<Components...>{});
        } catch (...) {
            for_each_loop([](auto& loop) { loop.stop(); });
            loops_ = {};
            throw;
        }
        for_each_loop([](auto& loop) { loop.start(); });
        state_ = state::running;
    }

    /// Starts, and runs the io_context on this thread until SIGINT, SIGTERM or stop(); then drains:
    /// accepts no more, writes what is queued, closes all connections (1001). A second signal ends
    /// everything at once. Returns true if all connections were closed in order within the time. An
    /// io_context of yours that has other work holds it up until that is done.
    ///
    /// Throws what start() throws. To do something between the two (ask for addresses(), say), call
    /// start() and run the io_context instead.
    CRIER_COLD bool run(std::chrono::milliseconds drain_timeout = default_drain_timeout)
    {
        using signal_set = boost::asio::basic_signal_set<executor>;
        signal_set signals(this->context_, SIGINT, SIGTERM);
        drained_ = false;
        signals.async_wait([&](error_code ec, int) {
            if (ec)
                return;
            signals.async_wait([this](error_code second, int) {
                if (!second)
                    this->context_.stop();
            });
            stop(drain_timeout);
        });
        start();
        struct forgetting // when run() is left by an exception too
        {
            std::function<void()>& f;
            ~forgetting() { f = nullptr; }
        } const guard{on_stopped_};
        on_stopped_ = [&signals] { signals.cancel(); };
        this->context_.restart();
        this->context_.run();
        if (state_ != state::stopped) // cut short
            end_now();
        return drained_;
    }

    /// Stops in order, as described for run(). What is not closed within the time is cut off: a peer
    /// that never closes its side holds a stop up for limits::close_timeout, or this time.
    /// `then` is called on the server's thread when all is over; never if a second signal cut run()
    /// short, or the server is destroyed before. Does nothing if not running.
    ///
    /// Thread safety: any thread. It may be called from hooks and signal_set handlers, not from
    /// signal handlers.
    CRIER_COLD void stop(std::chrono::milliseconds drain_timeout = default_drain_timeout,
                         std::function<void()> then = {})
    {
        submit([this, drain_timeout, then = std::move(then)]() mutable {
            begin_drain(drain_timeout, std::move(then));
        });
    }

    /// True from start() until a stop is complete. Thread safety: any thread.
    bool running() const noexcept { return state_ != state::stopped; }

    /// Where the listeners listen, in the order of the components: "0.0.0.0:1234". While running.
    CRIER_COLD std::vector<std::string> addresses() const
    {
        std::vector<std::string> all;
        const_cast<server*>(this)->for_each_loop(
            [&](auto& loop) { all.push_back(loop.address()); });
        return all;
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

    /// What was counted so far.
    const counters& counts() const noexcept { return shard_->counts; }

    /// The hooks, as the server uses them: its own copy, to be filled before start(), say.
    hooks_type& hook() noexcept { return hooks_; }

    /// The observer, as the server uses it: its own copy.
    observer_type& observer() noexcept { return observer_; }

    boost::asio::io_context& context() noexcept { return this->context_; }

    /// For tests: moves the server's time on, and does what falls due then.
    void advance(std::chrono::milliseconds by) { shard_->advance(by); }

protected:
    enum class state : unsigned char { stopped, running, draining };

    /// Runs f on the server's thread, later. Thread safety: any thread.
    template <class F>
    void submit(F f)
    {
        struct call final : detail::task
        {
            explicit call(F&& function) : f(std::move(function)) {}
            void run() override { f(); }
            F f;
        };
        shard_->submit(*new call(std::move(f)));
    }

    bool on_server_thread() const noexcept
    {
        return shard_->get_executor().running_in_this_thread();
    }

    detail::switchboard<registry_type>& board() noexcept { return board_; }
    std::atomic<state> state_{state::stopped};

private:
    using around = detail::surroundings<registry_type, hooks_type, observer_type>;

    template <class Component>
    struct parts // of a component that is no listener
    {
        struct none
        {};
        using role_type = none;
        using loop_type = none;
    };

    template <listener Component>
    struct parts<Component>
    {
        using role_type = typename decltype(std::declval<Component&>().make_role(
            std::declval<const around&>()))::element_type;
        using loop_type =
            detail::accept_loop<typename Component::transport_type, typename Component::codec_type>;
    };

    template <std::size_t... I>
    CRIER_COLD void listen(std::index_sequence<I...>)
    {
        (listen_one<I>(), ...);
    }

    template <std::size_t I>
    CRIER_COLD void listen_one()
    {
        using component = std::tuple_element_t<I, std::tuple<Components...>>;
        if constexpr (listener<component>) {
            component& options = std::get<I>(this->components_);
            auto& role = std::get<I>(roles_);
            if (!role) {
                role = options.make_role(around{board_, hooks_, observer_});
                role->max_unfinished_bytes = options.codec.max_unfinished_bytes();
                shard_->prepare(*role);
            }
            auto transport = options.transport;
            if constexpr (detail::is_backend<component> && requires { transport.inner(); })
                transport = transport.inner();
            std::get<I>(loops_) = std::make_shared<typename parts<component>::loop_type>(
                shard_, *role, transport, options.codec);
        }
    }

    template <class F>
    void for_each_loop(F f)
    {
        std::apply([&](auto&... loop) { (visit_loop(f, loop), ...); }, loops_);
    }

    template <class F, class Loop>
    static void visit_loop(F& f, std::shared_ptr<Loop>& loop)
    {
        if constexpr (requires { loop->stop(); })
            if (loop)
                f(*loop);
    }

    CRIER_COLD void begin_drain(std::chrono::milliseconds timeout, std::function<void()> then)
    {
        if (state_ != state::running)
            return;
        state_ = state::draining;
        for_each_loop([](auto& loop) { loop.stop(); });
        shard_->drain(timeout, [this, then = std::move(then)](bool in_time) {
            if (state_ != state::draining)
                return; // run() has ended it already
            drained_ = in_time;
            state_ = state::stopped;
            loops_ = {};
            if (then)
                then();
            if (on_stopped_)
                on_stopped_();
        });
    }

    CRIER_COLD void end_now()
    {
        for_each_loop([](auto& loop) { loop.stop(); });
        loops_ = {};
        shard_->abort_all();
        state_ = state::stopped;
    }

    std::shared_ptr<detail::shard> shard_ =
        std::make_shared<detail::shard>(this->context_.get_executor());
    hooks_type hooks_ = component<hooks_type, list::hooks_at>();
    observer_type observer_ = component<observer_type, list::observer_at>();
    detail::switchboard<registry_type> board_{*shard_,
                                              component<registry_type, list::registry_at>()};
    std::tuple<std::unique_ptr<typename parts<Components>::role_type>...> roles_;
    std::tuple<std::shared_ptr<typename parts<Components>::loop_type>...> loops_;
    std::function<void()> on_stopped_;
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
