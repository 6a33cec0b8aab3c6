#include <crier/codec/websocket/accept_key.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string>
#include <string_view>

#include "readable.hpp"

using support::readable;

namespace {

std::string hex(const std::array<unsigned char, 20>& digest)
{
    std::string out;
    for (const unsigned char byte : digest)
        for (const int half : {byte >> 4, byte & 15})
            out += "0123456789abcdef"[half];
    return out;
}

/// Bytes of no pattern that is likely to hide a mistake.
std::string some_bytes(std::size_t size)
{
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>((i * i * 7 + i * 31 + size) % 256);
    return out;
}

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace

BOOST_AUTO_TEST_SUITE(accept_key)

BOOST_AUTO_TEST_CASE(sha1_gives_the_digests_of_the_standard)
{
    // FIPS 180: the examples of one block, of two, and the long one; and the empty text.
    BOOST_TEST(hex(crier::sha1("")) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    BOOST_TEST(hex(crier::sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    BOOST_TEST(hex(crier::sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
               "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    BOOST_TEST(hex(crier::sha1("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                               "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu")) ==
               "a49b2446a02c645bf419f995b67091253a04a259");
    BOOST_TEST(hex(crier::sha1(std::string(1'000'000, 'a'))) ==
               "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

BOOST_AUTO_TEST_CASE(sha1_agrees_with_openssl_on_every_length_around_the_blocks)
{
    for (std::size_t size = 0; size <= 200; ++size) {
        const std::string bytes = some_bytes(size);
        std::array<unsigned char, 20> expected;
        SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), size, expected.data());
        BOOST_TEST(hex(crier::sha1(bytes)) == hex(expected), size << " bytes");
    }
}

BOOST_AUTO_TEST_CASE(base64_gives_the_examples_of_the_standard)
{
    // RFC 4648 section 10.
    BOOST_TEST(crier::base64_encode("") == "");
    BOOST_TEST(crier::base64_encode("f") == "Zg==");
    BOOST_TEST(crier::base64_encode("fo") == "Zm8=");
    BOOST_TEST(crier::base64_encode("foo") == "Zm9v");
    BOOST_TEST(crier::base64_encode("foob") == "Zm9vYg==");
    BOOST_TEST(crier::base64_encode("fooba") == "Zm9vYmE=");
    BOOST_TEST(crier::base64_encode("foobar") == "Zm9vYmFy");
}

BOOST_AUTO_TEST_CASE(base64_agrees_with_openssl_on_every_length)
{
    for (std::size_t size = 0; size <= 200; ++size) {
        const std::string bytes = some_bytes(size);
        std::array<unsigned char, 300> expected;
        const int length =
            EVP_EncodeBlock(expected.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                            static_cast<int>(size));
        BOOST_TEST(crier::base64_encode(bytes) ==
                       std::string(expected.begin(), expected.begin() + length),
                   size << " bytes");
    }
}

BOOST_AUTO_TEST_CASE(answers_the_key_of_the_rfc_as_the_rfc_does)
{
    BOOST_TEST(crier::accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

BOOST_AUTO_TEST_CASE(a_key_is_the_base64_of_sixteen_bytes)
{
    BOOST_TEST(crier::is_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
    for (std::size_t size = 0; size <= 40; ++size) {
        const std::string encoded = crier::base64_encode(some_bytes(size));
        BOOST_TEST(crier::is_websocket_key(encoded) == (size == 16), readable(encoded));
    }
}

BOOST_AUTO_TEST_CASE(a_key_holds_nothing_outside_the_alphabet)
{
    const std::string good = "dGhlIHNhbXBsZSBub25jZQ==";
    for (std::size_t i = 0; i < good.size(); ++i)
        for (unsigned byte = 0; byte < 256; ++byte) {
            std::string key = good;
            key[i] = static_cast<char>(byte);
            const bool allowed =
                i < 22 ? alphabet.find(key[i]) != std::string_view::npos : key[i] == '=';
            if (crier::is_websocket_key(key) != allowed)
                BOOST_ERROR("wrong about " << readable(key));
        }
    BOOST_TEST(!crier::is_websocket_key("dGhlIHNhbXBsZSBub25jZQ")); // without its padding
    BOOST_TEST(!crier::is_websocket_key(" dGhlIHNhbXBsZSBub25jZQ=="));
    BOOST_TEST(!crier::is_websocket_key("dGhlIHNhbXBsZSBub25jZQ== "));
}

BOOST_AUTO_TEST_CASE(the_unused_bits_of_a_key_may_be_anything)
{
    for (const char last : alphabet)
        BOOST_TEST(crier::is_websocket_key(std::string(21, 'A') + last + "=="));
}

BOOST_AUTO_TEST_SUITE_END()
