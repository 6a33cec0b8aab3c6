#ifndef CRIER_TEST_MEMORY_TRANSPORT_HPP
#define CRIER_TEST_MEMORY_TRANSPORT_HPP

#include <crier/concepts/transport.hpp>
#include <crier/connection.hpp>
#include <crier/test/memory_network.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace crier::test {

/// Transport: connections of a memory_network. Puts a whole server under test without a socket, a
/// port or a sleep. With one thread: its streams have no move_to, so take crier::threads out for these
/// tests.
///
/// Models: transport.
struct memory_transport
{
    memory_network network{};

    class stream;
    class acceptor;

private:
    friend class acceptor;

    static std::shared_ptr<detail::memory_board> board_of(const memory_network& network)
    {
        return network.board_;
    }
};

/// The server's end of a connection.
class memory_transport::stream
{
public:
    stream(std::shared_ptr<detail::memory_board> board, std::shared_ptr<detail::memory_link> link)
        : board_(std::move(board)), link_(std::move(link))
    {}

    stream(stream&&) = default;
    stream& operator=(stream&&) = default;
    ~stream() { close(); }

    io_result read_some(std::span<char> into)
    {
        if (const auto failed = failure())
            return *failed;
        std::string& waiting = link_->to_server;
        const std::size_t n =
            std::min({into.size(), waiting.size(), board_->behaviour.max_read_bytes});
        if (n == 0)
            return {link_->client_finished ? io_status::eof : io_status::want_read, 0, {}};
        waiting.copy(into.data(), n);
        waiting.erase(0, n);
        return {io_status::ok, n, {}, !waiting.empty() || link_->client_finished};
    }

    io_result write_some(std::span<const iovec> gather)
    {
        if (const auto failed = failure())
            return *failed;
        const memory_behaviour& behaviour = board_->behaviour;
        std::string& sent = link_->to_client;
        std::size_t room =
            behaviour.capacity_bytes - std::min(behaviour.capacity_bytes, sent.size());
        room = std::min(room, behaviour.max_write_bytes);
        std::size_t wanted = 0, written = 0;
        for (const iovec& part : gather) {
            wanted += part.iov_len;
            const std::size_t n = std::min(part.iov_len, room - written);
            sent.append(static_cast<const char*>(part.iov_base), n);
            written += n;
        }
        if (written == 0 && wanted != 0) {
            board_->wants_room(link_);
            return {io_status::want_write, 0, {}};
        }
        return {io_status::ok, written, {}};
    }

    io_result handshake() { return failure().value_or(io_result{io_status::ok, 0, {}, false}); }

    io_result shutdown()
    {
        if (const auto failed = failure())
            return *failed;
        link_->server_finished = true;
        return {};
    }

    void watch(watcher& w)
    {
        link_->told = &w;
        detail::memory_link::tell(link_);
    }

    std::string peer() const { return "memory"; }

    /// What memory_network::connect was given.
    std::optional<process_credentials> credentials() const noexcept { return link_->credentials; }

    void close() noexcept
    {
        if (!link_)
            return;
        link_->told = nullptr;
        link_->server_closed = true;
    }

private:
    std::optional<io_result> failure()
    {
        if (board_->next_operation_fails())
            link_->client_reset = true;
        if (!link_->client_reset)
            return std::nullopt;
        return io_result{io_status::failed, 0, board_->behaviour.failure};
    }

    std::shared_ptr<detail::memory_board> board_;
    std::shared_ptr<detail::memory_link> link_;
};

/// Accepts what memory_network::connect has made.
class memory_transport::acceptor
{
public:
    acceptor(executor ex, const memory_transport& options) : board_(board_of(options.network))
    {
        board_->runs_on = ex;
    }

    ~acceptor() { close(); }

    std::optional<stream> accept(error_code& ec)
    {
        ec = {};
        if (board_->waiting.empty())
            return std::nullopt;
        if (board_->next_operation_fails()) {
            ec = board_->behaviour.failure;
            return std::nullopt;
        }
        auto link = std::move(board_->waiting.front());
        board_->waiting.pop_front();
        link->runs_on = board_->runs_on;
        return std::optional<stream>(std::in_place, board_, std::move(link));
    }

    void watch(watcher& w)
    {
        board_->told = &w;
        detail::memory_board::tell(board_);
    }

    std::string address() const { return "memory"; }

    bool is_private() const noexcept { return true; }

    void close() noexcept { board_->told = nullptr; }

private:
    std::shared_ptr<detail::memory_board> board_;
};

static_assert(transport<memory_transport>);

} // namespace crier::test

#endif
