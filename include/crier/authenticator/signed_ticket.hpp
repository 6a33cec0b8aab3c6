#ifndef CRIER_AUTHENTICATOR_SIGNED_TICKET_HPP
#define CRIER_AUTHENTICATOR_SIGNED_TICKET_HPP

// Not in crier.hpp: include it yourself, and link crier::tls (OpenSSL 3).
#include <crier/concepts/authenticator.hpp>
#include <crier/opening.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdexcept>
#include <string>
#include <string_view>

namespace crier {

/// Authenticator: a ticket that the web back end has signed says who it is, and until when. Without it
/// anybody may say that he is anybody.
///
/// A ticket is text: `KEY.EXPIRY.UID.SIGNATURE`
///
/// - KEY: the id of the key it is signed with: 1 to 64 of A-Z a-z 0-9 _ -
/// - EXPIRY: when it ends, in seconds since 1970 (UTC), decimal
/// - UID: the uid, in base64url without padding (RFC 4648 section 5)
/// - SIGNATURE: HMAC-SHA256 (RFC 2104) with the key over all that stands before the last dot, in
///   base64url without padding: 43 characters
///
/// In PHP, for a key "k1" and a user $uid:
///
///     $b64 = fn($s) => rtrim(strtr(base64_encode($s), '+/', '-_'), '=');
///     $body = 'k1.' . (time() + 60) . '.' . $b64($uid);
///     $ticket = $body . '.' . $b64(hash_hmac('sha256', $body, $secret, true));
///
/// The page gives it in the URL, `?ticket=...`, or as its first message, text or binary. Keys are
/// found by their id, so they can be changed without a break: add the new one, sign with it, remove
/// the old one when its tickets have ended. A ticket is no secret of one use: who reads it may use it until it ends, so let
/// that be soon, and use tls. A connection goes on when its ticket has ended.
///
/// This is the only place where the clock on the wall counts. If it jumps ahead, tickets end early; if
/// it jumps back, those that have ended are good again for as long.
///
/// Models: authenticator.
struct signed_ticket
{
    std::map<std::string, std::string> keys{}; ///< id to secret: 32 random bytes or more
    std::string parameter = "ticket";          ///< of the URL's query; empty: first message only
    std::chrono::seconds leeway{0}; ///< accepted so long after its end: for clocks that differ
    std::chrono::system_clock::time_point (*clock)() =
        &std::chrono::system_clock::now; ///< for tests

    static constexpr auto decides_from = question::opening;
    static constexpr auto decides_by = question::first_message;

    verdict judge(const question& q) const
    {
        if (q.occasion() == question::first_message)
            return judge_ticket(q.message().data);
        if (q.occasion() != question::opening || parameter.empty())
            return verdict::undecided();
        std::string_view ticket;
        return find_parameter(q.request().target(), ticket) ? judge_ticket(ticket)
                                                            : verdict::undecided();
    }

    /// A ticket for a uid, signed with one of the keys. Throws std::out_of_range for an unknown key.
    std::string issue(std::string_view uid, std::string_view key,
                      std::chrono::system_clock::time_point expiry) const
    {
        const std::string& secret = keys.at(std::string(key));
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(expiry.time_since_epoch()).count();
        std::string ticket(key);
        ticket.append(".").append(std::to_string(seconds)).append(".").append(encode(uid));
        const auto signature = sign(secret, ticket);
        return ticket.append(".").append(
            encode({reinterpret_cast<const char*>(signature.data()), signature.size()}));
    }

    /// The uid of a ticket, or why it is refused.
    verdict judge_ticket(std::string_view ticket) const
    {
        // All refusals but the last look alike, so that nobody learns which part was right.
        verdict bad = verdict::refuse("bad ticket");
        const std::size_t last = ticket.rfind('.');
        if (ticket.size() > max_ticket_bytes || last == std::string_view::npos)
            return bad;
        const std::string_view body = ticket.substr(0, last);
        const std::size_t key_end = body.find('.');
        const std::size_t expiry_end = key_end == std::string_view::npos
                                           ? std::string_view::npos
                                           : body.find('.', key_end + 1);
        if (expiry_end == std::string_view::npos)
            return bad;
        const auto key = keys.find(std::string(body.substr(0, key_end)));
        std::string given;
        if (key == keys.end() || key->second.empty() || !decode(ticket.substr(last + 1), given) ||
            given.size() != signature_type().size())
            return bad;
        const auto expected = sign(key->second, body);
        if (::CRYPTO_memcmp(expected.data(), given.data(), expected.size()) != 0)
            return bad;

        const std::string_view expiry = body.substr(key_end + 1, expiry_end - key_end - 1);
        std::int64_t seconds = 0;
        const auto parsed = std::from_chars(expiry.data(), expiry.data() + expiry.size(), seconds);
        std::string uid;
        if (parsed.ec != std::errc() || parsed.ptr != expiry.data() + expiry.size() ||
            !decode(body.substr(expiry_end + 1), uid))
            return bad;
        const auto now =
            std::chrono::duration_cast<std::chrono::seconds>(clock().time_since_epoch());
        if (now.count() - leeway.count() >= seconds)
            return verdict::refuse("ticket has expired");
        return verdict::accept(std::move(uid));
    }

private:
    using signature_type = std::array<unsigned char, 32>;
    static constexpr std::size_t max_ticket_bytes = 4096;

    static signature_type sign(const std::string& secret, std::string_view text)
    {
        signature_type signature;
        unsigned size = 0;
        if (!::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                    reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                    signature.data(), &size) ||
            size != signature.size())
            throw std::runtime_error("OpenSSL cannot compute HMAC-SHA256");
        return signature;
    }

    /// The parameter's value as it stands in the URL: tickets have no character to be escaped.
    bool find_parameter(std::string_view target, std::string_view& value) const
    {
        const std::size_t query = target.find('?');
        if (query == std::string_view::npos)
            return false;
        std::string_view rest = target.substr(query + 1);
        for (;;) {
            const std::string_view one = rest.substr(0, rest.find('&'));
            if (one.size() > parameter.size() && one.starts_with(parameter) &&
                one[parameter.size()] == '=') {
                value = one.substr(parameter.size() + 1);
                return true;
            }
            if (one.size() == rest.size())
                return false;
            rest.remove_prefix(one.size() + 1);
        }
    }

    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    static std::string encode(std::string_view bytes)
    {
        std::string text;
        std::uint32_t bits = 0;
        unsigned count = 0;
        for (const char c : bytes) {
            bits = bits << 8 | static_cast<unsigned char>(c);
            for (count += 8; count >= 6; count -= 6)
                text += alphabet[bits >> (count - 6) & 63];
        }
        if (count != 0)
            text += alphabet[bits << (6 - count) & 63];
        return text;
    }

    /// False if it is not the one way to write these bytes.
    static bool decode(std::string_view text, std::string& bytes)
    {
        std::uint32_t bits = 0;
        unsigned count = 0;
        bytes.clear();
        for (const char c : text) {
            const std::size_t value = alphabet.find(c);
            if (value == std::string_view::npos)
                return false;
            bits = bits << 6 | static_cast<std::uint32_t>(value);
            count += 6;
            if (count >= 8) {
                count -= 8;
                bytes += static_cast<char>(bits >> count & 0xFF);
            }
        }
        return count < 6 && (bits & ((1u << count) - 1)) == 0;
    }
};

static_assert(authenticator<signed_ticket>);

} // namespace crier

#endif
