#include <crier/detail/siphash.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "readable.hpp"
#include "seed.hpp"

using crier::detail::siphash;
using support::readable;

namespace {

using key_bytes = std::array<unsigned char, 16>;

/// The key of the paper's example, 00 01 02 ... 0f.
constexpr key_bytes key_of_the_paper{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

std::string counting_bytes(std::size_t size)
{
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>(i);
    return out;
}

std::uint64_t little_endian(const unsigned char* bytes)
{
    std::uint64_t number = 0;
    for (std::size_t i = 8; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

siphash with_key(const key_bytes& key)
{
    return {little_endian(key.data()), little_endian(key.data() + 8)};
}

/// OpenSSL's, with any number of rounds.
class openssl_siphash
{
public:
    openssl_siphash() : mac_(EVP_MAC_fetch(nullptr, "SIPHASH", nullptr))
    {
        if (!mac_)
            throw std::runtime_error("this OpenSSL has no SipHash");
    }

    openssl_siphash(const openssl_siphash&) = delete;
    openssl_siphash& operator=(const openssl_siphash&) = delete;
    ~openssl_siphash() { EVP_MAC_free(mac_); }

    std::uint64_t operator()(unsigned c_rounds, unsigned d_rounds, const key_bytes& key,
                             std::string_view bytes) const
    {
        std::size_t size = 8;
        const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                     OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &c_rounds),
                                     OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &d_rounds),
                                     OSSL_PARAM_construct_end()};
        EVP_MAC_CTX* const context = EVP_MAC_CTX_new(mac_);
        unsigned char out[8];
        std::size_t written = 0;
        const bool done =
            EVP_MAC_init(context, key.data(), key.size(), params) &&
            EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(bytes.data()),
                           bytes.size()) &&
            EVP_MAC_final(context, out, &written, sizeof(out));
        EVP_MAC_CTX_free(context);
        if (!done || written != 8)
            throw std::runtime_error("OpenSSL's SipHash failed");
        return little_endian(out);
    }

private:
    EVP_MAC* mac_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(siphashes)

BOOST_AUTO_TEST_CASE(the_oracle_gives_the_example_of_the_paper)
{
    // SipHash-2-4, appendix A.
    BOOST_TEST(openssl_siphash()(2, 4, key_of_the_paper, counting_bytes(15)) ==
               0xa129ca6149be45e5u);
}

BOOST_AUTO_TEST_CASE(agrees_with_the_oracle_on_every_length_with_the_paper_s_key)
{
    const openssl_siphash oracle;
    const siphash hash = with_key(key_of_the_paper);
    for (std::size_t size = 0; size <= 300; ++size) // the length's byte wraps at 256
        BOOST_TEST(hash(counting_bytes(size)) ==
                       oracle(1, 3, key_of_the_paper, counting_bytes(size)),
                   size << " bytes");
}

BOOST_AUTO_TEST_CASE(agrees_with_the_oracle_on_random_keys_and_bytes)
{
    auto random = support::seeded_random();
    const openssl_siphash oracle;
    for (int round = 0; round < 2'000; ++round) {
        key_bytes key;
        for (unsigned char& byte : key)
            byte = static_cast<unsigned char>(random());
        std::string bytes(support::pick(random, 40), '\0');
        for (char& c : bytes)
            c = static_cast<char>(random());
        BOOST_TEST_REQUIRE(with_key(key)(bytes) == oracle(1, 3, key, bytes), readable(bytes));
    }
}

BOOST_AUTO_TEST_CASE(hashes_what_python_hashes)
{
    // PYTHONHASHSEED=0, from 3.11 on, is SipHash-1-3 with a key of zeros.
    const siphash hash(0, 0);
    BOOST_TEST(hash("a") == 0x407448d2b89b1813u);
    BOOST_TEST(hash("abcdefgh") == 0x3f7b849c0b8e35eau);
    BOOST_TEST(hash("abcdefghi") == 0xf89b34a3d11eb6e5u);
}

BOOST_AUTO_TEST_CASE(does_not_care_how_the_bytes_are_aligned)
{
    const siphash hash = with_key(key_of_the_paper);
    const std::string text = "a text of thirty-one characters";
    for (std::size_t offset = 0; offset < 9; ++offset) {
        const std::string memory = std::string(offset, '#') + text;
        BOOST_TEST(hash(std::string_view(memory).substr(offset)) == hash(text));
    }
}

BOOST_AUTO_TEST_CASE(a_random_key_is_another_one_each_time_and_then_stays)
{
    std::set<std::uint64_t> hashes;
    for (int i = 0; i < 100; ++i) {
        const siphash hash = siphash::random_key();
        hashes.insert(hash("some uid"));
        BOOST_TEST(hash("some uid") == hash("some uid"));
    }
    BOOST_TEST(hashes.size() == 100u);
}

BOOST_AUTO_TEST_SUITE_END()
