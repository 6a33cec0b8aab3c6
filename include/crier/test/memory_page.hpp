#ifndef CRIER_TEST_MEMORY_PAGE_HPP
#define CRIER_TEST_MEMORY_PAGE_HPP

#include <crier/codec/websocket/close_code.hpp>
#include <crier/codec/websocket/frame_header.hpp>
#include <crier/codec/websocket/mask.hpp>
#include <crier/message.hpp>
#include <crier/test/memory_network.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier::test {

/// What a memory_page asks for, beside what every WebSocket request says.
struct page_request
{
    std::string target = "/";
    std::vector<std::string> fields{}; ///< further ones, as "Origin: https://example.org"
};

/// A browser's page, in the hands of a test: a memory_client that speaks WebSocket. It says what it
/// is told to, keeps what it hears, and judges nothing. As with a memory_client, what was said has
/// arrived once the io_context has run.
///
/// Thread safety: none, as memory_network.
///
/// Example (tests):
///     crier::test::memory_network network;
///     boost::asio::io_context context;
///     crier::push_server<crier::clients<crier::test::memory_transport, crier::websocket>> server(
///         context, {.transport = {network}});
///     server.start();
///     crier::test::memory_page ann(network, {.fields = {"Origin: https://example.org"}});
///     ann.say("ann"); // the uid
///     network.settle(context);
///     assert(network.ask(context, [&] { return server.push("ann", "hello"); }).queued == 1);
///     ann.hear();
///     assert(ann.status == 101);
///     assert(ann.messages == std::vector<std::string>{"hello"});
class memory_page
{
public:
    /// Connects and sends the opening request. What is said next does not wait for the answer.
    explicit memory_page(memory_network& network, const page_request& request = {})
        : client(network.connect())
    {
        std::string text = "GET ";
        text.append(request.target)
            .append(" HTTP/1.1\r\n"
                    "Host: localhost\r\n"
                    "Upgrade: websocket\r\n"
                    "Connection: Upgrade\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Sec-WebSocket-Version: 13\r\n");
        for (const std::string& field : request.fields)
            text.append(field).append("\r\n");
        client.send(text.append("\r\n"));
    }

    void say(message_view message)
    {
        say_frame(message.kind == message_kind::text ? opcode::text : opcode::binary, message.data);
    }

    /// A close frame. What the server says before its own can still be heard.
    void close(unsigned code = 1000, std::string_view reason = {})
    {
        const char number[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
        say_frame(opcode::close, std::string(number, 2).append(reason));
    }

    /// Any frame: a ping, a part of a message, what breaks the rules.
    void say_frame(opcode code, std::string_view payload = {}, bool fin = true)
    {
        constexpr std::array<unsigned char, 4> key{0x37, 0xFA, 0x21, 0x3D};
        std::string bytes(max_server_header_size, '\0');
        bytes.resize(write_frame_header(bytes.data(), code, payload.size()));
        if (!fin)
            bytes[0] = static_cast<char>(code);
        bytes[1] = static_cast<char>(bytes[1] | 0x80); // masked
        bytes.append(key.begin(), key.end());
        const std::size_t front = bytes.size();
        bytes.append(payload);
        apply_mask(bytes.data() + front, payload.size(), key);
        client.send(bytes);
        has_closed_ = has_closed_ || code == opcode::close;
    }

    /// Takes what has come, in whatever pieces, and answers it.
    void hear()
    {
        unread_ += client.receive();
        if (head.empty())
            take_head();
        std::string_view rest = unread_;
        if (status == 101)
            while (take_frame(rest)) {
            }
        else if (!head.empty())
            body.append(std::exchange(rest, {}));
        unread_.erase(0, unread_.size() - rest.size());
        if (answers && (closed_with != 0 || client.ended()))
            client.finish();
    }

    memory_client client; ///< the bytes, and the connection's end: reset() if the page vanishes

    /// hear() does as browsers do: it answers pings and the server's close frame, and ends the
    /// connection after a close frame and where the server does. False: a page that is stuck, or
    /// what the test says itself.
    bool answers = true;

    unsigned status = 0; ///< of the HTTP response; 101 if this is a WebSocket now
    std::string head;    ///< the whole of it, with the empty line at its end
    std::string body;    ///< what came after it, if it is no WebSocket

    std::vector<std::string> messages; ///< text and binary, in their order
    std::vector<message_kind> kinds;   ///< of each message
    std::vector<std::string> pings;    ///< what each one carried
    std::vector<std::string> pongs;

    unsigned closed_with = 0; ///< the code of the server's close frame; 1005 if it has none
    std::string close_reason;

private:
    void take_head()
    {
        const auto end = unread_.find("\r\n\r\n");
        if (end == std::string::npos)
            return;
        head = unread_.substr(0, end + 4);
        unread_.erase(0, end + 4);
        constexpr std::string_view before_status = "HTTP/1.1 ";
        if (head.starts_with(before_status))
            for (const char digit : head.substr(before_status.size(), 3))
                status = status * 10 + static_cast<unsigned>(digit - '0');
    }

    bool take_frame(std::string_view& rest)
    {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
        if (rest.size() < 2)
            return false;
        std::uint64_t size = at(1);
        const std::size_t front = size < 126 ? 2 : size == 126 ? 4 : 10;
        if (rest.size() < front)
            return false;
        if (front > 2) {
            size = 0;
            for (std::size_t i = 2; i < front; ++i)
                size = size << 8 | at(i);
        }
        if (rest.size() - front < size)
            return false;
        take(at(0), std::string(rest.substr(front, size)));
        rest.remove_prefix(front + size);
        return true;
    }

    void take(unsigned first, std::string payload)
    {
        const auto code = static_cast<opcode>(first & 0x0F);
        switch (code) {
        case opcode::text:
        case opcode::binary:
            kind_ = code == opcode::text ? message_kind::text : message_kind::binary;
            [[fallthrough]];
        case opcode::continuation:
            part_ += payload;
            if (first & 0x80) {
                messages.push_back(std::exchange(part_, {}));
                kinds.push_back(kind_);
            }
            break;
        case opcode::ping:
            if (answers)
                say_frame(opcode::pong, payload);
            pings.push_back(std::move(payload));
            break;
        case opcode::pong:
            pongs.push_back(std::move(payload));
            break;
        case opcode::close:
            if (answers && !has_closed_)
                say_frame(opcode::close, payload);
            take_close(payload);
            break;
        }
    }

    void take_close(std::string_view payload)
    {
        closed_with = 1005;
        if (payload.size() < 2)
            return;
        closed_with =
            static_cast<unsigned char>(payload[0]) * 256u + static_cast<unsigned char>(payload[1]);
        close_reason = payload.substr(2);
    }

    std::string unread_;
    std::string part_; // of a message in several frames
    message_kind kind_ = message_kind::text;
    bool has_closed_ = false;
};

} // namespace crier::test

#endif
