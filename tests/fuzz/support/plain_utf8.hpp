#ifndef CRIER_TESTS_FUZZ_PLAIN_UTF8_HPP
#define CRIER_TESTS_FUZZ_PLAIN_UTF8_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz {

/// UTF-8 by its definition, RFC 3629 section 3: no table of byte ranges, and not fast.
struct plain_utf8
{
    std::size_t good = 0;  ///< bytes in front of the first one that no valid text can have there
    bool complete = true;  ///< no sequence is unfinished where they end
    std::size_t first = 0; ///< bytes of the first character, 0 if it is not whole and valid

    explicit plain_utf8(std::string_view bytes)
    {
        while (good < bytes.size()) {
            const std::size_t size = sequence(bytes.substr(good));
            if (good == 0 && complete)
                first = size;
            good += size;
            if (!complete || stuck_)
                return;
        }
    }

    bool valid(std::string_view bytes) const { return good == bytes.size() && complete; }

private:
    /// How many bytes at the front are possible, up to the end of one character.
    std::size_t sequence(std::string_view bytes)
    {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
        const std::size_t size = at(0) < 0x80             ? 1
                                 : (at(0) & 0xE0) == 0xC0 ? 2
                                 : (at(0) & 0xF0) == 0xE0 ? 3
                                 : (at(0) & 0xF8) == 0xF0 ? 4
                                                          : 0;
        if (size == 0) {
            stuck_ = true;
            return 0;
        }
        constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        std::uint32_t code = size == 1 ? at(0) : at(0) & (0x7Fu >> size);
        for (std::size_t seen = 1;; ++seen) {
            // The code points that these bytes may still become.
            const std::size_t missing = size - seen;
            const std::uint32_t low = code << (6 * missing);
            const std::uint32_t high = low | ((1u << (6 * missing)) - 1);
            const bool surrogates = low >= 0xD800 && high <= 0xDFFF;
            if (high < least[size] || low > 0x10FFFF || surrogates) {
                stuck_ = true;
                complete = seen == 1;
                return seen - 1;
            }
            if (missing == 0)
                return size;
            if (seen == bytes.size()) {
                complete = false;
                return seen;
            }
            if ((at(seen) & 0xC0) != 0x80) {
                stuck_ = true;
                complete = false;
                return seen;
            }
            code = code << 6 | (at(seen) & 0x3F);
        }
    }

    bool stuck_ = false;
};

} // namespace fuzz

#endif
