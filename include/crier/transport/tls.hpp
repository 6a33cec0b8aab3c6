#ifndef CRIER_TRANSPORT_TLS_HPP
#define CRIER_TRANSPORT_TLS_HPP

// Not in crier.hpp: include it yourself, and link crier::tls (OpenSSL 3).
#include <crier/concepts/transport.hpp>
#include <crier/detail/descriptor_stream.hpp>
#include <crier/detail/openssl.hpp>
#include <crier/transport/tls_certificate.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace crier {

/// Transport: TLS 1.2 or later over TCP, with OpenSSL on the non-blocking descriptor.
///
/// The handshake counts against limits::handshake_timeout, and in counters::handshakes_failed. An
/// idle connection keeps no buffers, but what OpenSSL needs for its state. A stream that ends without
/// close_notify reads as ended: what ends a WebSocket connection in order is its close frame, and a
/// line is whole by its line end, so cutting the stream makes no message out of a part of one.
///
/// What a peer says to TLS alone takes little of a turn: a handshake is read 4 KiB at a time, and 512
/// short records are read at most. Who sends more than 32 records without a byte in them, one after the
/// other (TLS 1.3 KeyUpdate, TLS 1.2 renegotiation), is cut off: error::too_many_frames. So may be a
/// peer that asks for new keys of ours twice while bytes are under way to it: OpenSSL 3.0 cannot answer
/// that while a write is half done.
///
/// Example:
///     crier::tls_certificate certificate("chain.pem", "key.pem");
///     crier::push_server<crier::clients<crier::tls, crier::websocket>> server{
///         {.transport = {.port = 443, .certificate = certificate}}};
///     server.start();
///     certificate.reload(); // new connections get the new one, old ones go on with theirs
///
/// Models: transport.
struct tls
{
    /// As for tcp.
    std::string address{};
    std::uint16_t port = 0;
    int backlog = 4096;
    bool no_delay = true;
    bool reuse_port = false;
    std::chrono::seconds keep_alive{25};
    tls_certificate certificate{}; ///< needed

    class stream;
    class acceptor;

    /// The same, reachable from this machine only unless an address is given.
    tls inner() const
    {
        tls result = *this;
        if (result.address.empty())
            result.address = "127.0.0.1";
        return result;
    }

    /// The same for one more acceptor, on the port of the first.
    tls beside(acceptor& first) const;
};

/// One TLS connection.
class tls::stream
{
public:
    using connection_ptr = tls_certificate::connection_ptr;

    /// Takes both over. Throws std::bad_alloc.
    stream(detail::descriptor_stream&& socket, connection_ptr connection)
        : state_(std::make_unique<state>(std::move(socket), std::move(connection)))
    {}

    void watch(watcher& w) { state_->socket.watch(w); }
    void move_to(executor ex) noexcept { state_->socket.move_to(ex); }

    io_result handshake()
    {
        ::ERR_clear_error();
        SSL* const connection = state_->connection.get();
        state_->may_read = handshake_bytes_at_once;
        state_->more = true;
        const int result = ::SSL_do_handshake(connection);
        if (result != 1)
            return failed(result, true);
        state_->may_read = SIZE_MAX;
        state_->established = true;
        // What the peer said next may have been read with its last word of the handshake.
        return {io_status::ok, 0, {}, state_->more || ::SSL_has_pending(connection)};
    }

    io_result read_some(std::span<char> into)
    {
        if (state_->failed_behind)
            return *state_->failed_behind;
        ::ERR_clear_error();
        SSL* const connection = state_->connection.get();
        std::size_t total = 0;
        state_->records = 0;
        state_->more = true; // what was seen in an earlier call may not hold any more
        while (total < into.size() && state_->records < records_at_once) { // a record at a time
            std::size_t n = 0;
            const int result =
                ::SSL_read_ex(connection, into.data() + total, into.size() - total, &n);
            if (result == 1) {
                state_->records_for_nothing = 0;
                total += n;
                if (!state_->more && !::SSL_has_pending(connection))
                    return {io_status::ok, total, {}, false};
            } else if (total == 0) {
                return failed(result, false);
            } else {
                const io_result why = failed(result, false);
                if (why.status == io_status::eof || why.status == io_status::failed)
                    state_->failed_behind = why; // OpenSSL says it only once
                return {io_status::ok, total, {}, why.status != io_status::want_read};
            }
        }
        return {io_status::ok, total, {}, true};
    }

    /// One record of all that is there, up to 16 KiB.
    io_result write_some(std::span<const iovec> gather)
    {
        constexpr std::size_t record = 16 * 1024;
        char joined[record];
        const char* data = joined;
        std::size_t size = 0;
        if (gather.front().iov_len >= record) {
            data = static_cast<const char*>(gather.front().iov_base);
            size = record;
        } else {
            for (const iovec& piece : gather) {
                const std::size_t n = std::min(piece.iov_len, record - size);
                std::memcpy(joined + size, piece.iov_base, n);
                size += n;
            }
        }
        // What it has encrypted and not sent it wants offered again: the same bytes, and as many.
        if (state_->committed > size)
            return {io_status::failed, 0, make_error_code(boost::system::errc::invalid_argument)};
        if (state_->committed != 0)
            size = state_->committed;
        ::ERR_clear_error();
        std::size_t written = 0;
        const int result = ::SSL_write_ex(state_->connection.get(), data, size, &written);
        if (result == 1) {
            state_->committed = 0;
            return {io_status::ok, written, {}};
        }
        io_result why = failed(result, true);
        if (why.status == io_status::want_write)
            why.bytes = state_->committed = size;
        if (why.status == io_status::failed && state_->failed_behind)
            why.ec = state_->failed_behind->ec; // that is why nothing can be written any more
        return why;
    }

    /// close_notify, then the end of the stream. It does not wait for the peer's.
    io_result shutdown()
    {
        if (!std::exchange(state_->said_goodbye, true)) {
            ::ERR_clear_error();
            ::SSL_shutdown(state_->connection.get());
        }
        return state_->socket.shutdown();
    }

    std::string peer() const { return state_->socket.peer(); }
    std::optional<source_address> source() const { return state_->socket.source(); }
    int native_handle() const noexcept { return state_->socket.native_handle(); }

    void close() noexcept
    {
        if (state_)
            state_->socket.close();
    }

private:
    // OpenSSL reads on until it has bytes for us, or is through with the handshake: it is held back
    // where the others' turn would come too late.
    static constexpr std::size_t handshake_bytes_at_once = 4096;
    static constexpr unsigned records_at_once = 512;
    static constexpr unsigned price_of_nothing = 8; // new keys take so much longer
    static constexpr unsigned most_records_for_nothing = 32;

    struct state
    {
        state(detail::descriptor_stream&& s, connection_ptr c)
            : socket(std::move(s)), connection(std::move(c))
        {
            BIO* const bio = ::BIO_new(method());
            if (!bio) {
                ::ERR_clear_error();
                throw std::bad_alloc();
            }
            ::BIO_set_data(bio, this);
            ::BIO_set_init(bio, 1);
            ::SSL_set_bio(connection.get(), bio, bio);
            ::SSL_set_accept_state(connection.get());
            ::SSL_set_msg_callback(connection.get(), heard_record);
            ::SSL_set_msg_callback_arg(connection.get(), this);
        }

        detail::descriptor_stream socket;
        connection_ptr connection;
        error_code failure{};                   // of the socket, or because of what was read
        std::optional<io_result> failed_behind; // what was found behind bytes that were read
        std::size_t committed = 0;              // bytes that SSL_write wants offered again
        std::size_t may_read = 0;               // bytes, from the socket, in this call
        unsigned records = 0;                   // that were read in this call, in short ones
        unsigned records_for_nothing = 0;       // since there were bytes in one
        bool more = true;                       // the socket may have more to read
        bool held_back = false;                 // it wanted more than it may have in this call
        bool established = false;
        bool said_goodbye = false;
    };

    static void heard_record(int written, int, int content, const void*, std::size_t,
                             SSL* connection, void* at)
    {
        state& self = *static_cast<state*>(at);
        if (written || content != SSL3_RT_HEADER || !self.established)
            return;
        ++self.records_for_nothing;
        self.records += self.records_for_nothing == 1 ? 1 : price_of_nothing;
        if (self.records_for_nothing <= most_records_for_nothing)
            return;
        self.failure = error::too_many_frames;
        ::SSL_set_shutdown(connection, SSL_RECEIVED_SHUTDOWN); // it reads no further
    }

    // What OpenSSL reads from and writes to: the socket, without SIGPIPE.
    static BIO_METHOD* method()
    {
        static BIO_METHOD* const the_one = [] {
            BIO_METHOD* const m =
                ::BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "crier");
            if (!m)
                throw std::bad_alloc(); // the next one tries again
            ::BIO_meth_set_read_ex(m, read_socket);
            ::BIO_meth_set_write_ex(m, write_socket);
            ::BIO_meth_set_ctrl(m, control);
            return m;
        }();
        return the_one;
    }

    static int read_socket(BIO* bio, char* into, std::size_t size, std::size_t* n)
    {
        auto& self = *static_cast<state*>(::BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        self.held_back = self.may_read == 0;
        if (self.held_back) {
            BIO_set_retry_read(bio);
            return 0;
        }
        const io_result result = self.socket.read_some({into, std::min(size, self.may_read)});
        *n = result.bytes;
        if (!self.established)
            self.may_read -= result.bytes;
        self.more = result.status == io_status::ok && result.more;
        if (result.status == io_status::want_read)
            BIO_set_retry_read(bio);
        else if (result.status == io_status::eof)
            ::BIO_set_flags(bio, at_end_flag);
        else if (result.status == io_status::failed)
            self.failure = result.ec;
        return result.status == io_status::ok;
    }

    static int write_socket(BIO* bio, const char* from, std::size_t size, std::size_t* n)
    {
        auto& self = *static_cast<state*>(::BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        const iovec all{const_cast<char*>(from), size};
        const io_result result = self.socket.write_some({&all, 1});
        *n = result.status == io_status::ok ? result.bytes : 0;
        if (result.status == io_status::want_write)
            BIO_set_retry_write(bio);
        else if (result.status == io_status::failed)
            self.failure = result.ec;
        return result.status == io_status::ok;
    }

    static long control(BIO* bio, int command, long, void*)
    {
        if (command == BIO_CTRL_FLUSH)
            return 1;
        if (command == BIO_CTRL_EOF)
            return ::BIO_test_flags(bio, at_end_flag) != 0;
        return 0;
    }

    static constexpr int at_end_flag = 0x800;

    io_result failed(int result, bool end_is_failure)
    {
        switch (::SSL_get_error(state_->connection.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return {state_->held_back ? io_status::again : io_status::want_read, 0, {}};
        case SSL_ERROR_WANT_WRITE:
            return {io_status::want_write, 0, {}};
        case SSL_ERROR_ZERO_RETURN:
            if (!state_->failure)
                return {io_status::eof, 0, {}};
            break;
        default:
            break;
        }
        if (state_->failure)
            return {io_status::failed, 0, state_->failure};
        const error_code ec = detail::take_openssl_error();
        const bool cut = !ec || ERR_GET_REASON(static_cast<unsigned>(ec.value())) ==
                                    SSL_R_UNEXPECTED_EOF_WHILE_READING;
        if (cut)
            return {end_is_failure ? io_status::failed : io_status::eof, 0,
                    end_is_failure ? make_error_code(error::peer_vanished) : error_code()};
        return {io_status::failed, 0, ec};
    }

    std::unique_ptr<state> state_; // OpenSSL points to it
};

/// Listens. Throws boost::system::system_error whose text names the address and the reason.
class tls::acceptor : public detail::descriptor_acceptor
{
public:
    acceptor(executor ex, const tls& options)
        : descriptor_acceptor(ex, listen(options)), certificate_(options.certificate)
    {}

    std::optional<stream> accept(error_code& ec)
    {
        auto socket = descriptor_acceptor::accept(ec);
        if (!socket)
            return std::nullopt;
        auto connection = certificate_.make_connection();
        if (!connection) {
            ::ERR_clear_error();
            throw std::bad_alloc();
        }
        return std::optional<stream>(std::in_place, std::move(*socket), std::move(connection));
    }

private:
    static detail::listening listen(const tls& options)
    {
        const std::string address = options.address.empty() ? "0.0.0.0" : options.address;
        if (!options.certificate)
            throw boost::system::system_error(
                make_error_code(boost::system::errc::invalid_argument),
                "cannot listen on " + address + ':' + std::to_string(options.port) +
                    " with TLS: no certificate is given");
        return detail::listen_tcp(address, options.port,
                                  {.backlog = options.backlog,
                                   .no_delay = options.no_delay,
                                   .reuse_port = options.reuse_port,
                                   .keep_alive = options.keep_alive});
    }

    tls_certificate certificate_;
};

inline tls tls::beside(acceptor& first) const
{
    tls result = *this;
    result.port = first.share_port();
    result.reuse_port = true;
    return result;
}

static_assert(transport<tls> && stream_moves<tls> && transport_shares<tls>);

} // namespace crier

#endif
