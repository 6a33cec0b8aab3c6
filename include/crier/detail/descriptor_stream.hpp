#ifndef CRIER_DETAIL_DESCRIPTOR_STREAM_HPP
#define CRIER_DETAIL_DESCRIPTOR_STREAM_HPP

#include <crier/concepts/transport.hpp>
#include <crier/config.hpp>
#include <crier/connection.hpp>
#include <crier/detail/poller.hpp>
#include <crier/io_result.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>

struct sockaddr;

namespace crier::detail {

/// Takes a descriptor out of the poller, if it is watched, and closes it, if it is open.
CRIER_DECL void close_descriptor(poller& p, int& descriptor, bool& watched) noexcept;

/// A stream over a connected, non-blocking socket descriptor: what tcp and local share.
class descriptor_stream
{
public:
    /// Takes the descriptor over.
    descriptor_stream(poller& p, int descriptor) noexcept : poller_(&p), descriptor_(descriptor) {}

    descriptor_stream(descriptor_stream&& other) noexcept
        : poller_(other.poller_),
          descriptor_(std::exchange(other.descriptor_, -1)),
          watched_(std::exchange(other.watched_, false))
    {}

    descriptor_stream& operator=(descriptor_stream&&) = delete;
    ~descriptor_stream() { close(); }

    void watch(watcher& w)
    {
        poller_->add(descriptor_, w);
        watched_ = true;
    }

    /// Takes it out of the poller, for another executor's, where it is to be watched again.
    CRIER_DECL void move_to(executor ex) noexcept;

    CRIER_DECL io_result read_some(std::span<char> into) noexcept;
    CRIER_DECL io_result write_some(std::span<const iovec> gather) noexcept;
    io_result handshake() noexcept { return {io_status::ok, 0, {}, false}; }
    CRIER_DECL io_result shutdown() noexcept;

    CRIER_DECL std::string peer() const;
    CRIER_DECL std::optional<source_address> source() const;
    int native_handle() const noexcept { return descriptor_; }

    /// Who has connected to a local socket; nothing for other sockets.
    CRIER_DECL std::optional<process_credentials> credentials() const noexcept;
    void close() noexcept { close_descriptor(*poller_, descriptor_, watched_); }

private:
    poller* poller_;
    int descriptor_;
    bool watched_ = false;
};

/// A socket that listens, and where.
struct listening
{
    int descriptor;
    std::string address;
};

/// A listening socket descriptor: what the acceptors of tcp and local share.
class descriptor_acceptor
{
public:
    descriptor_acceptor(executor ex, listening socket)
        : poller_(boost::asio::use_service<poller>(ex.context())),
          descriptor_(socket.descriptor),
          address_(std::move(socket.address))
    {}

    descriptor_acceptor(const descriptor_acceptor&) = delete;
    descriptor_acceptor& operator=(const descriptor_acceptor&) = delete;
    ~descriptor_acceptor() { close(); }

    void watch(watcher& w)
    {
        poller_.add(descriptor_, w);
        watched_ = true;
    }

    /// Accepts one connection, non-blocking and close-on-exec.
    CRIER_DECL std::optional<descriptor_stream> accept(error_code& ec);

    const std::string& address() const noexcept { return address_; }

    /// True for local sockets and for addresses of the loopback interface.
    CRIER_DECL bool is_private() const noexcept;

    /// For TCP: lets other sockets of this process's user listen on the same port, and says which it
    /// is. Throws boost::system::system_error.
    CRIER_DECL unsigned short share_port();

    void close() noexcept { close_descriptor(poller_, descriptor_, watched_); }

private:
    poller& poller_;
    int descriptor_;
    bool watched_ = false;
    std::string address_;
};

/// "192.0.2.7:1234", "[2001:db8::1]:1234", a path, or "local" for an unnamed local socket.
CRIER_DECL std::string to_text(const sockaddr* address, unsigned size);

/// What is set on a TCP socket that listens, and holds for all that it accepts.
struct tcp_options
{
    int backlog;
    bool no_delay;
    bool reuse_port;
    std::chrono::seconds keep_alive;
};

/// Opens a listening, non-blocking, close-on-exec TCP socket; throws boost::system::system_error
/// with the address in its text.
CRIER_DECL listening listen_tcp(const std::string& address, unsigned short port,
                                const tcp_options& options);

/// The same for a local socket. A socket file that nobody listens on is replaced.
CRIER_DECL listening listen_local(const std::string& path, int backlog, unsigned mode);

} // namespace crier::detail

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/descriptor_stream.ipp>
#endif

#endif
