// The program that is built in each of the ways in which a project may use the headers that need
// OpenSSL: a page that has a ticket is pushed to over TLS, once.
#include <crier/authenticator/signed_ticket.hpp>
#include <crier/crier.hpp>
#include <crier/transport/tls.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

template <class T>
using owned = std::unique_ptr<T, void (*)(T*)>;

// A context with a key and a certificate that nobody else has signed.
owned<SSL_CTX> self_signed()
{
    const owned<EVP_PKEY> key(::EVP_EC_gen("P-256"), ::EVP_PKEY_free);
    const owned<X509> certificate(::X509_new(), ::X509_free);
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate.get()), 0);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate.get()), 3600);
    ::X509_set_pubkey(certificate.get(), key.get());
    ::X509_sign(certificate.get(), key.get(), ::EVP_sha256());
    owned<SSL_CTX> context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
    if (::SSL_CTX_use_certificate(context.get(), certificate.get()) != 1 ||
        ::SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
        throw std::runtime_error("OpenSSL refuses the certificate");
    return context;
}

std::string receive_line(BIO* page)
{
    std::string line;
    for (char c; ::BIO_read(page, &c, 1) == 1 && c != '\n';)
        line += c;
    return line;
}

struct greet : crier::hooks
{
    void on_registered(crier::connection& c) { c.send("welcome"); }
};

} // namespace

int main()
{
    const crier::signed_ticket tickets{.keys = {{"k1", "thirty-two bytes, or more of them"}}};
    crier::push_server<crier::clients<crier::tls, crier::text_line, crier::signed_ticket>, greet>
        server{{.transport = {.address = "127.0.0.1",
                              .certificate = crier::tls_certificate(self_signed().get())},
                .authenticator = tickets}};
    server.start();
    const std::string address = "127.0.0.1:" + std::to_string(server.port(0));
    std::thread network([&] { server.context().run(); });

    const owned<SSL_CTX> context(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
    const owned<BIO> page(::BIO_new_ssl_connect(context.get()), ::BIO_free_all);
    BIO_set_conn_hostname(page.get(), address.c_str());
    const std::string ticket =
        tickets.issue("uid1", "k1", std::chrono::system_clock::now() + std::chrono::minutes(1));
    ::BIO_puts(page.get(), (ticket + '\n').c_str());
    const std::string greeting = receive_line(page.get());
    server.push("uid1", "pushed");
    const std::string pushed = receive_line(page.get());
    BIO_ssl_shutdown(page.get());

    server.stop();
    network.join();
    std::cout << "crier " CRIER_VERSION_STRING " over TLS: " << greeting << ", " << pushed << '\n';
    return greeting == "welcome" && pushed == "pushed" ? 0 : 1;
}
