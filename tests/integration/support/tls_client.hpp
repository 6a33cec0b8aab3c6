#ifndef CRIER_TESTS_INTEGRATION_TLS_CLIENT_HPP
#define CRIER_TESTS_INTEGRATION_TLS_CLIENT_HPP

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <openssl/types.h>
#include <string>
#include <string_view>

namespace support {

/// Files with a fresh self-signed certificate and its key; removed at the end.
class certificate_files
{
public:
    explicit certificate_files(const std::string& common_name);
    ~certificate_files();

    /// Another certificate in the same files.
    void renew(const std::string& common_name) const;

    /// The key from now on needs a password.
    void encrypt_key(const std::string& password) const;

    std::string chain, key;

private:
    std::filesystem::path folder_;
};

/// A blocking TLS client, OpenSSL's own.
class tls_client
{
public:
    struct options
    {
        int max_version = 0; ///< of TLS; 0 is the latest
        std::string alpn{};  ///< one protocol, or none
        int receive_buffer = 0;
    };

    /// Connects and shakes hands; throws std::runtime_error if that fails.
    explicit tls_client(std::uint16_t port, options how);
    explicit tls_client(std::uint16_t port) : tls_client(port, options()) {}
    ~tls_client();
    tls_client(const tls_client&) = delete;

    void send(std::string_view bytes);

    /// Sends bytes, and behind them, in the same TCP segment, others that are no TLS record of ours.
    void send_with_damage(std::string_view bytes, std::string_view damaged);

    /// Reads until so many bytes are there.
    std::string receive(std::size_t n);
    /// Reads to the end of a header, "\r\n\r\n" included.
    std::string receive_head();
    /// Reads one frame of a WebSocket server and returns its payload.
    std::string receive_message();
    /// True if the peer sends close_notify next.
    bool ended_in_order();

    void send_close_notify();

    /// Takes new keys to send with so many times, and says nothing else (TLS 1.3 KeyUpdate). False if
    /// the peer has closed meanwhile.
    bool change_keys(int times);

    /// Sends each byte in a record of its own.
    void send_bytewise(std::string_view bytes);

    std::string common_name() const; ///< of the server's certificate
    std::string alpn() const;        ///< what the server has chosen
    int version() const;

private:
    SSL* connection_ = nullptr;
    int socket_ = -1;
};

/// A plain TCP connection to a port of this machine; the caller closes it.
int connect_plain(std::uint16_t port, int receive_buffer = 0);

} // namespace support

#endif
