// Tickets: what is accepted is what issue() would write for the same, and nothing else.
#include <crier/authenticator/signed_ticket.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string>
#include <string_view>

#include "input.hpp"
#include "readable.hpp"
#include "require.hpp"
#include "targets.hpp"

namespace {

constexpr std::int64_t now = 1'000'000'000;

std::chrono::system_clock::time_point clock_of_the_test()
{
    return std::chrono::system_clock::time_point(std::chrono::seconds(now));
}

std::chrono::system_clock::time_point soon()
{
    return clock_of_the_test() + std::chrono::seconds(1);
}

const crier::signed_ticket& tickets()
{
    static const crier::signed_ticket all{
        .keys = {{"k1", "a secret of 32 bytes, or of more"}, {"", "of no name"}, {"old", ""}},
        .clock = &clock_of_the_test};
    return all;
}

/// A body and its signature with the first key's secret: by OpenSSL's own base64, in the URL's alphabet.
std::string sign(std::string_view body)
{
    const std::string& secret = tickets().keys.at("k1");
    std::array<unsigned char, 33> hash{};
    ::HMAC(::EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(body.data()), body.size(), hash.data(), nullptr);
    std::array<unsigned char, 48> base64{};
    ::EVP_EncodeBlock(base64.data(), hash.data(), 32);
    std::string signature(reinterpret_cast<const char*>(base64.data()), 43);
    for (char& c : signature)
        c = c == '+' ? '-' : c == '/' ? '_' : c;
    return std::string(body) + '.' + signature;
}

void check(std::string_view ticket)
{
    crier::verdict v = tickets().judge_ticket(ticket);
    if (v.kind() != crier::verdict::kind_accepted) {
        fuzz::require(v.kind() == crier::verdict::kind_refused, "a ticket is judged");
        return;
    }
    fuzz::require(ticket == sign(ticket.substr(0, ticket.rfind('.'))),
                  "the signature is right, and written in the one way");
    const std::size_t first = ticket.find('.'), second = ticket.find('.', first + 1);
    const std::string expiry(ticket.substr(first + 1, second - first - 1));
    fuzz::require(ticket.substr(0, first) == "k1", "the key is the one that it names");
    fuzz::require(!expiry.empty() && expiry.find_first_not_of("0123456789") == std::string::npos &&
                      std::stoll(expiry) > now,
                  "the ticket has not ended");
    const std::string_view uid = ticket.substr(second, ticket.rfind('.') - second);
    const std::string again = tickets().issue(v.text(), "k1", soon());
    fuzz::require(again.find(std::string(uid) + '.') == again.find('.', 3),
                  "the uid is written in the one way", [&] { return support::readable(ticket); });
}

} // namespace

void fuzz::ticket(std::string_view bytes)
{
    input in(bytes);
    if (in.number(2))
        check(sign(in.bytes())); // as if it were ours: to see what stands behind the signature
    else
        check(in.bytes());

    const std::string ours = tickets().issue(in.bytes(), "k1", soon());
    crier::verdict v = tickets().judge_ticket(ours);
    fuzz::require(ours.size() > 4096 ||
                      (v.kind() == crier::verdict::kind_accepted && v.text() == in.bytes()),
                  "a ticket that was issued is accepted");
}
