// A codec of one's own: netstrings, "5:hello,". A message stands behind its length, in decimal digits
// and a colon, and in front of a comma. The conformance kit tries it out, and then a server that
// answers each message with itself.
#include <crier/codec/text_line.hpp>
#include <crier/server.hpp>
#include <crier/test/codec_conformance.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>

struct netstring
{
    std::size_t max_message_bytes = 64 * 1024;

    std::size_t max_unfinished_bytes() const { return 20 + 1 + max_message_bytes; }

    struct decoder // the state of one connection: none, here, but the limit
    {
        explicit decoder(const netstring& options) : limit(options.max_message_bytes) {}

        crier::decoded decode(std::span<char>& in) // takes one message from the front of `in`
        {
            const std::string_view bytes(in.data(), in.size());
            const std::size_t digits =
                std::min(bytes.find_first_not_of("0123456789"), bytes.size());
            std::size_t size = 0;
            const auto [end, ec] = std::from_chars(bytes.data(), bytes.data() + digits, size);
            if (ec == std::errc::result_out_of_range || size > limit)
                return crier::decoded::failed(crier::error::message_too_large);
            if (digits > 1 && bytes.front() == '0')
                return crier::decoded::failed(crier::error::malformed);
            if (digits == bytes.size())
                return crier::decoded::need_more();
            if (digits == 0 || bytes[digits] != ':')
                return crier::decoded::failed(crier::error::malformed);
            if (bytes.size() < digits + 1 + size + 1)
                return crier::decoded::need_more();
            if (bytes[digits + 1 + size] != ',')
                return crier::decoded::failed(crier::error::malformed);
            in = in.subspan(digits + 1 + size + 1);
            return crier::decoded::whole(bytes.substr(digits + 1, size));
        }

        std::size_t limit;
    };

    static crier::frame encode(crier::message_view message) // once, for all receivers
    {
        return crier::frame::join({std::to_string(message.data.size()), ":", message.data, ","});
    }
};
static_assert(crier::check_codec<netstring>()); // says what is missing

struct echo : crier::hooks
{
    void on_message(crier::connection& peer, crier::message_view message) { peer.send(message); }
};

int main()
{
    // Every cut of these bytes, garbage, the bound, and the way there and back.
    const auto found = crier::test::codec_conformance(
        netstring{.max_message_bytes = 100},
        {{"5:hello,0:,3:a\nb,", {"hello", "", "a\nb"}}, {"1:x,101:", {"x"}}, {"05:hello,", {}}});
    std::cout << found << '\n';

    crier::server<crier::peers<crier::tcp, netstring, echo>> server{
        {.transport = {.address = "127.0.0.1"}, .codec = {.max_message_bytes = 100}}};
    server.start();
    const std::string port = std::to_string(server.port(0));
    std::thread network([&] { server.context().run(); });

    boost::asio::ip::tcp::iostream peer("127.0.0.1", port);
    peer.expires_after(std::chrono::seconds(10));
    const std::string messages = "5:hello,0:,3:a\nb,";
    peer << messages << std::flush;
    std::string answers(messages.size(), '\0');
    peer.read(answers.data(), static_cast<std::streamsize>(answers.size()));

    peer << "101:" << std::flush; // too many: the server closes
    peer.peek();
    const bool closed = peer.error() == boost::asio::error::eof;
    peer.close();

    server.stop();
    network.join();
    std::cout << (answers == messages ? "all came back" : "not all came back") << ", "
              << (closed ? "closed" : "not closed") << '\n';
    return found.ok() && answers == messages && closed ? 0 : 1;
}
