// Who has still to hear what. For each back end and each audience (a uid, or everybody) the lines
// form a chain in the order in which they were sent; each connection stands somewhere in the chain
// of its audience, and the next message that it hears from that back end must be the next link.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "faults.hpp"

namespace bench {

class ledger
{
public:
    ledger(std::size_t connections, std::size_t audiences, std::size_t back_ends, faults& found)
        : back_ends_(back_ends),
          next_(back_ends, std::vector<std::uint32_t>(1, 0)),
          first_(audiences * back_ends, 0),
          last_(audiences * back_ends, 0),
          heard_(connections * back_ends, 0),
          members_(audiences, 0),
          found_(found)
    {}

    void join(std::uint32_t audience) { ++members_[audience]; }

    void reserve(std::uint32_t b, std::size_t lines) { next_[b].reserve(lines + 1); }

    // The next line of b went to this audience.
    void sent(std::uint32_t b, std::uint32_t audience)
    {
        const auto n = sent_to_nobody(b);
        std::uint32_t& last = last_[audience * back_ends_ + b];
        if (last)
            next_[b][last] = n;
        else
            first_[audience * back_ends_ + b] = n;
        last = n;
        expected_ += members_[audience];
    }

    // The next line of b went to a uid that nobody has.
    std::uint32_t sent_to_nobody(std::uint32_t b)
    {
        next_[b].push_back(0);
        return static_cast<std::uint32_t>(next_[b].size() - 1);
    }

    void heard(std::uint32_t connection, std::uint32_t audience, std::uint32_t b, std::uint32_t n)
    {
        std::uint32_t& last = heard_[connection * back_ends_ + b];
        const std::uint32_t awaited = last ? next_[b][last] : first_[audience * back_ends_ + b];
        if (n == awaited && n != 0) [[likely]] {
            last = n;
            ++delivered_;
            return;
        }
        explain(connection, audience, b, n, awaited);
    }

    std::uint64_t expected() const { return expected_; }
    std::uint64_t delivered() const { return delivered_; }

    // What is still out when nothing more will come.
    void report_lost(const std::vector<std::uint32_t>& audience_of)
    {
        for (const auto& [connection, b, n] : skipped_)
            found_.add(fault::lost, name(connection, b, n));
        for (std::uint32_t c = 0; c < audience_of.size(); ++c)
            for (std::uint32_t b = 0; b < back_ends_; ++b) {
                const std::uint32_t last = heard_[c * back_ends_ + b];
                std::uint32_t n = last ? next_[b][last] : first_[audience_of[c] * back_ends_ + b];
                for (; n; n = next_[b][n])
                    found_.add(fault::lost, name(c, b, n));
            }
    }

private:
    void explain(std::uint32_t connection, std::uint32_t audience, std::uint32_t b, std::uint32_t n,
                 std::uint32_t awaited)
    {
        if (n >= next_[b].size()) {
            found_.add(fault::altered, name(connection, b, n) + ", which was never sent");
            return;
        }
        std::uint32_t at = awaited;
        while (at && at < n)
            at = next_[b][at];
        if (at == n && n != 0) {
            // It is further on: what lies between is missing, or late.
            for (at = awaited; at != n; at = next_[b][at])
                skipped_.emplace(connection, b, at);
            heard_[connection * back_ends_ + b] = n;
            ++delivered_;
        } else if (skipped_.erase({connection, b, n})) {
            found_.add(fault::reordered, name(connection, b, n));
            ++delivered_;
        } else {
            at = first_[audience * back_ends_ + b];
            while (at && at < n)
                at = next_[b][at];
            // Not in this chain: the uid or the number is not the one that was sent.
            found_.add(at == n ? fault::duplicated : fault::altered, name(connection, b, n));
        }
    }

    static std::string name(std::uint32_t connection, std::uint32_t b, std::uint32_t n)
    {
        return "line " + std::to_string(n) + " of back end " + std::to_string(b) +
               " at connection " + std::to_string(connection);
    }

    std::size_t back_ends_;
    std::vector<std::vector<std::uint32_t>> next_; // by back end and line; 0 ends a chain
    std::vector<std::uint32_t> first_;             // by audience and back end
    std::vector<std::uint32_t> last_;
    std::vector<std::uint32_t> heard_; // by connection and back end
    std::vector<std::uint32_t> members_;
    std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> skipped_;
    std::uint64_t expected_ = 0;
    std::uint64_t delivered_ = 0;
    faults& found_;
};

} // namespace bench
