#ifndef CRIER_TESTS_FUZZ_SERVER_INPUT_HPP
#define CRIER_TESTS_FUZZ_SERVER_INPUT_HPP

#include <array>
#include <cstddef>
#include <string_view>

#include "input.hpp"

namespace fuzz {

/// What holds for a whole play; small where a limit or a short read is to be met.
struct server_settings
{
    std::size_t max_outbox_bytes, max_outbox_messages, max_message_bytes, max_line_bytes,
        max_turn_bytes, read_bytes, write_bytes, capacity_bytes, frames_per_second;
};

/// One thing that happens: two bytes, and for some of them a length and so many more.
struct operation
{
    enum kind : unsigned {
        connect, ///< to listener number % 3, instead of what this one was
        open,    ///< and says all that it takes to be registered
        bytes,   ///< any bytes
        frame,   ///< of a client, or a message of a program, or a line
        line,    ///< a line of a back end
        read,    ///< up to so many bytes; 0 is all
        finish,
        reset,
        time,
        push,
        stop,
        start,
        capacity, ///< of the ways to clients, and to back ends too if `which` is odd
        failure,  ///< the operation of the network that comes so many later fails
    };

    unsigned what, which;
    bool settles;
    unsigned number;
    std::string_view data;
};

class server_input
{
public:
    explicit server_input(std::string_view all) : setup_(all) {}

    server_settings settings()
    {
        constexpr std::size_t much = 1 << 20, no_limit = SIZE_MAX;
        const auto one = [&](std::array<std::size_t, 4> of) { return of[setup_.number(4)]; };
        const server_settings all{one({much, 60, 300, 1}),
                                  one({0, 1, 2, 5}),
                                  one({65536, 20, 200, 65536}),
                                  one({65536, 60, 200, 65536}),
                                  one({4096, 1, 16, 200}),
                                  one({no_limit, 1, 7, 100}),
                                  one({no_limit, 1, 7, 100}),
                                  one({256 * 1024, 1, 40, 300}),
                                  one({0, 4, 40, 0})};
        left_ = setup_.bytes();
        return all;
    }

    bool more() const { return left_.size() >= 2; }

    operation next()
    {
        operation op{};
        const unsigned first = take();
        op.what = first & 15;
        op.which = first >> 4 & 7;
        op.settles = !(first & 0x80);
        op.number = take();
        if (op.what == operation::bytes || op.what == operation::frame) {
            const std::size_t size = op.what == operation::frame ? take() : op.number;
            op.data = left_.substr(0, size);
            left_.remove_prefix(op.data.size());
        }
        return op;
    }

private:
    unsigned take()
    {
        if (left_.empty())
            return 0;
        const auto byte = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        return byte;
    }

    input setup_;
    std::string_view left_;
};

} // namespace fuzz

#endif
