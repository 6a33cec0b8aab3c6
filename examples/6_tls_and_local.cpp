// One registry, four ways to it: pages over wss, programs over TLS and, on this machine, over plain
// TCP, all of them clients by the same uids; and a back end on a local socket, for processes of this
// user only. It makes itself a certificate, and tries everything out.
#include <crier/crier.hpp>
#include <crier/transport/tls.hpp> // not in crier.hpp: it needs OpenSSL

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string>
#include <string_view>
#include <thread>

#include <unistd.h>

struct greet : crier::hooks
{
    void on_registered(crier::connection& c) { c.send("welcome"); }
};

using server_type =
    crier::push_server<crier::clients<crier::tls, crier::websocket>, // pages: wss://
                       crier::clients<crier::tls, crier::text_line>, // programs, from anywhere
                       crier::clients<crier::tcp, crier::text_line>, // programs of this machine
                       crier::backend<crier::local, crier::text_line, crier::peer_credentials>,
                       greet>;

// Signs its own certificate for "localhost". That is for trying things out.
void write_certificate(const std::string& chain_file, const std::string& key_file)
{
    EVP_PKEY* const key = EVP_EC_gen("P-256");
    X509* const certificate = ::X509_new();
    ::X509_set_version(certificate, 2);
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate), -60);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate), 3600);
    ::X509_set_pubkey(certificate, key);
    X509_NAME* const name = ::X509_get_subject_name(certificate);
    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    ::X509_set_issuer_name(certificate, name);
    ::X509_sign(certificate, key, ::EVP_sha256());
    if (std::FILE* const file = std::fopen(chain_file.c_str(), "w")) {
        ::PEM_write_X509(file, certificate);
        std::fclose(file);
    }
    if (std::FILE* const file = std::fopen(key_file.c_str(), "w")) {
        ::PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
    }
    ::X509_free(certificate);
    ::EVP_PKEY_free(key);
}

// A blocking TLS client that believes this one certificate only.
class tls_client
{
public:
    tls_client(std::uint16_t port, const std::string& chain_file)
        : stream_(context_, trusting(tls_context_, chain_file))
    {
        stream_.next_layer().connect({boost::asio::ip::address_v4::loopback(), port});
        stream_.handshake(boost::asio::ssl::stream_base::client);
    }

    void send(std::string_view bytes)
    {
        boost::asio::write(stream_, boost::asio::buffer(bytes.data(), bytes.size()));
    }

    std::string receive_until(std::string_view end)
    {
        const std::size_t n = boost::asio::read_until(stream_, boost::asio::dynamic_buffer(unread_),
                                                      std::string(end));
        const std::string taken = unread_.substr(0, n);
        unread_.erase(0, n);
        return taken;
    }

private:
    static boost::asio::ssl::context& trusting(boost::asio::ssl::context& c,
                                               const std::string& chain_file)
    {
        c.load_verify_file(chain_file);
        c.set_verify_mode(boost::asio::ssl::verify_peer);
        c.set_verify_callback(boost::asio::ssl::host_name_verification("localhost"));
        return c;
    }

    boost::asio::io_context context_;
    boost::asio::ssl::context tls_context_{boost::asio::ssl::context::tls_client};
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
    std::string unread_;
};

// A folder that is there as long as this is.
struct temporary_folder
{
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("crier_tls_" + std::to_string(::getpid()));

    temporary_folder() { std::filesystem::create_directory(path); }
    ~temporary_folder() { std::filesystem::remove_all(path); }
    temporary_folder(const temporary_folder&) = delete;
};

int main()
{
    const temporary_folder folder;
    const std::string chain = folder.path / "chain.pem", key = folder.path / "key.pem";
    const std::string socket = folder.path / "push.sock";
    write_certificate(chain, key);

    const crier::tls_certificate certificate(chain, key); // reload() would exchange it
    server_type server{{.transport = {.address = "127.0.0.1", .certificate = certificate}},
                       {.transport = {.address = "127.0.0.1", .certificate = certificate}},
                       {.transport = {.address = "127.0.0.1"}},
                       {.transport = {.path = socket, .mode = 0600}}};
    server.start();
    const std::uint16_t wss_port = server.port(0), tls_port = server.port(1);
    const std::string plain_port = std::to_string(server.port(2));
    std::thread network([&] { server.context().run(); });

    // All four are there at once, so they go at the end of this block.
    std::string answer;
    bool delivered = false;
    {
        tls_client page(wss_port, chain), program(tls_port, chain);
        page.send("GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  "Sec-WebSocket-Version: 13\r\n\r\n");
        page.receive_until("\r\n\r\n");
        page.send({"\x81\x83\0\0\0\0ann", 9}); // its uid: a text message, its mask all zero
        page.receive_until("welcome");
        program.send("ann\n");
        program.receive_until("welcome\n");

        boost::asio::ip::tcp::iostream reader("127.0.0.1", plain_port);
        reader.expires_after(std::chrono::seconds(10));
        std::string line;
        reader << "ann" << std::endl;
        std::getline(reader, line); // welcome

        using boost::asio::local::stream_protocol;
        stream_protocol::iostream script{stream_protocol::endpoint(socket)};
        script.expires_after(std::chrono::seconds(10));
        script << R"({"uid":"ann","text":"hello"})" << std::endl;
        std::getline(script, answer);

        const std::string text = R"({"uid":"ann","text":"hello"})";
        std::getline(reader, line);
        delivered = line == text && program.receive_until("\n") == text + '\n' &&
                    page.receive_until("}") == "\x81\x1c" + text;
    }

    server.stop();
    network.join();
    std::cout << "the back end was answered " << answer << ", and "
              << (delivered ? "all three got it" : "not all three got it") << '\n';
    return answer == "ok" && delivered && server.counts().messages_sent == 6 ? 0 : 1;
}
