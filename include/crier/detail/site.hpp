#ifndef CRIER_DETAIL_SITE_HPP
#define CRIER_DETAIL_SITE_HPP

#include <crier/concepts/transport.hpp>
#include <crier/config.hpp>
#include <crier/detail/accept_loop.hpp>
#include <crier/detail/components.hpp>
#include <crier/detail/delivery.hpp>
#include <crier/detail/guarded_role.hpp>
#include <crier/detail/shard.hpp>
#include <crier/listener.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace crier::detail {

/// A task that calls a function.
template <class F>
struct call final : task
{
    explicit call(F&& function) : f(std::move(function)) {}
    void run() override { f(); }
    F f;
};

/// One thread's part of a server: a shard, the receivers in it, and for each listener a role and an
/// accept loop.
///
/// Thread safety: submit(), hand_over() and is_here() from any thread; all else on the one that runs
/// the executor, or while nobody runs it.
template <class Board, class... Components>
class site
{
    using list = component_list<Components...>;
    using hooks_type = typename list::hooks_type;
    using observer_type = typename list::observer_type;
    using around = surroundings<Board, hooks_type, observer_type>;

public:
    using components = std::tuple<Components...>;
    using board_type = Board;
    static constexpr std::size_t listeners = sizeof...(Components);

    /// Lifetime: hooks and observer outlive it.
    CRIER_COLD site(executor ex, const typename list::registry_type& options, hooks_type& h,
                    observer_type& o)
        : home(std::make_shared<shard>(ex)), board(*home, options), around_{board, h, o}
    {}

    /// Begins to listen, or to take a part of what the first site accepts. Throws
    /// boost::system::system_error, with the address and the reason in its text.
    CRIER_COLD void listen(components& options, site* first)
    {
        listen(options, first, std::index_sequence_for<Components...>{});
    }

    CRIER_COLD void start()
    {
        for_each_loop([](auto& loop) { loop.start(); });
        home->attentive(true);
    }

    CRIER_COLD void stop_loops()
    {
        for_each_loop([](auto& loop) { loop.stop(); });
    }

    CRIER_COLD void forget_loops() { loops_ = {}; }

    CRIER_COLD std::vector<std::string> addresses()
    {
        std::vector<std::string> all;
        for_each_loop([&](auto& loop) { all.push_back(loop.address()); });
        return all;
    }

    /// The role of each listener, null for a component that is none.
    std::array<role*, listeners> roles() noexcept
    {
        return std::apply([](auto&... r) { return std::array<role*, listeners>{as_role(r)...}; },
                          roles_);
    }

    template <class F>
    void submit(F f)
    {
        home->submit(*new call<F>(std::move(f)));
    }

    template <class F>
    void hand_over(F f)
    {
        home->hand_over(*new call<F>(std::move(f)));
    }

    bool is_here() const noexcept { return home->get_executor().running_in_this_thread(); }

    const std::shared_ptr<shard> home;
    Board board;

private:
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
        using loop_type = accept_loop<typename Component::transport_type,
                                      typename Component::codec_type, Board::is_linked>;
    };

    template <std::size_t... I>
    CRIER_COLD void listen(components& options, site* first, std::index_sequence<I...>)
    {
        (listen_one<I>(options, first), ...);
    }

    template <std::size_t I>
    CRIER_COLD void listen_one(components& all, site* first)
    {
        using component = std::tuple_element_t<I, components>;
        if constexpr (listener<component>) {
            component& options = std::get<I>(all);
            auto& r = std::get<I>(roles_);
            if (!r || !r->entrance) { // the last that it gets: what failed before is made anew
                r = options.make_role(around_);
                r->max_unfinished_bytes = options.codec.max_unfinished_bytes();
                home->prepare(*r);
                r->entrance = first ? std::get<I>(first->roles_)->entrance : entrance_of(options);
            }
            auto transport = options.transport;
            if constexpr (is_backend<component> && requires { transport.inner(); })
                transport = transport.inner();
            auto& loop = std::get<I>(loops_);
            loop = std::make_shared<typename parts<component>::loop_type>(home, *r, options.codec);
            if constexpr (Board::is_linked) {
                if (first)
                    return join<component>(*loop, transport, *std::get<I>(first->loops_));
            }
            loop->listen(transport);
            if (!is_guarded(options) && !is_private(*loop->listens())) {
                std::string what = "will not listen on " + loop->address();
                loop->stop();
                if constexpr (!acceptor_tells_reach<decltype(component::transport)>)
                    what += ", of which its transport does not say who can connect "
                            "(acceptor::is_private)";
                throw boost::system::system_error(error::exposed, what);
            }
        }
    }

    template <class Component>
    CRIER_COLD static std::shared_ptr<gate> entrance_of(const Component& options)
    {
        const admission how = [&] {
            if constexpr (requires { options.admission; })
                return options.admission;
            else
                return admission{};
        }();
        if constexpr (!stream_names_source<decltype(Component::transport)>)
            if (how.max_connections_per_address != 0)
                throw boost::system::system_error(
                    make_error_code(boost::system::errc::invalid_argument),
                    "max_connections_per_address needs a transport that says where a connection "
                    "comes from (stream::source)");
        return std::make_shared<gate>(how, is_backend<Component> ? 0 : 64,
                                      is_clients<Component> ? 10'000 : 0);
    }

    /// False if whoever can connect may push to everybody.
    template <class Component>
    static bool is_guarded([[maybe_unused]] const Component& options)
    {
        if constexpr (is_backend<Component>) {
            if constexpr (authenticator_admits_all<typename Component::authenticator_type>)
                return options.open_to_all || !options.authenticator.admits_all();
        }
        return true;
    }

    template <class Acceptor>
    static bool is_private([[maybe_unused]] const Acceptor& a)
    {
        if constexpr (requires { a.is_private(); })
            return a.is_private();
        else
            return false; // it does not say
    }

    /// Back ends are few and stay: they are dealt out one by one, since the system's way may put all
    /// of them on one thread. Of clients there are many.
    template <class Component, class Loop, class Transport>
    CRIER_COLD void join(Loop& loop, const Transport& transport, Loop& first)
    {
        if constexpr (transport_shares<Transport> && !is_backend<Component>)
            loop.listen(transport.beside(*first.listens()));
        else
            first.deal_to(loop.shared_from_this());
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

    template <class Role>
    static role* as_role(const std::unique_ptr<Role>& r) noexcept
    {
        if constexpr (std::is_base_of_v<role, Role>)
            return r.get();
        else
            return nullptr;
    }

    around around_;
    std::tuple<std::unique_ptr<typename parts<Components>::role_type>...> roles_;
    std::tuple<std::shared_ptr<typename parts<Components>::loop_type>...> loops_;
};

/// Who does a server's work: one thread, the one that runs the io_context. Another one: crew, for
/// crier::threads.
template <class... Components>
class solo
{
    using list = component_list<Components...>;

public:
    using site_type = site<switchboard<typename list::registry_type>, Components...>;
    static constexpr bool has_threads = false;

    template <class Registry, class Hooks, class Observer>
    CRIER_COLD solo(boost::asio::io_context& context, const one_thread&, const Registry& r,
                    Hooks& h, Observer& o)
        : site_(context.get_executor(), r, h, o)
    {}

    site_type& first() noexcept { return site_; }
    site_type& of(std::string_view) noexcept { return site_; }

    CRIER_COLD void start(typename site_type::components& all)
    {
        try {
            site_.listen(all, nullptr);
        } catch (...) {
            site_.stop_loops();
            site_.forget_loops();
            throw;
        }
        site_.start();
    }

    CRIER_COLD void drain(const stop_options& how, std::function<void(bool)> done)
    {
        site_.stop_loops();
        site_.home->drain(how, std::move(done));
    }

    CRIER_COLD void finish()
    {
        site_.forget_loops();
        site_.home->attentive(false);
    }

    CRIER_COLD void end_now()
    {
        site_.stop_loops();
        site_.home->abort_all();
    }

    CRIER_COLD void abandon()
    {
        end_now();
        site_.home->abandon();
    }

private:
    site_type site_;
};

} // namespace crier::detail

#endif
