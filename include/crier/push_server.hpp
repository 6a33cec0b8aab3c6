#ifndef CRIER_PUSH_SERVER_HPP
#define CRIER_PUSH_SERVER_HPP

#include <crier/message.hpp>
#include <crier/push_result.hpp>
#include <crier/receivers.hpp>
#include <crier/server.hpp>
#include <crier/utf8.hpp>

#include <boost/asio/async_result.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier {

/// A server whose clients are told what back ends, and the program itself, have to say to them.
///
/// Example:
///     using push = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
///                                     crier::backend<crier::tcp, crier::text_line>>;
///     push server{{.transport = {.port = 1234}}, {.transport = {.port = 5678}}};
///     server.run();
///
/// See server for components, constructors, start, run and stop.
///
/// Thread safety: push, broadcast, join, leave, async_push and async_broadcast from any thread, as
/// stop.
template <class... Components>
class push_server : public detail::after<server<Components...>, sizeof(Components)...>
{
    static_assert((detail::is_clients<Components> || ...),
                  "a push_server needs at least one clients<> listener");

    using base = server<Components...>;

public:
    using base::base;

    /// Queues a message for all connections of a uid, as the registry has them. On the server's
    /// thread (in hooks, say) the result is exact. On another thread a copy is handed over, in the
    /// order of that thread's calls, and the result is push_status::posted; use async_push to learn
    /// more. That takes no lock and waits for nobody, so it may be called from destructors and time
    /// critical threads. Nothing bounds what waits for the server's thread, either: who pushes
    /// without a pause paces itself by async_push. What is handed over while the server stops may find
    /// it stopped, and is dropped then. Throws std::bad_alloc.
    push_result push(std::string_view uid, message_view message)
    {
        if (uid.empty() || !is_valid(message))
            return {push_status::invalid};
        if (!this->running())
            return {push_status::stopped};
        auto& at = this->crew().of(uid);
        if (at.is_here())
            return push_at(at, uid, message);
        return post(at, [this, &at, to = std::string(uid), m = owned(message)] {
            push_at(at, to, m.view());
        });
    }

    /// The same for several uids, a topic, or everybody. With several threads (crier::threads) the
    /// result is push_status::posted on each of them.
    push_result push(const receivers& to, message_view message)
    {
        if (!is_valid(to, message))
            return {push_status::invalid};
        if (!this->running())
            return {push_status::stopped};
        if constexpr (base::has_threads) {
            if (this->crew().size() > 1) {
                push_everywhere(to, message, false, [](const push_result&) {});
                return {push_status::posted};
            }
        }
        auto& at = this->crew().first();
        if (at.is_here())
            return push_to(to, message);
        return post(at, [this, to, m = owned(message)] { push_to(to, m.view()); });
    }

    /// Queues a message for every registered connection. Otherwise as push.
    push_result broadcast(message_view message) { return push(receivers::everybody(), message); }

    /// Lets all connections that a uid has now join a topic; those that come later do not. The
    /// result counts the connections that are in it, and those that could not join. Otherwise as
    /// push. One connection: connection::join.
    push_result join(std::string_view uid, std::string_view topic)
    {
        return change_topic(uid, topic, true);
    }

    /// Lets them leave it. The result counts those that were in it.
    push_result leave(std::string_view uid, std::string_view topic)
    {
        return change_topic(uid, topic, false);
    }

    /// As push, and completes with the exact result: `void(push_result)`, on the handler's
    /// executor. The uid and the message are copied. If the server is destroyed before it came to
    /// it, the handler is destroyed without a call.
    template <class Token>
    auto async_push(std::string_view uid, message_view message, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(push_result)>(
            [](auto handler, push_server* self, std::string to, owned m) {
                auto& at = self->crew().of(to);
                self->submit_with_result(
                    at, std::move(handler), [self, &at, to = std::move(to), m = std::move(m)] {
                        return to.empty() || !is_valid(m.view()) ? push_result{push_status::invalid}
                                                                 : self->push_at(at, to, m.view());
                    });
            },
            token, this, std::string(uid), owned(message));
    }

    /// The same for several uids, a topic, or everybody.
    template <class Token>
    auto async_push(receivers to, message_view message, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(push_result)>(
            [](auto handler, push_server* self, receivers whom, owned m) {
                if constexpr (base::has_threads) {
                    if (self->crew().size() > 1 && self->running() && is_valid(whom, m.view()))
                        return self->push_everywhere(whom, m.view(), true,
                                                     [then = self->completes(std::move(handler))](
                                                         const push_result& r) { (*then)(r); });
                }
                self->submit_with_result(self->crew().first(), std::move(handler),
                                         [self, whom = std::move(whom), m = std::move(m)] {
                                             return !is_valid(whom, m.view())
                                                        ? push_result{push_status::invalid}
                                                        : self->push_to(whom, m.view());
                                         });
            },
            token, this, std::move(to), owned(message));
    }

    /// As broadcast, with the exact result. Otherwise as async_push.
    template <class Token>
    auto async_broadcast(message_view message, Token&& token)
    {
        return async_push(receivers::everybody(), message, std::forward<Token>(token));
    }

private:
    /// A message that outlives the call.
    struct owned
    {
        explicit owned(message_view m) : text(m.data), kind(m.kind) {}
        message_view view() const noexcept { return {text, kind}; }
        std::string text;
        message_kind kind;
    };

    using site_type = typename base::site_type;

    template <class F>
    push_result post(site_type& to, F f)
    {
        to.hand_over(std::move(f));
        return {push_status::posted};
    }

    static bool is_valid(message_view message) noexcept
    {
        return message.kind != message_kind::text || is_valid_utf8(message.data);
    }

    /// As a back end's line: each name that is given must be one.
    CRIER_COLD static bool is_valid(const receivers& to, message_view message) noexcept
    {
        const auto& names = to.names();
        return is_valid(message) &&
               (to.kind() == receivers::kind_everybody ||
                (!names.empty() && std::none_of(names.begin(), names.end(),
                                                [](const auto& name) { return name.empty(); })));
    }

    push_result push_at(site_type& at, std::string_view uid, message_view message)
    {
        if (!this->running())
            return {push_status::stopped};
        return observed(at.board.deliver(uid, message), false);
    }

    /// What one thread, or several, did for a push.
    struct reached
    {
        detail::delivered result{};
        bool stopped = true; // all of them

        reached& operator+=(const reached& other) noexcept
        {
            result += other.result;
            stopped = stopped && other.stopped;
            return *this;
        }
    };

    /// On several threads; then(result) on one of them.
    template <class Then>
    CRIER_COLD void push_everywhere(const receivers& to, message_view message, bool certainly,
                                    Then then)
    {
        auto what = site_type::board_type::request_for(to, message);
        this->gather(
            [this, what = std::move(what)](site_type& at) {
                reached r;
                if (this->running()) {
                    r.result = what.carry_out(at.board);
                    r.stopped = false;
                }
                return r;
            },
            [this, to_all = to.kind() == receivers::kind_everybody,
             then = std::move(then)](const reached& r) mutable {
                then(r.stopped ? push_result{push_status::stopped} : observed(r.result, to_all));
            },
            certainly);
    }

    CRIER_COLD push_result push_to(const receivers& to, message_view message)
    {
        if (!this->running())
            return {push_status::stopped};
        std::vector<std::string_view> names(to.names().begin(), to.names().end());
        std::vector<std::string_view> except(to.excepted().begin(), to.excepted().end());
        std::sort(except.begin(), except.end());
        switch (to.kind()) {
        case receivers::kind_uids:
            std::erase_if(names, [&](std::string_view uid) {
                return std::binary_search(except.begin(), except.end(), uid);
            });
            return observed(this->crew().first().board.deliver_to(names, message), false);
        case receivers::kind_topic:
            return observed(this->crew().first().board.publish(names.front(), message, except),
                            false);
        case receivers::kind_everybody:
            break;
        }
        return observed(this->crew().first().board.deliver_all(message, except), true);
    }

    push_result observed(detail::delivered d, bool to_all)
    {
        const push_result result = result_of(d, to_all);
        this->observer().on_push(result);
        return result;
    }

    static push_result result_of(detail::delivered d, bool to_all) noexcept
    {
        const push_status status = d.queued || to_all ? push_status::queued
                                   : d.dropped        ? push_status::dropped
                                                      : push_status::no_receiver;
        return {status, d.queued, d.dropped};
    }

    CRIER_COLD push_result change_topic(std::string_view uid, std::string_view topic, bool join)
    {
        if (uid.empty() || topic.empty())
            return {push_status::invalid};
        if (!this->running())
            return {push_status::stopped};
        auto& at = this->crew().of(uid);
        if (at.is_here())
            return change_topic_at(at, uid, topic, join);
        return post(at, [this, &at, uid = std::string(uid), topic = std::string(topic), join] {
            change_topic_at(at, uid, topic, join);
        });
    }

    CRIER_COLD push_result change_topic_at(site_type& at, std::string_view uid,
                                           std::string_view topic, bool join)
    {
        auto& board = at.board;
        return result_of(join ? board.join(topic, {&uid, 1}) : board.leave(topic, {&uid, 1}),
                         false);
    }
};

} // namespace crier

#endif
