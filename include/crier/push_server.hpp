#ifndef CRIER_PUSH_SERVER_HPP
#define CRIER_PUSH_SERVER_HPP

#include <crier/message.hpp>
#include <crier/push_result.hpp>
#include <crier/server.hpp>
#include <crier/utf8.hpp>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

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
/// Thread safety: push, async_push, broadcast and async_broadcast from any thread, as stop.
template <class... Components>
class push_server : public server<Components...>
{
    static_assert((detail::is_clients<Components> || ...),
                  "a push_server needs at least one clients<> listener");

    using base = server<Components...>;

public:
    using base::base;

    /// Queues a message for all connections of a uid, as the registry has them. On the server's
    /// thread (in hooks, say) the result is exact. On another thread the message is handed over,
    /// in the order of that thread's calls, and the result is push_status::posted; use async_push
    /// to learn more.
    push_result push(std::string_view uid, message_view message)
    {
        if (uid.empty() || !is_valid(message))
            return {push_status::invalid, 0};
        if (!this->running())
            return {push_status::stopped, 0};
        if (this->on_server_thread())
            return push_here(uid, message);
        this->submit(
            [this, to = std::string(uid), text = std::string(message.data), kind = message.kind] {
                push_here(to, {text, kind});
            });
        return {push_status::posted, 0};
    }

    /// Queues a message for every registered connection. Otherwise as push.
    push_result broadcast(message_view message)
    {
        if (!is_valid(message))
            return {push_status::invalid, 0};
        if (!this->running())
            return {push_status::stopped, 0};
        if (this->on_server_thread())
            return broadcast_here(message);
        this->submit([this, text = std::string(message.data), kind = message.kind] {
            broadcast_here({text, kind});
        });
        return {push_status::posted, 0};
    }

    /// As push, and completes with the exact result: `void(push_result)`, on the handler's
    /// executor. The uid and the message are copied. If the server is destroyed before it came to
    /// it, the handler is destroyed without a call.
    template <class Token>
    auto async_push(std::string_view uid, message_view message, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(push_result)>(
            [](auto handler, push_server* self, std::string to, std::string text,
               message_kind kind) {
                self->submit_with_result(std::move(handler),
                                         [self, to = std::move(to), text = std::move(text), kind] {
                                             return to.empty() || !is_valid({text, kind})
                                                        ? push_result{push_status::invalid, 0}
                                                        : self->push_here(to, {text, kind});
                                         });
            },
            token, this, std::string(uid), std::string(message.data), message.kind);
    }

    /// As broadcast, with the exact result. Otherwise as async_push.
    template <class Token>
    auto async_broadcast(message_view message, Token&& token)
    {
        return boost::asio::async_initiate<Token, void(push_result)>(
            [](auto handler, push_server* self, std::string text, message_kind kind) {
                self->submit_with_result(std::move(handler), [self, text = std::move(text), kind] {
                    return !is_valid({text, kind}) ? push_result{push_status::invalid, 0}
                                                   : self->broadcast_here({text, kind});
                });
            },
            token, this, std::string(message.data), message.kind);
    }

private:
    static bool is_valid(message_view message) noexcept
    {
        return message.kind != message_kind::text || is_valid_utf8(message.data);
    }

    push_result push_here(std::string_view uid, message_view message)
    {
        if (!this->running())
            return {push_status::stopped, 0};
        const std::size_t queued = this->board().deliver(uid, message);
        return {queued ? push_status::queued : push_status::no_receiver, queued};
    }

    push_result broadcast_here(message_view message)
    {
        if (!this->running())
            return {push_status::stopped, 0};
        return {push_status::queued, this->board().deliver_all(message)};
    }

    template <class Handler, class Operation>
    void submit_with_result(Handler handler, Operation operation)
    {
        auto completion =
            boost::asio::get_associated_executor(handler, this->context_.get_executor());
        this->submit([handler = std::move(handler), operation = std::move(operation),
                      work = boost::asio::make_work_guard(completion)]() mutable {
            boost::asio::dispatch(work.get_executor(),
                                  [handler = std::move(handler), result = operation()]() mutable {
                                      std::move(handler)(result);
                                  });
        });
    }
};

} // namespace crier

#endif
