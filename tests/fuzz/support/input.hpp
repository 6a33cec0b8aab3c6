#ifndef CRIER_TESTS_FUZZ_INPUT_HPP
#define CRIER_TESTS_FUZZ_INPUT_HPP

#include <array>
#include <cstddef>
#include <string_view>

namespace fuzz {

/// Sizes of reads, in turn, over and over.
using read_sizes = std::array<std::size_t, 3>;

/// What a fuzzer gives. The numbers that set a target up are taken from its end, so that the bytes in
/// front of them stay what they are on the wire.
class input
{
public:
    explicit input(std::string_view all) : left_(all) {}

    /// The last byte; 0 if there is none.
    unsigned number()
    {
        if (left_.empty())
            return 0;
        const auto last = static_cast<unsigned char>(left_.back());
        left_.remove_suffix(1);
        return last;
    }

    /// A number below this one.
    unsigned number(unsigned below) { return number() % below; }

    /// 1 to 255 bytes, or, for 0, a lot.
    read_sizes sizes()
    {
        read_sizes all{};
        for (std::size_t& size : all) {
            size = number();
            if (size == 0)
                size = 1 << 16;
        }
        return all;
    }

    /// All that was not taken.
    std::string_view bytes() const { return left_; }

private:
    std::string_view left_;
};

} // namespace fuzz

#endif
