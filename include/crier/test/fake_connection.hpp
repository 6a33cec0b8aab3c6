#ifndef CRIER_TEST_FAKE_CONNECTION_HPP
#define CRIER_TEST_FAKE_CONNECTION_HPP

#include <crier/connection.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace crier::test {

/// A client without a server, for tests of registries and hooks: it keeps what it is sent and how
/// it is closed.
class fake_connection final : public connection
{
public:
    explicit fake_connection(std::string_view uid, std::uint64_t id = 1)
        : connection(id, connection_kind::client)
    {
        set_uid(uid);
    }

    std::string peer() const override { return "fake"; }
    std::size_t queued_bytes() const noexcept override { return 0; }

    bool send(message_view message) override
    {
        if (!is_closed())
            sent.emplace_back(message.data);
        return !is_closed();
    }

    void close(close_code code, std::string_view reason, error_code why) override
    {
        if (is_closed())
            return;
        closed_with = code;
        close_reason = reason;
        closed_because = why;
        closed_ = true;
    }

    bool is_closed() const noexcept { return closed_; }

    std::vector<std::string> sent;
    close_code closed_with = close_code::none;
    std::string close_reason;
    error_code closed_because;

private:
    bool closed_ = false;
};

} // namespace crier::test

#endif
