#include "websocket_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <chrono>
#include <deque>
#include <stdexcept>
#include <utility>

#include "patience.hpp"

namespace support {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

tcp::endpoint endpoint_of(const std::string& address)
{
    const std::size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    if (host.starts_with('['))
        host = host.substr(1, host.size() - 2);
    return {asio::ip::make_address(host),
            static_cast<unsigned short>(std::stoul(address.substr(colon + 1)))};
}

} // namespace

struct websocket_client::impl
{
    struct message
    {
        bool text;
        std::string data;
    };

    asio::io_context io{1};
    websocket::stream<tcp::socket> stream{io};
    beast::flat_buffer buffer;
    websocket::response_type response;
    std::deque<message> inbox;
    std::string last_pong;
    unsigned pings = 0;
    bool reading = false;
    bool ended = false;
    goodbye end;
    error_code end_reason;

    /// Runs what is under way until `done` holds.
    template <class Predicate>
    void run_until(Predicate done, const char* what)
    {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!done()) {
            io.restart();
            if (io.run_one_until(deadline) == 0)
                throw std::runtime_error(std::string("waited in vain for ") + what);
        }
    }

    /// Starts an operation and runs until it is over; returns its result.
    template <class Start>
    error_code run(Start start, const char* what)
    {
        bool done = false;
        error_code result;
        start([&](error_code ec, auto...) {
            result = ec;
            done = true;
        });
        run_until([&] { return done; }, what);
        return result;
    }

    template <class Start>
    void must(Start start, const char* what)
    {
        if (const error_code ec = run(std::move(start), what))
            throw std::runtime_error(std::string(what) + " failed: " + ec.message());
    }

    void read()
    {
        if (reading || ended)
            return;
        reading = true;
        stream.async_read(buffer, [this](error_code ec, std::size_t) {
            reading = false;
            if (!ec) {
                inbox.push_back({stream.got_text(), beast::buffers_to_string(buffer.data())});
                buffer.clear();
                return;
            }
            ended = true;
            end_reason = ec;
            end = {stream.reason().code, stream.reason().reason.c_str()};
        });
    }

    /// Reads until there is a message or the end.
    template <class Predicate>
    void read_until(Predicate done, const char* what)
    {
        run_until(
            [&] {
                if (done())
                    return true;
                read();
                return false;
            },
            what);
    }

    std::string hear(bool text)
    {
        read_until([&] { return !inbox.empty() || ended; }, "a message");
        if (inbox.empty())
            throw std::runtime_error("the connection ended (" + std::to_string(end.code) + " \"" +
                                     end.reason + "\", " + end_reason.message() +
                                     ") where a message was expected");
        message first = std::move(inbox.front());
        inbox.pop_front();
        if (first.text != text)
            throw std::runtime_error(text ? "the message is binary" : "the message is text");
        return std::move(first.data);
    }

    /// A write that fails is cut short by the server's goodbye, or followed by an end of the
    /// stream: the next call that listens tells.
    void write(std::string_view bytes, bool last = true)
    {
        run([&](auto handler) { stream.async_write_some(last, asio::buffer(bytes), handler); },
            "a write");
    }
};

websocket_client::websocket_client(const std::string& address, const std::string& target,
                                   const std::string& subprotocols)
    : websocket_client(address, target, subprotocols, 0)
{}

websocket_client::websocket_client(const std::string& address, int server_window_bits)
    : websocket_client(address, "/", {}, server_window_bits)
{}

websocket_client::websocket_client(const std::string& address, const std::string& target,
                                   const std::string& subprotocols, int server_window_bits)
    : impl_(std::make_unique<impl>())
{
    impl& self = *impl_;
    auto& stream = self.stream;
    self.must(
        [&](auto handler) { stream.next_layer().async_connect(endpoint_of(address), handler); },
        "the connection");
    stream.next_layer().set_option(tcp::no_delay(true));
    if (!subprotocols.empty())
        stream.set_option(
            websocket::stream_base::decorator([subprotocols](websocket::request_type& request) {
                request.set("Sec-WebSocket-Protocol", subprotocols);
            }));
    if (server_window_bits != 0) {
        websocket::permessage_deflate offer;
        offer.client_enable = true;
        offer.server_max_window_bits = server_window_bits;
        stream.set_option(offer);
    }
    stream.control_callback([&self](websocket::frame_type kind, beast::string_view payload) {
        if (kind == websocket::frame_type::pong)
            self.last_pong.assign(payload.data(), payload.size());
    });
    self.must(
        [&](auto handler) { stream.async_handshake(self.response, address, target, handler); },
        "the opening handshake");
    stream.text(true);
}

websocket_client::~websocket_client() = default;
websocket_client::websocket_client(websocket_client&&) noexcept = default;

std::string websocket_client::subprotocol() const
{
    const auto chosen = impl_->response["Sec-WebSocket-Protocol"];
    return {chosen.data(), chosen.size()};
}

std::string websocket_client::extensions() const
{
    const auto agreed = impl_->response["Sec-WebSocket-Extensions"];
    return {agreed.data(), agreed.size()};
}

std::string websocket_client::address() const
{
    const tcp::endpoint here = impl_->stream.next_layer().local_endpoint();
    const std::string host = here.address().to_string();
    return (here.address().is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(here.port());
}

void websocket_client::say(std::string_view text)
{
    impl_->write(text);
}

void websocket_client::say_binary(std::string_view bytes)
{
    impl_->stream.binary(true);
    impl_->write(bytes);
    impl_->stream.binary(false);
}

void websocket_client::say_in_fragments(const std::vector<std::string>& pieces)
{
    for (std::size_t i = 0; i < pieces.size(); ++i)
        impl_->write(pieces[i], i + 1 == pieces.size());
}

void websocket_client::settle()
{
    impl& self = *impl_;
    const std::string payload = std::to_string(++self.pings);
    const websocket::ping_data data(beast::string_view(payload.data(), payload.size()));
    self.must([&](auto handler) { self.stream.async_ping(data, handler); }, "a ping");
    self.read_until([&] { return self.last_pong == payload || self.ended; }, "a pong");
    if (self.last_pong != payload)
        throw std::runtime_error("the connection ended (" + std::to_string(self.end.code) + " \"" +
                                 self.end.reason + "\", " + self.end_reason.message() +
                                 ") where a pong was expected");
}

void websocket_client::register_as(std::string_view uid)
{
    say(uid);
    settle();
}

std::string websocket_client::hear()
{
    return impl_->hear(true);
}

std::vector<std::string> websocket_client::hear(std::size_t count)
{
    std::vector<std::string> messages;
    while (messages.size() < count)
        messages.push_back(hear());
    return messages;
}

std::string websocket_client::hear_binary()
{
    return impl_->hear(false);
}

goodbye websocket_client::hear_goodbye()
{
    impl& self = *impl_;
    self.read_until([&] { return !self.inbox.empty() || self.ended; }, "a goodbye");
    if (!self.inbox.empty())
        throw std::runtime_error("a message came where a goodbye was expected: " +
                                 self.inbox.front().data);
    return self.end;
}

std::vector<std::string> websocket_client::hear_the_rest(goodbye& end)
{
    impl& self = *impl_;
    self.read_until([&] { return self.ended; }, "the end of the connection");
    std::vector<std::string> messages;
    while (!self.inbox.empty())
        messages.push_back(hear());
    end = self.end;
    return messages;
}

void websocket_client::close()
{
    impl& self = *impl_;
    if (self.ended)
        return;
    self.must(
        [&](auto handler) { self.stream.async_close(websocket::close_code::normal, handler); },
        "the closing handshake");
    self.ended = true;
}

void websocket_client::vanish()
{
    auto& socket = impl_->stream.next_layer();
    error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
    impl_->ended = true;
}

} // namespace support
