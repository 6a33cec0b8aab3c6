#ifndef CRIER_TESTS_INTEGRATION_LINE_CLIENT_HPP
#define CRIER_TESTS_INTEGRATION_LINE_CLIENT_HPP

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// A plain socket that sends bytes and reads lines, as a back end does.
///
/// Errors: all functions throw std::runtime_error with a sentence, also when nothing comes for
/// `patience`.
class line_client
{
public:
    /// Connects to "127.0.0.1:5678", "[::1]:5678", or the path of a local socket.
    explicit line_client(const std::string& address);
    ~line_client();

    line_client(line_client&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), unread_(std::move(other.unread_))
    {}
    line_client& operator=(line_client&&) = delete;

    /// Sends bytes as they are.
    void send(std::string_view bytes);

    /// Says that nothing more will be sent (FIN).
    void end_input();

    /// Closes the connection.
    void close();

    /// Ends a TCP connection with a reset: what is under way in both directions is lost. A send
    /// that another thread is in throws.
    void reset();

    /// The next line, without its `\n`.
    std::string read_line();

    /// All bytes up to the end of the stream.
    std::string read_to_end();

    /// Sends a line and returns the answer.
    std::string ask(std::string_view line);

    /// Sends all lines without waiting for answers, reads the answers meanwhile.
    std::vector<std::string> ask_all(const std::vector<std::string>& lines);

private:
    void wait_for(short events, const char* what);
    bool receive(); // false at the end of the stream
    std::string take_line();

    int descriptor_ = -1;
    std::string unread_;
};

/// True if somebody listens there.
bool is_listening(const std::string& address);

} // namespace support

#endif
