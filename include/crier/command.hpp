#ifndef CRIER_COMMAND_HPP
#define CRIER_COMMAND_HPP

#include <crier/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace crier {

namespace detail {
class json_scanner;
}

/// What a line of the back end asks for.
struct command
{
    enum kind_type : unsigned char {
        invalid,   ///< not JSON, not UTF-8, not an object, or no usable receiver
        unicast,   ///< to the connections of `uid`
        broadcast, ///< to all registered connections
    };

    kind_type kind = invalid;
    std::string_view uid{}; ///< if unicast: 1 to max_uid_bytes bytes of UTF-8

    friend bool operator==(const command&, const command&) = default;
};

/// Reads a back end's line: a JSON object (RFC 8259, UTF-8, at most 512 levels deep) whose member
/// `uid` is a string, or an integer, which means its decimal text. Without a uid,
/// `"broadcast": true` names everybody. Only the outermost object's members count; the last one
/// wins if a name stands twice.
///
/// The whole line is judged, but nothing is built from it: it goes to the receivers as it came.
/// That is a scan of our own and not Boost.JSON's SAX parser, which is not usable from headers
/// alone (it needs its library for error codes and a memory resource), costs 3 s of compile time,
/// and takes 1.1 to 1.3 times as long for ASCII, 2 to 5 times for other text
/// (tests/bench/command.cpp measures both).
///
/// Thread safety: distinct objects only.
class command_parser
{
public:
    /// Uids of more bytes than this make a line invalid.
    explicit command_parser(std::size_t max_uid_bytes) : max_uid_bytes_(max_uid_bytes) {}

    /// Parses one line, without its line end.
    /// Lifetime: the result's uid points into the line or the parser; it is valid until the next
    /// call.
    CRIER_DECL command parse(std::string_view line);

private:
    CRIER_DECL bool take_member(detail::json_scanner& json, command& found);
    CRIER_DECL bool take_uid(detail::json_scanner& json);

    std::size_t max_uid_bytes_;
    std::string_view uid_;
    std::string unescaped_uid_;
    std::string unescaped_key_;
};

} // namespace crier

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/command.ipp>
#endif

#endif
