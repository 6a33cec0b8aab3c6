#ifndef CRIER_TESTS_INTEGRATION_WEBSOCKET_CLIENT_HPP
#define CRIER_TESTS_INTEGRATION_WEBSOCKET_CLIENT_HPP

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// How a WebSocket connection ended: the close frame's code and reason; 0 without a close frame.
struct goodbye
{
    unsigned code = 0;
    std::string reason{};

    friend bool operator==(const goodbye&, const goodbye&) = default;
};

/// Beast's WebSocket client, with calls that block. It reads only inside its calls.
///
/// Errors: all functions throw std::runtime_error with a sentence, also when nothing comes for
/// `patience`. Only what is said too late, when the server has begun to close, is lost in silence.
///
/// Thread safety: distinct objects only.
class websocket_client
{
public:
    /// Connects to "127.0.0.1:1234" or "[::1]:1234" and shakes hands.
    explicit websocket_client(const std::string& address, const std::string& target = "/",
                              const std::string& subprotocols = {});

    /// The same with an offer of permessage-deflate, with this server_max_window_bits: 9 to 15.
    websocket_client(const std::string& address, int server_window_bits);
    ~websocket_client();
    websocket_client(websocket_client&&) noexcept;

    /// The subprotocol that the server chose.
    std::string subprotocol() const;

    /// The extensions that the server agreed to.
    std::string extensions() const;

    /// This end's address, as the server sees it.
    std::string address() const;

    void say(std::string_view text);
    void say_binary(std::string_view bytes);
    /// One message, a frame for each piece.
    void say_in_fragments(const std::vector<std::string>& pieces);

    /// Returns when the server has dealt with all that was said (a ping and its pong).
    void settle();

    /// Says who it is and settles: from then on it is registered.
    void register_as(std::string_view uid);

    /// The next message, which must be a text message.
    std::string hear();
    std::vector<std::string> hear(std::size_t count);

    /// The next message, which must be binary.
    std::string hear_binary();

    /// The end of the connection; a message before it is an error.
    goodbye hear_goodbye();

    /// All text messages up to the end of the connection, and how it ended.
    std::vector<std::string> hear_the_rest(goodbye& end);

    /// Closes in order: close frame, the server's answer, end of stream.
    void close();

    /// Resets the TCP connection without a goodbye.
    void vanish();

private:
    websocket_client(const std::string& address, const std::string& target,
                     const std::string& subprotocols, int server_window_bits);

    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace support

#endif
