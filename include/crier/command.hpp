#ifndef CRIER_COMMAND_HPP
#define CRIER_COMMAND_HPP

#include <crier/config.hpp>

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace crier {

namespace detail {
class json_scanner;
}

/// Why a line asks for nothing.
enum class command_error : unsigned char {
    none,
    too_long,     ///< above the codec's limit
    not_json,     ///< no JSON object in UTF-8
    no_receiver,  ///< it names nobody
    bad_receiver, ///< a uid, topic or list that is empty, too long, or of the wrong type
    unauthorized, ///< the authenticator did not accept it
    malformed,    ///< the codec could not read it, and has gone on behind it
};

/// One sentence, without a quote or backslash.
constexpr const char* describe(command_error e) noexcept
{
    switch (e) {
    case command_error::none:
        break;
    case command_error::too_long:
        return "the line is too long";
    case command_error::not_json:
        return "not a JSON object in UTF-8";
    case command_error::no_receiver:
        return "it names no receiver: uid, topic or broadcast";
    case command_error::bad_receiver:
        return "a receiver is empty, too long, or neither a string nor an integer";
    case command_error::unauthorized:
        return "not authorized";
    case command_error::malformed:
        return "the line is malformed";
    }
    return "";
}

/// What a line of the back end asks for.
struct command
{
    enum kind_type : unsigned char {
        invalid,   ///< nothing, `why` says so
        unicast,   ///< to the connections of `name`
        multicast, ///< to the connections of all of `uids`
        publish,   ///< to the connections that have joined the topic `name`
        broadcast, ///< to all registered connections
        join,      ///< the connections of all of `uids` join the topic `name`
        leave,     ///< the connections of all of `uids` leave the topic `name`
    };

    kind_type kind = invalid;
    command_error why = command_error::none; ///< if invalid
    std::string_view name{};                 ///< 1 to max_uid_bytes bytes of UTF-8
    std::span<std::string_view> uids{};      ///< in order, each once
    std::span<std::string_view> except{};    ///< uids to leave out: in order, each once
};

/// Reads a back end's line: a JSON object (RFC 8259, UTF-8, at most 512 levels deep) that names its
/// receivers:
///
///     {"uid":"ann", ...}                         all connections of a uid
///     {"uid":["ann","bob",7], ...}               of several
///     {"broadcast":true, ...}                    all that are registered
///     {"topic":"news", ...}                      all that have joined the topic
///     {"topic":"news","except":["ann"], ...}     without these uids; with broadcast, too
///     {"join":"news","members":["ann","bob"]}    no message: these uids' connections join a topic
///     {"leave":"news","members":"ann"}           and leave it
///
/// `uid` and `members` name those whom the registry's visit reaches under these uids. `except` is
/// compared with connection::uid(), byte for byte, and not asked of the registry.
///
/// A uid is a string, or an integer, which means its decimal text; a topic too. `uid` comes first:
/// where it stands, the others mean nothing, so that no line written for the Workerman example means
/// anything new. Without it the order is broadcast, topic, join, leave. Only the outermost object's
/// members count; the last one wins if a name stands twice.
///
/// The whole line is judged, but nothing is built from it: it goes to the receivers as it came.
/// That is a scan of our own and not Boost.JSON's SAX parser, which is not usable from headers
/// alone (it needs its library for error codes and a memory resource), costs 3 s of compile time,
/// and takes about twice as long for short lines and nested ones, 5 times for long text that is not
/// ASCII, and as long for long text that is (tests/bench/command.cpp measures both).
///
/// Thread safety: distinct objects only.
class command_parser
{
public:
    /// Uids of more bytes than this make a line invalid.
    explicit command_parser(std::size_t max_uid_bytes) : max_uid_bytes_(max_uid_bytes) {}

    /// Parses one line, without its line end.
    /// Lifetime: the result points into the line or the parser; it is valid until the next call.
    CRIER_DECL command parse(std::string_view line);

private:
    /// The names that a member gives, one or a list of them.
    struct names
    {
        std::string_view one;              // if it is no list
        std::vector<std::string_view> all; // if it is
        std::deque<std::string> unescaped; // what some of them point to
        bool given = false;                // the member is there
        bool list = false;                 // as a list
        bool good = false;                 // and each of them is usable
    };

    // Part of parse, as every line has one.
    inline bool take_names(detail::json_scanner& json, names& into);
    inline bool take_name(detail::json_scanner& json, names& into, std::string_view& name);
    CRIER_DECL bool take_list(detail::json_scanner& json, names& into);
    CRIER_DECL void forget();
    CRIER_DECL std::string_view unescaped(std::string_view key);
    CRIER_DECL command others();
    CRIER_DECL command addressed(command::kind_type kind, names& of);
    CRIER_DECL command membership(command::kind_type kind, const names& topic);
    CRIER_DECL static std::span<std::string_view> in_order(names& of);
    CRIER_DECL static command refused(command_error why);

    std::size_t max_uid_bytes_;
    names uid_, topic_, except_, join_, leave_, members_;
    bool broadcast_ = false;
    bool others_given_ = false; // any but uid
    std::string unescaped_key_;
};

} // namespace crier

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/command.ipp>
#endif

#endif
