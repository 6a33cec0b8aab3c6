// A codec of one's own: each message follows its length, four bytes, the highest first. A server
// that answers each message with itself shows that it works.
#include <crier/codec/text_line.hpp>
#include <crier/server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>

struct length_prefixed
{
    std::size_t max_message_bytes = 64 * 1024;

    std::size_t max_unfinished_bytes() const { return 4 + max_message_bytes; }

    struct decoder // the state of one connection: none, here, but the limit
    {
        explicit decoder(const length_prefixed& options) : limit(options.max_message_bytes) {}

        crier::decoded decode(std::span<char>& in) // takes one message from the front of `in`
        {
            if (in.size() < 4)
                return crier::decoded::need_more();
            std::size_t size = 0;
            for (char byte : in.first(4))
                size = size << 8 | static_cast<unsigned char>(byte);
            if (size > limit)
                return crier::decoded::failed(crier::error::message_too_large);
            if (in.size() < 4 + size)
                return crier::decoded::need_more();
            const std::string_view message(in.data() + 4, size);
            in = in.subspan(4 + size);
            return crier::decoded::whole(message);
        }

        std::size_t limit;
    };

    static crier::frame encode(crier::message_view message) // once, for all receivers
    {
        const std::size_t size = message.data.size();
        if (size > 0xffffffff)
            return {}; // it cannot be said
        const char length[] = {static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                               static_cast<char>(size >> 8), static_cast<char>(size)};
        return crier::frame::join({std::string_view(length, 4), message.data});
    }
};
static_assert(crier::check_codec<length_prefixed>()); // says what is missing

struct echo : crier::hooks
{
    void on_message(crier::connection& peer, crier::message_view message) { peer.send(message); }
};

int main()
{
    crier::server<crier::peers<crier::tcp, length_prefixed, echo>> server{
        {.transport = {.address = "127.0.0.1"}, .codec = {.max_message_bytes = 100}}};
    server.start();
    const std::string port = std::to_string(server.port(0));
    std::thread network([&] { server.context().run(); });

    boost::asio::ip::tcp::iostream peer("127.0.0.1", port);
    peer.expires_after(std::chrono::seconds(10));
    using namespace std::string_literals;
    const std::string messages = "\0\0\0\5hello"s + "\0\0\0\0"s + "\0\0\0\3a\nb"s;
    peer << messages << std::flush;
    std::string answers(messages.size(), '\0');
    peer.read(answers.data(), static_cast<std::streamsize>(answers.size()));

    peer << "\0\0\1\0"s << std::flush; // 256 bytes are too many: the server closes
    peer.peek();
    const bool closed = peer.error() == boost::asio::error::eof;
    peer.close();

    server.stop();
    network.join();
    std::cout << (answers == messages ? "all came back" : "not all came back") << ", "
              << (closed ? "closed" : "not closed") << '\n';
    return answers == messages && closed ? 0 : 1;
}
