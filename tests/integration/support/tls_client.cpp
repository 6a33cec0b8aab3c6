#include "tls_client.hpp"

#include <cstdio>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace support {
namespace {

std::string common_name_of(X509* certificate)
{
    char name[256] = "";
    ::X509_NAME_get_text_by_NID(::X509_get_subject_name(certificate), NID_commonName, name,
                                sizeof(name));
    return name;
}

} // namespace

certificate_files::certificate_files(const std::string& common_name)
{
    std::string name = (std::filesystem::temp_directory_path() / "crier_tls_XXXXXX").string();
    if (!::mkdtemp(name.data()))
        throw std::runtime_error("cannot make the folder " + name);
    folder_ = name;
    chain = folder_ / "chain.pem";
    key = folder_ / "key.pem";
    renew(common_name);
}

certificate_files::~certificate_files()
{
    std::filesystem::remove_all(folder_);
}

void certificate_files::renew(const std::string& common_name) const
{
    EVP_PKEY* const pair = EVP_EC_gen("P-256");
    X509* const certificate = ::X509_new();
    ::X509_set_version(certificate, 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(certificate), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate), -60);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate), 3600);
    ::X509_set_pubkey(certificate, pair);
    X509_NAME* const name = ::X509_get_subject_name(certificate);
    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                 -1, 0);
    ::X509_set_issuer_name(certificate, name);
    ::X509_sign(certificate, pair, ::EVP_sha256());

    std::FILE* file = std::fopen(chain.c_str(), "w");
    ::PEM_write_X509(file, certificate);
    std::fclose(file);
    file = std::fopen(key.c_str(), "w");
    ::PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    ::X509_free(certificate);
    ::EVP_PKEY_free(pair);
}

void certificate_files::encrypt_key(const std::string& password) const
{
    std::FILE* file = std::fopen(key.c_str(), "r");
    EVP_PKEY* const pair = ::PEM_read_PrivateKey(file, nullptr, nullptr, nullptr);
    std::fclose(file);
    file = std::fopen(key.c_str(), "w");
    ::PEM_write_PrivateKey(file, pair, ::EVP_aes_128_cbc(),
                           reinterpret_cast<const unsigned char*>(password.data()),
                           static_cast<int>(password.size()), nullptr, nullptr);
    std::fclose(file);
    ::EVP_PKEY_free(pair);
}

int connect_plain(std::uint16_t port, int receive_buffer)
{
    const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{20, 0};
    ::setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (receive_buffer)
        ::setsockopt(s, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(s, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == -1)
        throw std::runtime_error("cannot connect");
    return s;
}

tls_client::tls_client(std::uint16_t port, options how)
    : socket_(connect_plain(port, how.receive_buffer))
{
    SSL_CTX* const context = ::SSL_CTX_new(::TLS_client_method());
    ::SSL_CTX_set_security_level(context, 0); // else it would not even offer what is too old
    if (how.max_version)
        ::SSL_CTX_set_max_proto_version(context, how.max_version);
    connection_ = ::SSL_new(context);
    ::SSL_CTX_free(context);
    if (!how.alpn.empty()) {
        const std::string wire = static_cast<char>(how.alpn.size()) + how.alpn;
        ::SSL_set_alpn_protos(connection_, reinterpret_cast<const unsigned char*>(wire.data()),
                              static_cast<unsigned>(wire.size()));
    }
    ::SSL_set_fd(connection_, socket_);
    ::ERR_clear_error();
    if (::SSL_connect(connection_) != 1) {
        const char* const reason = ::ERR_reason_error_string(::ERR_peek_error());
        const std::string text = reason ? reason : "the connection was closed";
        ::SSL_free(connection_);
        ::close(socket_);
        throw std::runtime_error("no TLS handshake: " + text);
    }
}

tls_client::~tls_client()
{
    ::SSL_free(connection_);
    ::close(socket_);
}

void tls_client::send(std::string_view bytes)
{
    if (::SSL_write(connection_, bytes.data(), static_cast<int>(bytes.size())) !=
        static_cast<int>(bytes.size()))
        throw std::runtime_error("cannot send");
}

void tls_client::send_with_damage(std::string_view bytes, std::string_view damaged)
{
    int cork = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &cork, sizeof(cork));
    send(bytes);
    if (::send(socket_, damaged.data(), damaged.size(), MSG_NOSIGNAL) == -1)
        throw std::runtime_error("cannot send");
    cork = 0;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &cork, sizeof(cork));
}

std::string tls_client::receive(std::size_t n)
{
    std::string all(n, '\0');
    std::size_t have = 0;
    while (have < n) {
        std::size_t got = 0;
        ::ERR_clear_error();
        if (::SSL_read_ex(connection_, all.data() + have, n - have, &got) != 1)
            throw std::runtime_error("the stream ended after " + std::to_string(have) + " of " +
                                     std::to_string(n) + " bytes");
        have += got;
    }
    return all;
}

std::string tls_client::receive_head()
{
    std::string head;
    while (!head.ends_with("\r\n\r\n"))
        head += receive(1);
    return head;
}

std::string tls_client::receive_message()
{
    const std::string start = receive(2);
    std::size_t size = static_cast<unsigned char>(start[1]);
    if (size >= 126) {
        const std::string bytes = receive(size == 126 ? 2 : 8);
        size = 0;
        for (const char c : bytes)
            size = size << 8 | static_cast<unsigned char>(c);
    }
    return receive(size);
}

bool tls_client::ended_in_order()
{
    char c;
    ::ERR_clear_error();
    const int n = ::SSL_read(connection_, &c, 1);
    return n <= 0 && ::SSL_get_error(connection_, n) == SSL_ERROR_ZERO_RETURN;
}

void tls_client::send_close_notify()
{
    ::SSL_shutdown(connection_);
}

bool tls_client::change_keys(int times)
{
    const auto before = ::signal(SIGPIPE, SIG_IGN); // OpenSSL writes without MSG_NOSIGNAL
    int done = 0;
    while (done < times && ::SSL_key_update(connection_, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
           ::SSL_do_handshake(connection_) == 1)
        ++done;
    ::signal(SIGPIPE, before);
    return done == times;
}

void tls_client::send_bytewise(std::string_view bytes)
{
    for (std::size_t i = 0; i < bytes.size(); ++i)
        send(bytes.substr(i, 1));
}

std::string tls_client::common_name() const
{
    X509* const certificate = SSL_get1_peer_certificate(connection_);
    const std::string name = common_name_of(certificate);
    ::X509_free(certificate);
    return name;
}

std::string tls_client::alpn() const
{
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    ::SSL_get0_alpn_selected(connection_, &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
}

int tls_client::version() const
{
    return ::SSL_version(connection_);
}

} // namespace support
