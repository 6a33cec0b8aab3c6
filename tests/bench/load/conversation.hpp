// What clients and back ends of one run share: who is told what, in which words, and what arrived.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
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
          format(o.deflate),
          heard(o.connections, o.uids + 1, streams, found),
          buffer(256 * 1024)
    {
        prefixes.reserve(o.uids + 1);
        for (std::uint32_t u = 0; u < o.uids; ++u)
            prefixes.push_back("{\"uid\":\"" + name_of(u) + '"');
        prefixes.push_back("{\"broadcast\":true");
        for (std::uint32_t u = 0; u < o.uids && o.speaks == protocol::nchan; ++u)
            channels.push_back(name_of(u));
        channels.push_back("all");
        for (std::uint32_t c = 0; c < o.connections; ++c) {
            heard.join(uid_of(c));
            heard.join(everyone());
        }
    }

    // Audiences are numbered: the uids first, then everybody.
    std::uint32_t uid_of(std::uint32_t client) const { return client % o.uids; }
    std::string name_of(std::uint32_t uid) const { return o.uid_prefix + std::to_string(uid); }
    std::uint32_t everyone() const { return o.uids; }
    std::uint32_t audience_of(std::uint32_t client) const
    {
        return o.mode == load_mode::broadcast ? everyone() : uid_of(client);
    }

    // Who is probed to find out that the client is there. With nchan each client has one channel.
    std::uint32_t probed_for(std::uint32_t client) const
    {
        return o.speaks == protocol::nchan ? audience_of(client) : uid_of(client);
    }

    // The path of a client's opening request.
    std::string target_of(std::uint32_t client) const
    {
        return o.speaks == protocol::nchan ? "/sub/" + channels[audience_of(client)] : "/";
    }

    // Line n of back end b to an audience, as it is said.
    void append(std::string& out, std::uint32_t audience, std::uint32_t n, std::uint32_t b,
                std::size_t payload_bytes) const
    {
        append(out, prefixes[audience], audience, n, b, payload_bytes);
    }

    // To a uid that nobody has.
    void append_for_nobody(std::string& out, std::uint32_t n, std::uint32_t b,
                           std::size_t payload_bytes) const
    {
        append(out, "{\"uid\":\"-\"", nobody, n, b, payload_bytes);
    }

    const options& o;
    faults& found;
    std::uint32_t streams; // back ends that count; one more probes
    line_format format;
    std::vector<std::string> prefixes; // by audience
    std::vector<std::string> channels; // likewise, of nchan
    ledger heard;
    std::vector<char> buffer; // for reading
    std::uint64_t serial = 0; // of connections to the server
    bool measured = false;    // this phase counts

private:
    static constexpr std::uint32_t nobody = ~0u;

    void append(std::string& out, std::string_view prefix, std::uint32_t audience, std::uint32_t n,
                std::uint32_t b, std::size_t payload_bytes) const
    {
        if (o.speaks == protocol::nchan)
            out += post_header(audience == nobody ? "-" : channels[audience], payload_bytes);
        format.append(out, prefix, n, b, payload_bytes);
        if (o.speaks == protocol::nchan)
            out.pop_back(); // the length says where it ends
    }
};

} // namespace bench
