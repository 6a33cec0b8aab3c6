#include <crier/codec/websocket/mask.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <string>

#include "readable.hpp"

using support::readable;

namespace {

using key_type = std::array<unsigned char, 4>;

constexpr key_type keys[] = {{0, 0, 0, 0}, {0x37, 0xFA, 0x21, 0x3D}, {0xFF, 0, 0x80, 1}};

std::string one_by_one(std::string bytes, const key_type& key, unsigned phase)
{
    for (char& c : bytes)
        c = static_cast<char>(c ^ key[phase++ % 4]);
    return bytes;
}

std::string some_bytes(std::size_t size)
{
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>(i * 37 % 251);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(mask)

BOOST_AUTO_TEST_CASE(unmasks_the_example_of_the_rfc)
{
    std::string hello = "\x7F\x9F\x4D\x51\x58";
    BOOST_TEST(crier::apply_mask(hello.data(), hello.size(), keys[1]) == 1u);
    BOOST_TEST(readable(hello) == readable("Hello"));
}

BOOST_AUTO_TEST_CASE(does_as_a_plain_loop_does_at_every_size_phase_and_alignment)
{
    for (const key_type& key : keys)
        for (std::size_t size = 0; size <= 70; ++size)
            for (unsigned phase = 0; phase < 4; ++phase)
                for (std::size_t offset = 0; offset < 9; ++offset) {
                    const std::string before(offset, '<'), after(9, '>');
                    const std::string plain = some_bytes(size);
                    std::string memory = before + plain + after;
                    const unsigned next =
                        crier::apply_mask(memory.data() + offset, size, key, phase);
                    const std::string expected = before + one_by_one(plain, key, phase) + after;
                    if (memory != expected || next != (phase + size) % 4)
                        BOOST_ERROR(size << " bytes, phase " << phase << ", offset " << offset
                                         << ": " << readable(memory) << " instead of "
                                         << readable(expected) << ", next phase " << next);
                }
    BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(masking_twice_changes_nothing)
{
    const std::string plain = some_bytes(67);
    std::string bytes = plain;
    crier::apply_mask(bytes.data(), bytes.size(), keys[1], 3);
    BOOST_TEST(readable(bytes) != readable(plain));
    crier::apply_mask(bytes.data(), bytes.size(), keys[1], 3);
    BOOST_TEST(readable(bytes) == readable(plain));
}

BOOST_AUTO_TEST_CASE(pieces_give_what_the_whole_gives_if_the_phase_is_handed_on)
{
    const std::string plain = some_bytes(40);
    const std::string expected = one_by_one(plain, keys[1], 0);
    for (std::size_t i = 0; i <= plain.size(); ++i)
        for (std::size_t j = i; j <= plain.size(); ++j) {
            std::string bytes = plain;
            unsigned phase = crier::apply_mask(bytes.data(), i, keys[1]);
            phase = crier::apply_mask(bytes.data() + i, j - i, keys[1], phase);
            crier::apply_mask(bytes.data() + j, bytes.size() - j, keys[1], phase);
            if (bytes != expected)
                BOOST_ERROR("cut at " << i << " and " << j << ": " << readable(bytes));
        }
    BOOST_TEST(true);
}

BOOST_AUTO_TEST_SUITE_END()
