#ifndef CRIER_CONNECTION_HPP
#define CRIER_CONNECTION_HPP

#include <crier/codec/websocket/close_code.hpp>
#include <crier/error.hpp>
#include <crier/message.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace crier {

class connection;

/// Who a process of this machine is, as the system says.
struct process_credentials
{
    unsigned user = 0;  ///< user id
    unsigned group = 0; ///< primary group id
    int process = 0;    ///< process id when it connected; it may be gone, or another's, by now
};

/// Room that uid_registry and latest_only use in each connection, so that they need no nodes.
struct registry_hook
{
    connection* next_same_uid = nullptr;
    connection* previous_same_uid = nullptr;
    connection* next_uid = nullptr;
    std::uint64_t hash = 0;
    std::size_t place = 0;
};

/// What kind of listener a connection came in by.
enum class connection_kind : unsigned char {
    client,  ///< clients<>: says who it is, then listens
    backend, ///< backend<>: says who is to be told what
    peer,    ///< peers<>: messages go to a handler
};

/// One connection, whatever its transport and codec, as hooks, handlers and registries see it.
///
/// Thread safety: none. Used on its thread (that which runs the server; with crier::threads the one
/// that calls), from within hooks, handlers and registries. Lifetime: from on_open until on_close
/// returns; do not keep it longer.
class connection
{
public:
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;

    /// A number that no other connection of this server has or had. Counts from 1.
    std::uint64_t id() const noexcept { return id_; }

    connection_kind kind() const noexcept { return kind_; }

    /// Who the client says it is; empty before it said so, and for back ends.
    std::string_view uid() const noexcept { return uid_; }

    /// The other end's address: "192.0.2.7:50312". In on_close it may be "unknown": the system
    /// forgets it with the connection.
    virtual std::string peer() const = 0;

    /// Who is at the other end of a local socket; nothing for other transports.
    virtual std::optional<process_credentials> credentials() const { return std::nullopt; }

    /// Bytes queued for this connection and not yet given to the system.
    virtual std::size_t queued_bytes() const noexcept = 0;

    /// Queues a message for this connection alone. False, and nothing queued, if the connection is
    /// closing, its codec cannot carry the message, or its outbox is full. What happens then to a
    /// client is for its listener's overflow policy to say (close_slow closes it); a back end or peer
    /// goes on without the message. Text is not checked here: a browser ends a WebSocket over text that
    /// is not UTF-8 (is_valid_utf8).
    virtual bool send(message_view message) = 0;

    /// Closes the connection after what is queued: with the codec's close handshake if it has one.
    /// Does nothing if the connection is closing already. The registry forgets it at the end of the
    /// turn, on_close comes later; so it may be called from anywhere, hooks and registries
    /// included.
    ///
    /// `code` and `reason` are for the peer; what may not stand in a WebSocket's close frame does not
    /// get there (websocket::encode_close). `why` is what on_close and the counters are told.
    virtual void close(close_code code = close_code::normal, std::string_view reason = {},
                       error_code why = error::closed_here) = 0;

    /// From now on it receives what is said for this topic, until it leaves it or closes. False, and
    /// nothing changed, if it is closing or no registered client, the name is empty or longer than
    /// limits::max_uid_bytes, or it is in limits::max_topics already. True if it was in it already.
    ///
    /// No other connection of its uid inherits that: neither after a reconnect, nor the newer one of
    /// latest_only. Join in on_registered what a uid always is in.
    virtual bool join([[maybe_unused]] std::string_view topic) { return false; }

    /// False if it was not in it.
    virtual bool leave([[maybe_unused]] std::string_view topic) { return false; }

    /// For the program's own use; crier leaves it alone. Starts as null.
    void* user_data = nullptr;

    /// For the registry's own use while the connection is bound.
    registry_hook hook;

protected:
    connection(std::uint64_t id, connection_kind kind) noexcept : id_(id), kind_(kind) {}
    ~connection() = default;

    void set_uid(std::string_view uid) { uid_ = uid; }

private:
    std::uint64_t id_;
    connection_kind kind_;
    std::string uid_;
};

} // namespace crier

#endif
