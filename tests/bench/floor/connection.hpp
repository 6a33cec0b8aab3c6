// What the floor keeps of each connection, and a place in the bytes that a turn sends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace bench {

constexpr std::uint32_t none = ~std::uint32_t{0};

enum class role : std::uint8_t { client_listener, backend_listener, client, backend };

struct connection
{
    int fd = -1;
    role what = role::client;
    bool upgraded = false;
    bool dead = false;
    bool hung_up = false;
    bool queued_again = false;
    bool paused = false;

    // The ranges of this turn's arena that it will be sent, a list by index.
    std::uint32_t first_range = none;
    std::uint32_t last_range = none;

    // Registry: a chain of its bucket, and its place among all registered.
    std::uint32_t hash = 0;
    std::uint32_t place = none;
    connection* next_in_bucket = nullptr;

    std::string uid;
    std::unique_ptr<std::string> tail;    // an unfinished line, frame or header
    std::unique_ptr<std::string> pending; // what the kernel did not take yet
};

// A piece of the turn's arena, and the next one for the same connection.
struct range
{
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t next;
};

} // namespace bench
