#ifndef CRIER_TESTS_BARE_CONNECTION_HPP
#define CRIER_TESTS_BARE_CONNECTION_HPP

#include <crier/connection.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// A connection without a stream: what a registry sees of one. Writes down how it is closed.
class bare_connection final : public crier::connection
{
public:
    explicit bare_connection(std::string_view uid, std::uint64_t id = 0)
        : connection(id, crier::connection_kind::client)
    {
        set_uid(uid);
    }

    void say_uid(std::string_view uid) { set_uid(uid); }

    /// "4001 reason", one for each call of close.
    const std::vector<std::string>& closes() const noexcept { return closes_; }

    std::string peer() const override { return "nowhere"; }
    std::size_t queued_bytes() const noexcept override { return 0; }
    bool send(crier::message_view) override { return false; }

    void close(crier::close_code code, std::string_view reason, crier::error_code) override
    {
        closes_.push_back(std::to_string(static_cast<unsigned>(code)) + ' ' + std::string(reason));
    }

private:
    std::vector<std::string> closes_;
};

/// What a visit found, in its order: "uid#id uid#id".
class visited
{
public:
    void operator()(const crier::connection& c)
    {
        text_ += (text_.empty() ? "" : " ") + std::string(c.uid()) + '#' + std::to_string(c.id());
    }

    const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

} // namespace support

#endif
