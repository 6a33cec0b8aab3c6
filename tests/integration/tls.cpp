// TLS as a transport, with OpenSSL's own client at the other end.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/local.hpp>
#include <crier/transport/tls.hpp>

#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "support/server_thread.hpp"
#include "support/tls_client.hpp"
#include "websocket_script.hpp"

namespace {

/// What a reader's system takes for it, far less than is sent. Not less than a packet over loopback: into
/// such a window TCP now and then sends nothing until a timer of 0.2 s runs out (RFC 9293 section 3.8.6.2.1), for
/// minutes in all.
constexpr int small = 128 * 1024;

// What admission and limits::max_read_share ask for.
static_assert(crier::stream_has_descriptor<crier::tls> && crier::stream_names_source<crier::tls>);

using namespace support;
using namespace std::chrono_literals;

template <class... Extras>
using secure_server = crier::push_server<crier::clients<crier::tls, crier::websocket, Extras...>,
                                         crier::backend<crier::tls, crier::text_line>>;

template <class... Extras>
struct fixture_of
{
    explicit fixture_of(const crier::limits& limits = {})
        : server{{.transport = {.address = "127.0.0.1", .certificate = certificate},
                  .limits = limits},
                 {.transport = {.certificate = certificate}}},
          thread(server)
    {}

    std::uint16_t port()
    {
        return thread.ask([this] { return server.port(0); });
    }

    crier::counters counts()
    {
        return thread.ask([this] { return server.counts(); });
    }

    /// A page that is registered.
    void become(tls_client& c, const std::string& uid)
    {
        c.send(upgrade_request);
        BOOST_TEST(c.receive_head() == switching_protocols);
        const auto before = counts().registered;
        c.send(client_frame(fin | op::text, uid));
        thread.wait_until([&] { return server.counts().registered > before; }, "a uid");
    }

    certificate_files files{"first"};
    crier::tls_certificate certificate{files.chain, files.key};
    secure_server<Extras...> server;
    server_thread<secure_server<Extras...>> thread;
};

using fixture = fixture_of<>;

std::string error_of(const std::string& chain, const std::string& key)
{
    try {
        crier::tls_certificate certificate(chain, key);
    } catch (const boost::system::system_error& e) {
        return e.what();
    }
    return "none";
}

BOOST_AUTO_TEST_SUITE(tls)

BOOST_AUTO_TEST_CASE(messages_of_all_sizes_arrive_whole_and_in_order)
{
    fixture f;
    tls_client page(f.port());
    f.become(page, "u");
    std::vector<std::string> sent;
    for (const std::size_t size :
         {1u, 2u, 125u, 126u, 16'383u, 16'384u, 16'385u, 65'536u, 200'000u})
        sent.emplace_back(size, static_cast<char>('a' + size % 26));
    for (const auto& m : sent)
        f.server.push("u", m);
    for (const auto& m : sent)
        BOOST_TEST((page.receive_message() == m), m.size());
    BOOST_TEST(page.version() == TLS1_3_VERSION);
}

BOOST_AUTO_TEST_CASE(a_back_end_pushes_over_tls)
{
    fixture f;
    tls_client page(f.port());
    f.become(page, "u");
    tls_client script(f.thread.ask([&] { return f.server.port(1); }));
    std::string lines, answers;
    for (int i = 0; i < 2000; ++i) {
        lines += "{\"uid\":\"u\",\"n\":" + std::to_string(i) + "}\n";
        answers += "ok\n";
    }
    script.send(lines);
    BOOST_TEST((script.receive(answers.size()) == answers));
    for (int i = 0; i < 2000; ++i)
        BOOST_TEST(page.receive_message() == "{\"uid\":\"u\",\"n\":" + std::to_string(i) + "}");
}

BOOST_AUTO_TEST_CASE(a_slow_reader_gets_everything)
{
    fixture f({.max_outbox_bytes = 64 * 1024 * 1024});
    tls_client page(f.port(), {.receive_buffer = small});
    f.become(page, "u");
    std::vector<std::string> sent;
    for (int i = 0; i < 800; ++i)
        sent.push_back(std::to_string(i) +
                       std::string(static_cast<std::size_t>(i) * 37 % 20'000, 'x'));
    for (const auto& m : sent)
        f.server.push("u", m);
    f.thread.wait_until([&] { return f.server.counts().messages_queued == sent.size(); }, "pushes");
    for (const auto& m : sent)
        BOOST_TEST((page.receive_message() == m), m.size());
}

BOOST_AUTO_TEST_CASE(what_tls_has_encrypted_is_not_dropped)
{
    fixture_of<crier::drop_oldest> f({.max_outbox_bytes = 200 * 1024});
    tls_client page(f.port(), {.receive_buffer = small});
    f.become(page, "u");
    const std::size_t pushed = 3000;
    for (std::size_t i = 0; i < pushed; ++i)
        f.server.push("u", std::to_string(i) + ' ' + std::string(i * 31 % 9000, 'x'));
    f.thread.wait_until([&] { return f.server.counts().messages_queued == pushed; }, "pushes");
    BOOST_TEST(f.counts().messages_evicted > 0u);
    long last = -1;
    while (last != static_cast<long>(pushed) - 1) {
        const std::string m = page.receive_message();
        const std::size_t space = m.find(' ');
        BOOST_TEST_REQUIRE(space != std::string::npos);
        const long n = std::stol(m);
        BOOST_TEST_REQUIRE(n > last);
        BOOST_TEST_REQUIRE(m.size() - space - 1 == static_cast<std::size_t>(n) * 31 % 9000);
        last = n;
    }
    const auto c = f.counts();
    BOOST_TEST(c.messages_sent + c.messages_evicted == pushed);
}

BOOST_AUTO_TEST_CASE(a_new_certificate_is_for_new_connections_and_harms_no_old_one)
{
    fixture f;
    tls_client old(f.port());
    f.become(old, "old");
    f.files.renew("second");
    f.certificate.reload();
    tls_client fresh(f.port());
    BOOST_TEST(old.common_name() == "first");
    BOOST_TEST(fresh.common_name() == "second");
    f.server.push("old", "still here");
    BOOST_TEST(old.receive_message() == "still here");

    std::ofstream(f.files.key) << "nonsense";
    BOOST_CHECK_THROW(f.certificate.reload(), boost::system::system_error);
    tls_client later(f.port());
    BOOST_TEST(later.common_name() == "second");
}

std::string text_of(const std::function<void()>& f)
{
    try {
        f();
    } catch (const boost::system::system_error& e) {
        return e.what();
    }
    return "none";
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_certificate_is_said)
{
    certificate_files a("a"), b("b");
    const std::string no_file = error_of("/no/such/file.pem", a.key);
    BOOST_TEST(no_file.find("/no/such/file.pem: No such file or directory") != std::string::npos);
    BOOST_TEST(error_of("", a.key).find("cannot use the certificates in ") != std::string::npos);
    BOOST_TEST(text_of([] { crier::tls_certificate none(static_cast<SSL_CTX*>(nullptr)); }) !=
               "none");
    SSL_CTX* const context = ::SSL_CTX_new(::TLS_server_method());
    const crier::tls_certificate nothing, given(context);
    ::SSL_CTX_free(context);
    for (const auto& what :
         {text_of([&] { nothing.reload(); }), text_of([&] { nothing.replace(nullptr); }),
          text_of([&] { (void)nothing.make_connection(); })})
        BOOST_TEST(what.find("there is no certificate") != std::string::npos);
    BOOST_TEST(text_of([&] { given.reload(); }).find("replace()") != std::string::npos);
    a.encrypt_key("secret");
    BOOST_TEST(error_of(a.chain, a.key).find("cannot use the key in " + a.key) !=
               std::string::npos); // and nobody is asked for the password
    a.renew("a");
    BOOST_TEST(error_of(a.chain, a.chain).find("cannot use the key in " + a.chain) !=
               std::string::npos);
    BOOST_TEST(error_of(a.chain, b.key).find(b.key) != std::string::npos);
    BOOST_TEST(error_of(a.chain, a.key) == "none");

    secure_server<> none;
    try {
        none.start();
        BOOST_ERROR("it started");
    } catch (const boost::system::system_error& e) {
        BOOST_TEST(std::string(e.what()).find("no certificate") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(alpn_is_http_1_1_or_nothing)
{
    fixture f;
    BOOST_TEST(tls_client(f.port(), {.alpn = "http/1.1"}).alpn() == "http/1.1");
    BOOST_TEST(tls_client(f.port(), {.alpn = "h2"}).alpn() == "");
    BOOST_TEST(tls_client(f.port()).alpn() == "");
}

BOOST_AUTO_TEST_CASE(tls_1_2_is_spoken_and_1_1_is_not)
{
    fixture f;
    BOOST_TEST(tls_client(f.port(), {.max_version = TLS1_2_VERSION}).version() == TLS1_2_VERSION);
    BOOST_CHECK_THROW(tls_client(f.port(), {.max_version = TLS1_1_VERSION}), std::runtime_error);
    f.thread.wait_until([&] { return f.server.counts().handshakes_failed == 1; }, "the failure");
}

BOOST_AUTO_TEST_CASE(what_is_no_tls_is_refused_and_counted)
{
    fixture f;
    tls_client page(f.port());
    f.become(page, "u");
    for (const std::string bytes : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03", ""}) {
        const int s = connect_plain(f.port());
        BOOST_TEST(::send(s, bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0);
        ::shutdown(s, SHUT_WR);
        char c[64];
        while (::recv(s, c, sizeof(c), 0) > 0) {
        }
        ::close(s);
    }
    f.thread.wait_until([&] { return f.server.counts().handshakes_failed == 3; }, "the failures");
    f.server.push("u", "unharmed");
    BOOST_TEST(page.receive_message() == "unharmed");
}

BOOST_AUTO_TEST_CASE(a_handshake_that_takes_too_long_is_ended)
{
    fixture f;
    const int s = connect_plain(f.port());
    BOOST_TEST(::send(s, "\x16\x03\x01", 3, MSG_NOSIGNAL) == 3);
    f.thread.wait_until([&] { return f.server.counts().connections == 1; }, "a connection");
    f.thread.ask([&] {
        f.server.advance(10s);
        return 0;
    });
    char c;
    BOOST_TEST(::recv(s, &c, 1, 0) <= 0);
    ::close(s);
    BOOST_TEST(f.counts().timed_out == 1u);
}

BOOST_AUTO_TEST_CASE(a_stop_ends_the_stream_with_close_notify)
{
    fixture f;
    tls_client page(f.port());
    f.become(page, "u");
    f.server.push("u", "last words");
    f.server.stop();
    BOOST_TEST(page.receive_message() == "last words");
    BOOST_TEST(page.receive_message().substr(0, 2) == "\x03\xE9"); // 1001
    page.send(client_frame(fin | op::close, close_payload(1001)));
    BOOST_TEST(page.ended_in_order());
}

BOOST_AUTO_TEST_CASE(a_peer_that_leaves_without_a_word_is_gone)
{
    fixture f;
    {
        tls_client page(f.port());
        f.become(page, "u");
    }
    f.thread.wait_until([&] { return f.server.counts().connections == 0; }, "its end");
    BOOST_TEST(f.counts().lost == 1u);
    BOOST_TEST(f.counts().registered == 0u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_has_finished_first_hears_its_answers_and_close_notify)
{
    fixture f;
    const std::uint16_t back_ends = f.thread.ask([&] { return f.server.port(1); });
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_client script(back_ends, {.max_version = version});
        script.send("{}\n");
        script.send_close_notify();
        BOOST_TEST(script.receive(5) == "fail\n");
        BOOST_TEST(script.ended_in_order());
        tls_client idle(back_ends, {.max_version = version});
        idle.send_close_notify();
        BOOST_TEST(idle.ended_in_order());
    }
}

BOOST_AUTO_TEST_CASE(what_is_damaged_behind_good_bytes_is_no_end_in_order)
{
    fixture f;
    tls_client script(f.thread.ask([&] { return f.server.port(1); }));
    script.send_with_damage("{}\n", std::string("\x17\x03\x03\0\x20", 5) + std::string(32, 'x'));
    f.thread.wait_until(
        [&] { return f.server.counts().accepted == 1 && f.server.counts().connections == 0; },
        "its end");
    BOOST_TEST(f.counts().lines_failed == 1u);
    BOOST_TEST(f.counts().closed == 0u);
    BOOST_TEST(f.counts().lost == 1u);
}

/// A stream without a server, which is asked by hand.
struct bare_stream
{
    certificate_files files{"localhost"};
    boost::asio::io_context context;
    crier::tls::acceptor acceptor{
        context.get_executor(),
        {.address = "127.0.0.1", .certificate = crier::tls_certificate(files.chain, files.key)}};
    std::optional<crier::tls::stream> stream;

    std::uint16_t port() const
    {
        const std::string address = acceptor.address();
        return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    }

    /// Each time long enough for the client to have said all that it can.
    template <class F>
    static void again_and_again(F done)
    {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        do {
            BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
            std::this_thread::sleep_for(200ms);
        } while (!done());
    }

    void accept()
    {
        crier::error_code ec;
        again_and_again([&] { return (stream = acceptor.accept(ec)).has_value(); });
    }

    crier::io_result shake_hands()
    {
        crier::io_result shaken;
        again_and_again(
            [&] { return (shaken = stream->handshake()).status == crier::io_status::ok; });
        return shaken;
    }
};

BOOST_AUTO_TEST_CASE(what_comes_with_the_last_word_of_the_handshake_is_said_to_be_there)
{
    bare_stream s;
    std::thread speaks([port = s.port()] {
        tls_client client(port);
        client.send("uid");
        client.receive(2);
    });
    s.accept();
    BOOST_TEST(s.shake_hands().more);
    char said[10];
    const crier::io_result read = s.stream->read_some(said);
    BOOST_TEST(std::string(said, read.bytes) == "uid");
    iovec answer{const_cast<char*>("ok"), 2};
    BOOST_TEST(s.stream->write_some({&answer, 1}).bytes == 2u);
    speaks.join();
}

BOOST_AUTO_TEST_CASE(what_came_while_there_was_some_left_is_said_to_be_there)
{
    bare_stream s;
    std::promise<void> has_read;
    std::thread speaks([&has_read, port = s.port()] {
        tls_client client(port);
        client.send(std::string(150, 'a'));
        has_read.get_future().wait();
        client.send("behind it");
        client.receive(2);
    });
    s.accept();
    s.shake_hands();
    char some[100];
    bare_stream::again_and_again([&] { return s.stream->read_some(some).bytes == 100; });
    has_read.set_value();
    std::this_thread::sleep_for(200ms);
    const crier::io_result rest = s.stream->read_some(some);
    BOOST_TEST(rest.bytes >= 50u);
    BOOST_TEST((rest.more || rest.bytes == 59u)); // nobody tells of it again
    iovec answer{const_cast<char*>("ok"), 2};
    BOOST_TEST(s.stream->write_some({&answer, 1}).bytes == 2u);
    speaks.join();
}

BOOST_AUTO_TEST_CASE(a_handshake_in_many_records_is_read_in_many_turns)
{
    bare_stream s;
    const int peer = connect_plain(s.port());
    // A ClientHello of the greatest length, a byte to a record.
    std::string hello("\x01\x01\xff\0\x03\x03", 6);
    hello.resize(20'000);
    std::string records;
    for (const char byte : hello)
        records += std::string("\x16\x03\x01\0\x01", 5) + byte;
    BOOST_TEST_REQUIRE(::send(peer, records.data(), records.size(), MSG_NOSIGNAL) ==
                       static_cast<ssize_t>(records.size()));
    s.accept();
    int turns = 0;
    while (s.stream->handshake().status == crier::io_status::again)
        ++turns;
    BOOST_TEST(turns >= 20'000 * 6 / 4096);
    BOOST_TEST((s.stream->handshake().status == crier::io_status::want_read));
    ::close(peer);
}

BOOST_AUTO_TEST_CASE(many_records_of_a_byte_each_are_read_in_many_turns)
{
    bare_stream s;
    const std::string all(4000, 'x');
    std::thread speaks([&all, port = s.port()] {
        tls_client client(port);
        client.send_bytewise(all);
        client.receive(2);
    });
    s.accept();
    s.shake_hands();
    std::this_thread::sleep_for(200ms);
    std::string heard;
    int turns = 0;
    bare_stream::again_and_again([&] {
        for (crier::io_result read{}; read.status == crier::io_status::ok && read.more; ++turns) {
            char some[4096];
            read = s.stream->read_some(some);
            heard.append(some, read.bytes);
            BOOST_TEST(read.bytes <= 512u);
        }
        return heard.size() == all.size();
    });
    BOOST_TEST((heard == all));
    BOOST_TEST(turns >= 4000 / 512);
    iovec answer{const_cast<char*>("ok"), 2};
    BOOST_TEST(s.stream->write_some({&answer, 1}).bytes == 2u);
    speaks.join();
}

BOOST_AUTO_TEST_CASE(who_takes_new_keys_again_and_again_and_says_nothing_is_cut_off)
{
    fixture f;
    tls_client page(f.port()), other(f.port()), stranger(f.port());
    f.become(page, "u");
    f.become(other, "v");
    for (int i = 0; i < 20; ++i) { // as often as it likes, if it says something
        BOOST_TEST(other.change_keys(20));
        other.send(client_frame(fin | op::text, "{}"));
    }
    const auto cut_off = [&](unsigned so_many) {
        f.thread.wait_until([&] { return f.server.counts().limits_exceeded == so_many; },
                            "its end");
    };
    page.change_keys(100);
    cut_off(1);
    stranger.change_keys(100); // it has not even said who it is
    cut_off(2);
    f.server.push("v", "unharmed");
    BOOST_TEST(other.receive_message() == "unharmed");
    BOOST_TEST(f.counts().connections == 1u);
    BOOST_TEST(f.counts().ended(crier::error::too_many_frames) == 2u);
}

BOOST_AUTO_TEST_CASE(certificates_may_be_exchanged_while_many_connect)
{
    fixture f;
    std::thread renewer([&] {
        for (int i = 0; i < 100; ++i)
            f.certificate.reload();
    });
    for (int i = 0; i < 50; ++i)
        BOOST_TEST(tls_client(f.port()).common_name() == "first");
    renewer.join();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
