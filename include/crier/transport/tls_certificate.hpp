#ifndef CRIER_TRANSPORT_TLS_CERTIFICATE_HPP
#define CRIER_TRANSPORT_TLS_CERTIFICATE_HPP

// Not in crier.hpp: link crier::tls (OpenSSL 3).
#include <crier/detail/openssl.hpp>

#include <memory>
#include <mutex>
#include <openssl/ssl.h>
#include <string>
#include <utility>

namespace crier {

/// A certificate chain and its key, to be exchanged while servers use it. A handle: copies share one
/// certificate, so keep one and give another to the listener.
///
/// Thread safety: all functions from any thread.
class tls_certificate
{
public:
    /// None: a listener with it does not start.
    tls_certificate() = default;

    /// Reads PEM files: the chain, the server's own certificate first, and its key, which is not
    /// encrypted. Throws boost::system::system_error that names the file and the reason.
    tls_certificate(std::string chain_file, std::string key_file)
        : shared_(std::make_shared<shared>(std::move(chain_file), std::move(key_file)))
    {
        reload();
    }

    /// Takes a reference to a context that you have set up: for client certificates, which decide who
    /// may connect and not who it is, cipher lists, keys that are in no file. crier sets on it what it needs: TLS 1.2 at least, no renegotiation,
    /// ALPN "http/1.1", and the modes of its streams; and on their connections a message callback, in
    /// place of yours.
    explicit tls_certificate(SSL_CTX* context) : shared_(std::make_shared<shared>())
    {
        replace(context);
    }

    /// Reads the files again. Throws as the constructor does, and leaves all as it was then; also if
    /// there are no files.
    void reload() const
    {
        if (!there().has_files)
            detail::throw_invalid("the certificate was made from a context: there is replace()");
        ::ERR_clear_error();
        const context_ptr fresh(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
        if (!fresh)
            detail::throw_openssl_error("cannot make a TLS context");
        // Else a key that is encrypted is asked for on the terminal, and the server waits.
        ::SSL_CTX_set_default_passwd_cb(fresh.get(), [](char*, int, int, void*) { return -1; });
        const std::string& chain = shared_->chain_file;
        const std::string& key = shared_->key_file;
        if (::SSL_CTX_use_certificate_chain_file(fresh.get(), chain.c_str()) != 1)
            detail::throw_openssl_error("cannot use the certificates in " + chain);
        if (::SSL_CTX_use_PrivateKey_file(fresh.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
            detail::throw_openssl_error("cannot use the key in " + key);
        if (::SSL_CTX_check_private_key(fresh.get()) != 1)
            detail::throw_openssl_error("the key in " + key + " is not that of " + chain);
        replace(fresh.get());
    }

    /// Uses this context, with a reference of its own, for new connections. Throws
    /// boost::system::system_error if it is null, or if this is no certificate, but made without
    /// arguments.
    void replace(SSL_CTX* context) const
    {
        there();
        if (!context)
            detail::throw_invalid("there is no TLS context");
        ::SSL_CTX_up_ref(context);
        context_ptr fresh(context, ::SSL_CTX_free);
        ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
        ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
        ::SSL_CTX_set_read_ahead(context, 1); // one system call for several records
        ::SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
        static constexpr unsigned char name[] = "crier"; // sessions may be resumed within it
        ::SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
        const std::lock_guard lock(shared_->mutex);
        shared_->context = std::move(fresh);
    }

    explicit operator bool() const noexcept { return shared_ != nullptr; }

    using connection_ptr = std::unique_ptr<SSL, void (*)(SSL*)>;

    /// A new server-side connection with the certificate of now; null if there is no memory.
    connection_ptr make_connection() const
    {
        const std::lock_guard lock(there().mutex);
        return {::SSL_new(shared_->context.get()), ::SSL_free};
    }

private:
    using context_ptr = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;

    struct shared
    {
        shared() = default;
        shared(std::string chain, std::string key)
            : chain_file(std::move(chain)), key_file(std::move(key)), has_files(true)
        {}

        const std::string chain_file, key_file;
        const bool has_files = false;
        std::mutex mutex;
        context_ptr context{nullptr, ::SSL_CTX_free};
    };

    shared& there() const
    {
        if (!shared_)
            detail::throw_invalid("there is no certificate: it was made without arguments");
        return *shared_;
    }

    /// ALPN (RFC 7301): WebSocket is spoken over HTTP/1.1 only.
    static int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                               const unsigned char* in, unsigned in_size, void*)
    {
        static constexpr unsigned char http_1_1[] = "\x08http/1.1";
        unsigned char* chosen = nullptr;
        if (::SSL_select_next_proto(&chosen, out_size, http_1_1, sizeof(http_1_1) - 1, in,
                                    in_size) != OPENSSL_NPN_NEGOTIATED)
            return SSL_TLSEXT_ERR_NOACK;
        *out = chosen;
        return SSL_TLSEXT_ERR_OK;
    }

    std::shared_ptr<shared> shared_;
};

} // namespace crier

#endif
