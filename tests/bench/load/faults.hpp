// What went wrong, counted by kind, the first few in words.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

enum class fault {
    lost,         // never arrived
    duplicated,   // arrived again
    reordered,    // arrived after a later one
    altered,      // is not what was sent
    misrouted,    // arrived at a connection that it was not for
    framing,      // not the framing that RFC 6455 asks of a server
    handshake,    // the opening handshake was not right
    reply,        // a back end's reply was wrong, missing or too many
    closed,       // a connection ended that should not have
    unregistered, // a client said its uid and was never heard of again
};

inline constexpr std::array<std::string_view, 10> fault_names{
    "lost",    "duplicated", "reordered", "altered", "misrouted",
    "framing", "handshake",  "reply",     "closed",  "unregistered"};

class faults
{
public:
    void add(fault kind, const std::string& words, std::uint64_t times = 1)
    {
        counts_[static_cast<std::size_t>(kind)] += times;
        if (words_.size() < 10)
            words_.push_back(std::string{fault_names[static_cast<std::size_t>(kind)]} + ": " +
                             words);
    }

    std::uint64_t count(fault kind) const { return counts_[static_cast<std::size_t>(kind)]; }
    std::uint64_t total() const
    {
        std::uint64_t sum = 0;
        for (const std::uint64_t count : counts_)
            sum += count;
        return sum;
    }
    const std::vector<std::string>& words() const { return words_; }

    // Beyond this a run has nothing more to tell.
    bool hopeless() const { return total() >= 10'000; }

private:
    std::array<std::uint64_t, fault_names.size()> counts_{};
    std::vector<std::string> words_;
};

} // namespace bench
