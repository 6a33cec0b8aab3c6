#ifndef CRIER_TESTS_IN_MEMORY_PAGE_HPP
#define CRIER_TESTS_IN_MEMORY_PAGE_HPP

#include <crier/test/memory_network.hpp>

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "websocket_script.hpp"

namespace support {

/// A browser's page: a memory_client that speaks WebSocket.
class page
{
public:
    /// Connects and says a uid, all in one go. It is heard when the network settles.
    page(crier::test::memory_network& network, std::string_view uid) : client(network.connect())
    {
        client.send(std::string(upgrade_request));
        say(uid);
    }

    /// A page that has said nothing yet.
    explicit page(crier::test::memory_client c) : client(std::move(c)) {}

    void say(std::string_view text) { client.send(client_frame(fin | op::text, text)); }

    void say_goodbye(unsigned code = 1000)
    {
        client.send(client_frame(fin | op::close, close_payload(code)));
    }

    /// Reads what has come.
    void hear()
    {
        unread_ += client.receive();
        if (!open_) {
            const auto end = unread_.find("\r\n\r\n");
            if (end == std::string::npos)
                return;
            head = unread_.substr(0, end + 4);
            unread_.erase(0, end + 4);
            open_ = true;
        }
        while (take_frame()) {
        }
    }

    crier::test::memory_client client;
    std::string head;                  ///< the HTTP response
    std::vector<std::string> messages; ///< texts, in their order
    std::size_t pings = 0;
    unsigned closed_with = 0; ///< the code of the server's close frame

private:
    bool take_frame()
    {
        if (unread_.size() < 2)
            return false;
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(unread_[i]); };
        std::size_t front = 2, size = at(1);
        if (size >= 126) {
            const std::size_t bytes = size == 126 ? 2 : 8;
            front += bytes;
            if (unread_.size() < front)
                return false;
            size = 0;
            for (std::size_t i = 2; i < front; ++i)
                size = size << 8 | at(i);
        }
        if (unread_.size() < front + size)
            return false;
        const unsigned first = at(0);
        std::string payload = unread_.substr(front, size);
        unread_.erase(0, front + size);
        if (first == (fin | op::text))
            messages.push_back(std::move(payload));
        else if (first == (fin | op::ping))
            ++pings;
        else if (first == (fin | op::close) && payload.size() >= 2)
            closed_with = static_cast<unsigned char>(payload[0]) * 256u +
                          static_cast<unsigned char>(payload[1]);
        return true;
    }

    std::string unread_;
    bool open_ = false;
};

} // namespace support

#endif
