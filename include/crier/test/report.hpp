#ifndef CRIER_TEST_REPORT_HPP
#define CRIER_TEST_REPORT_HPP

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier::test {

/// What a conformance kit has found: true if everything was as it should be. Printable, so that any
/// test framework can say what was not: `BOOST_TEST(found.ok(), found)`.
///
/// Thread safety: distinct objects only.
///
/// Example (tests):
///     const crier::test::report found =
///         crier::test::codec_conformance(crier::text_line{}, {{"one\ntwo\n", {"one", "two"}}});
///     if (!found)
///         std::cerr << found << '\n';
class report
{
public:
    /// No check failed, and there was at least one.
    bool ok() const noexcept { return failed_ == 0 && checks_ != 0; }
    explicit operator bool() const noexcept { return ok(); }

    /// How many checks were made.
    std::size_t checks() const noexcept { return checks_; }

    /// One sentence for each check that failed; the first most_failures of them.
    const std::vector<std::string>& failures() const noexcept { return failures_; }

    static constexpr std::size_t most_failures = 10;

    /// For kits: counts a check. `sentence()` is called if it failed.
    template <class Sentence>
    bool check(bool as_it_should_be, Sentence&& sentence)
    {
        ++checks_;
        if (!as_it_should_be && ++failed_ <= most_failures)
            failures_.push_back(std::forward<Sentence>(sentence)());
        return as_it_should_be;
    }

    friend std::ostream& operator<<(std::ostream& out, const report& r)
    {
        out << r.checks_ << " checks, " << r.failed_ << " failed";
        for (const std::string& failure : r.failures_)
            out << "\n  " << failure;
        if (r.failed_ > most_failures)
            out << "\n  ...";
        return out;
    }

private:
    std::size_t checks_ = 0;
    std::size_t failed_ = 0;
    std::vector<std::string> failures_;
};

/// Bytes as one can read them: `a\x00\n"b`, cut after some.
inline std::string readable(std::string_view bytes, std::size_t most = 120)
{
    constexpr const char* digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes.substr(0, most)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7F && c != '\\')
            out += c;
        else
            out.append({'\\', 'x', digits[byte >> 4], digits[byte & 15]});
    }
    return bytes.size() > most ? out + "... (" + std::to_string(bytes.size()) + " bytes)" : out;
}

} // namespace crier::test

#endif
