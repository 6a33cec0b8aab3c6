#ifndef CRIER_CODEC_WEBSOCKET_DEFLATE_OFFER_HPP
#define CRIER_CODEC_WEBSOCKET_DEFLATE_OFFER_HPP

#include <crier/config.hpp>
#include <crier/detail/http_grammar.hpp>
#include <crier/opening.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace crier {

/// What a client and this server agree on, of permessage-deflate (RFC 7692 section 5).
struct deflate_agreement
{
    int server_window_bits = 0; ///< 9 to 15: the server refers back by less than 2 to this; 0: no
                                ///< compression
    std::string response{};     ///< the value of Sec-WebSocket-Extensions; empty for no compression
};

namespace detail {

/// One offer of permessage-deflate that a server may accept.
struct deflate_offer
{
    std::optional<int> server_window_bits;
    std::optional<int> client_window_bits; // 0: the client could be told to use a smaller one
    bool server_forgets = false, client_forgets = false;
};

/// 8 to 15, without leading zeros (RFC 7692 section 7.1.2), perhaps quoted.
CRIER_COLD inline std::optional<int> window_bits(std::string_view value)
{
    std::string unquoted;
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    if (quoted)
        value = value.substr(1, value.size() - 2);
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (quoted && value[at] == '\\' && at + 1 < value.size())
            ++at;
        unquoted += value[at];
    }
    if (unquoted == "8" || unquoted == "9")
        return unquoted[0] - '0';
    if (unquoted.size() == 2 && unquoted[0] == '1' && unquoted[1] >= '0' && unquoted[1] <= '5')
        return 10 + unquoted[1] - '0';
    return std::nullopt;
}

/// The parameters of an offer, or nothing if it has to be declined (RFC 7692 section 7.1): one that
/// is unknown or stands twice, a value that is wrong or where none may be.
CRIER_COLD inline std::optional<deflate_offer> read_deflate_offer(std::string_view parameters)
{
    deflate_offer offer;
    while (!parameters.empty()) {
        parameters.remove_prefix(1); // the semicolon
        const auto end = std::min(parameters.find(';'), parameters.size());
        const std::string_view parameter = parameters.substr(0, end);
        parameters.remove_prefix(end);
        const auto equals = parameter.find('=');
        const bool has_value = equals != std::string_view::npos;
        const std::string_view name = trim(parameter.substr(0, equals));
        const auto bits =
            has_value ? window_bits(trim(parameter.substr(equals + 1))) : std::optional<int>();
        if (name == "server_no_context_takeover" && !has_value && !offer.server_forgets)
            offer.server_forgets = true;
        else if (name == "client_no_context_takeover" && !has_value && !offer.client_forgets)
            offer.client_forgets = true;
        else if (name == "server_max_window_bits" && bits && !offer.server_window_bits)
            offer.server_window_bits = bits;
        else if (name == "client_max_window_bits" && (bits || !has_value) &&
                 !offer.client_window_bits)
            offer.client_window_bits = bits.value_or(0);
        else
            return std::nullopt;
    }
    return offer;
}

} // namespace detail

/// Looks for the first offer of permessage-deflate that this server can accept. Other extensions,
/// and offers that are to be declined, are passed over.
///
/// Both sides will forget after each message (`server_no_context_takeover`,
/// `client_no_context_takeover`), whether the client has offered that or not: it must be able to. The
/// server's window is the smaller of `max_window_bits`, 9 to 15, and what the client allows; it is
/// named in the response if the client named one. An offer that allows only 2^8 bytes is declined: no
/// implementation of DEFLATE in use keeps to that.
CRIER_COLD inline deflate_agreement agree_on_deflate(const opening_request& request,
                                                     int max_window_bits = 15)
{
    deflate_agreement agreed;
    for (const auto& [name, value] : request.fields()) {
        if (!detail::iequals(name, "Sec-WebSocket-Extensions"))
            continue;
        // The request was parsed: it is well formed, and quotes hold no separators.
        detail::for_each_in_list(value, [&](std::string_view extension) {
            const auto end = std::min(extension.find(';'), extension.size());
            if (agreed.server_window_bits ||
                detail::trim(extension.substr(0, end)) != "permessage-deflate")
                return;
            const auto offer = detail::read_deflate_offer(extension.substr(end));
            const int allowed = offer ? offer->server_window_bits.value_or(15) : 0;
            if (allowed < 9)
                return;
            agreed.server_window_bits = std::min(allowed, max_window_bits);
            agreed.response =
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
            if (offer->server_window_bits)
                agreed.response +=
                    "; server_max_window_bits=" + std::to_string(agreed.server_window_bits);
        });
    }
    return agreed;
}

} // namespace crier

#endif
