#ifndef CRIER_DETAIL_CREW_HPP
#define CRIER_DETAIL_CREW_HPP

#include <crier/config.hpp>
#include <crier/counters.hpp>
#include <crier/detail/components.hpp>
#include <crier/detail/linked_board.hpp>
#include <crier/detail/shard.hpp>
#include <crier/detail/site.hpp>
#include <crier/stop_options.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

namespace crier::detail {

/// Several threads that do a server's work, each with a site of its own. The first is the one that
/// runs the server's io_context; the others are here while the server runs.
///
/// Thread safety: of(), submit() and gather() from any thread, all else on the first thread.
template <class Threads, class... Components>
class crew
{
    using list = component_list<Components...>;
    using registry_type = typename list::registry_type;
    static_assert(registry_routes<registry_type>,
                  "a server with crier::threads needs a registry with `static std::string_view "
                  "route(std::string_view uid)`: uids that one visit may reach have the same route "
                  "(crier/concepts/registry.hpp)");

    template <class Component>
    static consteval bool has_moving_streams()
    {
        if constexpr (listener<Component>)
            return stream_moves<typename Component::transport_type>;
        return true;
    }
    static_assert((has_moving_streams<Components>() && ...),
                  "a server with crier::threads needs transports whose stream has "
                  "`void move_to(crier::executor) noexcept` (crier/concepts/transport.hpp)");

public:
    using board_type = linked_board<registry_type>;
    using site_type = site<board_type, Components...>;
    static constexpr bool has_threads = true;

    template <class Hooks, class Observer>
    CRIER_COLD crew(boost::asio::io_context& context, const Threads& options,
                    const registry_type& r, Hooks& h, Observer& o)
        : context_(context)
    {
        const std::size_t count =
            options.count ? options.count : std::max(1u, std::thread::hardware_concurrency());
        std::vector<board_type*> boards;
        for (std::size_t i = 0; i < count; ++i) {
            auto& w = members_.emplace_back(std::make_unique<member>());
            boost::asio::io_context& its = i == 0 ? context : w->own.emplace(hint);
            w->here.emplace(its.get_executor(), r, h, o);
            w->here->home->number(i + 1, count);
            if constexpr (requires { options.busy_poll; })
                w->here->home->busy_poll(options.busy_poll);
            boards.push_back(&w->here->board);
        }
        const siphash key = siphash::random_key();
        for (std::size_t i = 0; i < count; ++i)
            boards[i]->link(boards, i, key);
    }

    site_type& first() noexcept { return *members_.front()->here; }
    site_type& of(std::string_view uid) noexcept { return at(first().board.owner(uid)); }
    site_type& at(std::size_t i) noexcept { return *members_[i]->here; }
    std::size_t size() const noexcept { return members_.size(); }

    CRIER_COLD void start(typename site_type::components& all)
    {
        try {
            for (auto& w : members_)
                w->here->listen(all, w == members_.front() ? nullptr : &first());
            introduce();
            for (auto& w : members_) {
                w->here->board.let_move(true);
                w->here->start();
            }
            waiting_for_ = 0;
            draining_ = false;
            run();
        } catch (...) {
            end_now();
            finish();
            throw;
        }
    }

    /// Two rounds: when nobody accepts or moves connections any more, all of them are where they
    /// are to be closed.
    CRIER_COLD void drain(const stop_options& how, std::function<void(bool)> done)
    {
        if (done_) { // may be shorter now
            how_.timeout = std::min(how_.timeout, how.timeout);
            how_.spread = std::min(how_.spread, how.spread);
            if (draining_)
                drain_all(how, true);
            return;
        }
        done_ = std::move(done);
        how_ = how;
        in_time_ = true;
        waiting_for_ = size();
        for (auto& w : members_)
            w->here->submit([this, &here = *w->here, meant = drain_] {
                here.stop_loops();
                here.board.let_move(false);
                first().submit([this, meant] {
                    if (meant == drain_)
                        settled();
                });
            });
    }

    /// All are stopped. Waits for the threads, which have nothing left to do.
    CRIER_COLD void finish()
    {
        first().home->attentive(false);
        for (auto& w : members_)
            if (w->thread.joinable())
                w->here->submit([&here = *w->here] { here.home->attentive(false); });
        for (auto& w : members_)
            if (w->thread.joinable())
                w->thread.join();
        for (auto& w : members_) {
            w->here->home->attentive(false);
            w->here->forget_loops();
        }
        sweep();
    }

    CRIER_COLD void end_now()
    {
        forget_drain();
        halt();
        sweep(); // what was on its way arrives
        arrive_at_first();
        for (auto& w : members_)
            w->here->home->abort_all();
        sweep();
        forget_drain();
    }

    CRIER_COLD void abandon()
    {
        halt();
        for (auto& w : members_)
            w->here->home->drop_tasks();
        for (auto& w : members_)
            w->here->home->abort_all();
        for (auto& w : members_)
            w->here->home->abandon();
    }

    /// Runs f() on that site's thread, if the server is running, and else on whatever thread runs
    /// the server's io_context. `running` is asked when it is on its way.
    template <class F, class Running>
    void submit(site_type& to, F f, Running running)
    {
        to.submit(std::move(f));
        if (!running() && &to != &first())
            first().submit([this] { sweep(); });
    }

    /// Runs f(site) on all threads and then, on one of them, then(sum of the results). If that is to
    /// be certain, as with submit(); else without a lock, at once on the thread that calls, if it is
    /// one of them, and if the server stops meanwhile it may come to nothing.
    template <class F, class Then, class Running>
    void gather(F f, Then then, Running running, bool certainly)
    {
        using result = decltype(f(first()));
        struct round
        {
            round(F function, Then continuation, std::size_t n)
                : f(std::move(function)), then(std::move(continuation)), left(n)
            {}

            void take(site_type& s)
            {
                result part = f(s);
                {
                    const std::lock_guard lock(mutex);
                    sum += part;
                    if (--left != 0)
                        return;
                }
                then(sum);
            }

            F f;
            Then then;
            std::mutex mutex;
            std::size_t left;
            result sum{};
        };
        const auto r = std::make_shared<round>(std::move(f), std::move(then), size());
        site_type* mine = nullptr;
        for (auto& w : members_)
            if (certainly)
                w->here->submit([r, &here = *w->here] { r->take(here); });
            else if (!mine && w->here->is_here())
                mine = &*w->here;
            else
                w->here->hand_over([r, &here = *w->here] { r->take(here); });
        if (mine)
            r->take(*mine);
        if (certainly && !running())
            first().submit([this] { sweep(); });
    }

    /// While nothing runs but the calling thread.
    CRIER_COLD counters counts() const
    {
        counters sum;
        for (auto& w : members_)
            sum += w->here->home->counts;
        return sum;
    }

private:
    // One thread runs each, others only post.
    static constexpr int hint = BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO;

    struct member
    {
        std::optional<boost::asio::io_context> own; // none for the first
        std::optional<site_type> here;
        std::thread thread;
        bool draining = false; // its own thread's
    };

    /// Tells each listener's roles of each other.
    CRIER_COLD void introduce()
    {
        for (std::size_t i = 0; i < site_type::listeners; ++i) {
            roles_[i].clear();
            for (auto& w : members_)
                roles_[i].push_back(w->here->roles()[i]);
            for (role* r : roles_[i])
                if (r)
                    r->everywhere = &roles_[i];
        }
    }

    CRIER_COLD void run()
    {
        sigset_t all, before;
        sigfillset(&all);
        for (std::size_t i = 1; i < size(); ++i) {
            member& w = *members_[i];
            w.own->restart();
            // Signals are for the threads of the program.
            ::pthread_sigmask(SIG_BLOCK, &all, &before);
            try {
                w.thread = std::thread([this, &w] { work(w); });
            } catch (...) {
                ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
                throw;
            }
            ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
            ::pthread_setname_np(w.thread.native_handle(), ("crier-" + std::to_string(i)).c_str());
        }
    }

    CRIER_COLD void work(member& w)
    {
        for (;;) {
            try {
                w.own->run();
                return;
            } catch (...) { // leaves the run() of the program
                boost::asio::post(context_, [thrown = std::current_exception()] {
                    std::rethrow_exception(thrown);
                });
            }
        }
    }

    /// The threads end, whatever they have to do.
    CRIER_COLD void halt()
    {
        for (auto& w : members_)
            if (w->own)
                w->own->stop();
        for (auto& w : members_)
            if (w->thread.joinable())
                w->thread.join();
        for (auto& w : members_) {
            w->here->stop_loops();
            w->here->board.let_move(false);
        }
    }

    /// What is on its way to the first thread, while its io_context may be run no more.
    CRIER_COLD void arrive_at_first()
    {
        until_nothing_is_thrown([this] { first().home->do_tasks(); });
    }

    /// What is thrown is the program's own: another run() shall tell, and here it goes on.
    template <class F>
    CRIER_COLD void until_nothing_is_thrown(F f)
    {
        for (bool again = true; again;) {
            again = false;
            try {
                f();
            } catch (...) {
                again = true;
                boost::asio::post(context_, [thrown = std::current_exception()] {
                    std::rethrow_exception(thrown);
                });
            }
        }
    }

    /// What its steps still have to tell counts for nothing.
    CRIER_COLD void forget_drain()
    {
        ++drain_;
        draining_ = false;
        done_ = nullptr;
    }

    /// Does here what was posted to threads that do not run.
    CRIER_COLD void sweep()
    {
        for (auto& w : members_)
            if (w->own && !w->thread.joinable())
                until_nothing_is_thrown([&own = *w->own] {
                    own.restart();
                    own.poll();
                });
    }

    CRIER_COLD void settled()
    {
        if (--waiting_for_ != 0)
            return;
        waiting_for_ = size();
        draining_ = true;
        drain_all(how_, false);
    }

    CRIER_COLD void drain_all(const stop_options& how, bool again)
    {
        for (auto& w : members_)
            w->here->submit([this, how, again, m = w.get(), meant = drain_] {
                if (again && !m->draining)
                    return; // through
                m->draining = true;
                m->here->home->drain(how, [this, m, meant](bool in_time) {
                    m->draining = false;
                    first().submit([this, in_time, meant] {
                        if (meant == drain_)
                            drained(in_time);
                    });
                });
            });
    }

    CRIER_COLD void drained(bool in_time)
    {
        in_time_ = in_time_ && in_time;
        if (--waiting_for_ != 0)
            return;
        draining_ = false;
        ++drain_;
        std::exchange(done_, nullptr)(in_time_);
    }

    boost::asio::io_context& context_;
    std::vector<std::unique_ptr<member>> members_;
    std::array<std::vector<role*>, site_type::listeners> roles_;

    std::function<void(bool)> done_; // not null while draining
    stop_options how_;
    std::size_t drain_ = 0;       // which one it is
    std::size_t waiting_for_ = 0; // sites
    bool draining_ = false;       // in the second round
    bool in_time_ = true;
};

} // namespace crier::detail

#endif
