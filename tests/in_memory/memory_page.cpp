// The kit's page and network, against bytes that are written down here.
#include <crier/test/memory_page.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "page.hpp"
#include "readable.hpp"
#include "websocket_script.hpp"

namespace {

using namespace support;
using crier::test::memory_client;
using crier::test::memory_network;
using crier::test::memory_transport;
using strings = std::vector<std::string>;

/// The other end of a page, by hand.
class far_end
{
public:
    explicit far_end(const page_request& request = {}) : p(network, request)
    {
        acceptor_.watch(ignored_);
        crier::error_code ec;
        stream_ = std::make_unique<memory_transport::stream>(*acceptor_.accept(ec));
        stream_->watch(ignored_);
    }

    bool write(std::string_view bytes)
    {
        const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
        return stream_->write_some({&part, 1}).status == crier::io_status::ok;
    }

    std::string read()
    {
        std::array<char, 1000> bytes;
        return {bytes.data(), stream_->read_some(bytes).bytes};
    }

    void finish() { stream_->shutdown(); }

    bool at_end()
    {
        std::array<char, 1> byte;
        return stream_->read_some(byte).status == crier::io_status::eof;
    }

    /// What the page makes of these bytes, in pieces of this size.
    void tell(std::string_view bytes, std::size_t size = SIZE_MAX)
    {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
            write(bytes.substr(0, size));
            p.hear();
        }
    }

    std::size_t times_ready() const noexcept { return ignored_.times; }

    memory_network network;
    boost::asio::io_context context;
    page p;

private:
    struct note final : crier::watcher
    {
        void ready(crier::readiness) noexcept override { ++times; }
        std::size_t times = 0;
    };

    note ignored_;
    memory_transport::acceptor acceptor_{context.get_executor(), memory_transport{network}};
    std::unique_ptr<memory_transport::stream> stream_;
};

BOOST_AUTO_TEST_SUITE(memory_page)

BOOST_AUTO_TEST_CASE(it_asks_for_a_websocket)
{
    far_end f({.target = "/x?y=1", .fields = {"Origin: https://example.org", "X-User: ann"}});
    BOOST_TEST(f.read() == "GET /x?y=1 HTTP/1.1\r\n"
                           "Host: localhost\r\n"
                           "Upgrade: websocket\r\n"
                           "Connection: Upgrade\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                           "Sec-WebSocket-Version: 13\r\n"
                           "Origin: https://example.org\r\n"
                           "X-User: ann\r\n"
                           "\r\n");
}

BOOST_AUTO_TEST_CASE(it_says_masked_frames)
{
    far_end f;
    f.read();
    f.p.say("hello, there");
    BOOST_TEST(f.read() == client_frame(fin | op::text, "hello, there"));
    f.p.say({"\1\2", crier::message_kind::binary});
    BOOST_TEST(f.read() == client_frame(fin | op::binary, "\1\2"));
    f.p.say(std::string(200, 'x'));
    BOOST_TEST(f.read() == client_frame(fin | op::text, std::string(200, 'x')));
    f.p.say_frame(crier::opcode::ping, "x");
    BOOST_TEST(f.read() == client_frame(fin | op::ping, "x"));
    f.p.say_frame(crier::opcode::text, "pa", false);
    f.p.say_frame(crier::opcode::continuation, "rt");
    BOOST_TEST(f.read() ==
               client_frame(op::text, "pa") + client_frame(fin | op::continuation, "rt"));
    f.p.close(4001, "done");
    BOOST_TEST(f.read() == client_frame(fin | op::close, close_payload(4001, "done")));
}

BOOST_AUTO_TEST_CASE(it_hears_the_same_however_it_is_cut)
{
    const std::string all =
        std::string(switching_protocols) + server_frame(fin | op::text, "one") +
        server_frame(fin | op::ping, "a") + server_frame(fin | op::binary, std::string(300, 'b')) +
        server_frame(op::text, "t") + server_frame(fin | op::pong) +
        server_frame(op::continuation, "w") + server_frame(fin | op::continuation, "o") +
        server_frame(fin | op::text, std::string(70'000, 'l')) + server_frame(fin | op::text) +
        server_frame(fin | op::close, close_payload(1013, "too slow"));
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{7}, SIZE_MAX}) {
        BOOST_TEST_CONTEXT("pieces of " << size)
        {
            far_end f;
            f.network.behaviour().capacity_bytes = SIZE_MAX;
            f.tell(all, size);
            BOOST_TEST(f.p.head == switching_protocols);
            BOOST_TEST(f.p.status == 101u);
            BOOST_TEST(f.p.messages == (strings{"one", std::string(300, 'b'), "two",
                                                std::string(70'000, 'l'), ""}));
            using enum crier::message_kind;
            BOOST_TEST((f.p.kinds == std::vector{text, binary, text, text, text}));
            BOOST_TEST(f.p.pings == strings{"a"});
            BOOST_TEST(f.p.pongs == strings{""});
            BOOST_TEST(f.p.closed_with == 1013u);
            BOOST_TEST(f.p.close_reason == "too slow");
        }
    }
}

BOOST_AUTO_TEST_CASE(it_keeps_the_body_of_a_refusal_and_ends)
{
    far_end f;
    f.read();
    f.tell("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\ngo aw", 9);
    BOOST_TEST(f.p.status == 403u);
    BOOST_TEST(f.p.body == "go aw");
    BOOST_TEST(!f.at_end());
    f.finish();
    f.p.hear();
    BOOST_TEST(f.at_end());
}

BOOST_AUTO_TEST_CASE(it_answers_as_browsers_do)
{
    far_end f;
    f.read();
    f.tell(switching_protocols);
    f.tell(server_frame(fin | op::ping, "x"));
    BOOST_TEST(f.read() == client_frame(fin | op::pong, "x"));
    f.tell(server_frame(fin | op::close));
    BOOST_TEST(f.read() == client_frame(fin | op::close));
    BOOST_TEST(f.p.closed_with == 1005u);
    BOOST_TEST(f.at_end());
}

BOOST_AUTO_TEST_CASE(it_says_goodbye_once)
{
    far_end f;
    f.tell(switching_protocols);
    f.p.close();
    f.read();
    f.tell(server_frame(fin | op::close, close_payload(1000)));
    BOOST_TEST(f.at_end());
}

BOOST_AUTO_TEST_CASE(it_leaves_the_answers_to_the_test)
{
    far_end f;
    f.read();
    f.p.answers = false;
    f.tell(switching_protocols);
    f.tell(server_frame(fin | op::ping) + server_frame(fin | op::close));
    f.finish();
    f.p.hear();
    BOOST_TEST(f.p.pings.size() == 1u);
    BOOST_TEST(f.read().empty());
    BOOST_TEST(!f.at_end());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(memory_network_of_the_kit)

BOOST_AUTO_TEST_CASE(a_full_stream_is_told_when_the_behaviour_changes)
{
    far_end f;
    f.network.settle(f.context);
    f.network.behaviour().capacity_bytes = 3;
    f.network.settle(f.context);
    const std::size_t before = f.times_ready();
    BOOST_TEST(f.write("abc"));
    BOOST_TEST(!f.write("d"));
    f.network.settle(f.context);
    BOOST_TEST(f.times_ready() == before);
    f.network.behaviour().capacity_bytes = 4;
    BOOST_TEST(f.times_ready() == before); // not from within the call
    f.network.settle(f.context);
    BOOST_TEST(f.times_ready() == before + 1);
    BOOST_TEST(f.write("d"));
    f.network.behaviour().max_read_bytes = 1;
    f.network.settle(f.context);
    BOOST_TEST(f.times_ready() == before + 1); // it has not been full since
}

BOOST_AUTO_TEST_CASE(what_is_sent_after_the_end_goes_nowhere)
{
    far_end f;
    f.read();
    f.p.client.finish();
    f.p.say("too late");
    BOOST_TEST(f.at_end());
}

BOOST_AUTO_TEST_CASE(ask_returns_or_throws_what_the_function_does)
{
    boost::asio::io_context context;
    bool inside = false;
    memory_network::ask(context, [&] { inside = context.get_executor().running_in_this_thread(); });
    BOOST_TEST(inside);
    std::string text = "text";
    BOOST_TEST(&memory_network::ask(context, [&]() -> std::string& { return text; }) == &text);
    BOOST_TEST(*memory_network::ask(context, [] { return std::make_unique<int>(7); }) == 7);
    BOOST_CHECK_THROW(memory_network::ask(context, [] { throw std::runtime_error("no"); }),
                      std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
