// What clients and back ends of one run share: who is told what, in which words, and what arrived.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "faults.hpp"
#include "ledger.hpp"
#include "line.hpp"
#include "options.hpp"

namespace bench {

struct conversation
{
    conversation(const options& the_options, faults& the_faults)
        : o(the_options),
          found(the_faults),
          streams(o.back_ends + (o.flood ? 1 : 0)),
          heard(o.connections, o.uids + 1, streams, found),
          buffer(256 * 1024)
    {
        prefixes.reserve(o.uids + 1);
        for (std::uint32_t u = 0; u < o.uids; ++u)
            prefixes.push_back("{\"uid\":\"u" + std::to_string(u) + '"');
        prefixes.push_back("{\"broadcast\":true");
        for (std::uint32_t c = 0; c < o.connections; ++c) {
            heard.join(uid_of(c));
            heard.join(everyone());
        }
    }

    // Audiences are numbered: the uids first, then everybody.
    std::uint32_t uid_of(std::uint32_t client) const { return client % o.uids; }
    std::uint32_t everyone() const { return o.uids; }
    std::uint32_t audience_of(std::uint32_t client) const
    {
        return o.mode == load_mode::broadcast ? everyone() : uid_of(client);
    }

    const options& o;
    faults& found;
    std::uint32_t streams; // back ends that count; one more probes
    line_format format;
    std::vector<std::string> prefixes; // by audience
    ledger heard;
    std::vector<char> buffer; // for reading
    std::uint64_t serial = 0; // of connections to the server
    bool measured = false;    // this phase counts
};

} // namespace bench
