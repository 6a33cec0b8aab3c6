#ifndef CRIER_CONCEPTS_REPLY_HPP
#define CRIER_CONCEPTS_REPLY_HPP

#include <crier/command.hpp>
#include <crier/push_result.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

namespace crier {
// clang-format 14 knows no requires expressions:
// clang-format off

/// What became of a line of the back end.
struct line_result
{
    push_result push{};       ///< for join and leave: queued says how many connections did it
    command_error why{};      ///< why the line was refused, if push.status is invalid
};

/// The reply is a copyable type whose members are its options.
template <class Reply>
concept reply_is_policy = std::copyable<Reply>;

/// `void write(const line_result&, std::string& out) const`: appends one message, not framed.
template <class Reply>
concept reply_writes = requires(const Reply& r, const line_result& result, std::string& out) {
    { r.write(result, out) } -> std::same_as<void>;
};

/// What a back end is answered: `backend<tcp, text_line, json_reply>`. Each line gets one answer, in
/// the order of the lines; the listener's codec frames it.
///
/// Thread safety: called on the thread that runs the server, one at a time; with crier::threads each
/// thread has a copy and calls it one at a time.
template <class Reply>
concept reply = reply_is_policy<Reply> && reply_writes<Reply>;

namespace detail {

/// The type of `&Reply::ok`, where that is neither an option's nor a function's.
template <class Address>
concept of_constant =
    std::is_pointer_v<Address> && !std::is_function_v<std::remove_pointer_t<Address>>;

/// One of two answers, and then the other one must not be forgotten.
template <class Reply>
concept means_to_be_fixed = requires { requires of_constant<decltype(&Reply::ok)>; } ||
                            requires { requires of_constant<decltype(&Reply::fail)>; };

} // namespace detail

/// Optional: one of two answers, `static constexpr std::string_view ok, fail`. They are encoded once,
/// and broadcasts need no count before they are answered: those of one turn are delivered together.
template <class Reply>
concept reply_is_fixed = requires {
    requires detail::of_constant<decltype(&Reply::ok)>;
    requires detail::of_constant<decltype(&Reply::fail)>;
    { Reply::ok } -> std::convertible_to<std::string_view>;
    { Reply::fail } -> std::convertible_to<std::string_view>;
};

/// The least that is a reply.
struct reply_archetype
{
    void write(const line_result& result, std::string& out) const
    {
        out += std::to_string(result.push.queued);
    }
};

static_assert(reply<reply_archetype>);

/// Says what is missing, one sentence each: `static_assert(crier::check_reply<my_reply>());`
template <class Reply>
consteval bool check_reply()
{
    static_assert(reply_is_policy<Reply>,
                  "a reply is copyable: an aggregate whose members are its options, pointers "
                  "and not references to what it shares (see reply_archetype in "
                  "crier/concepts/reply.hpp)");
    static_assert(reply_writes<Reply>,
                  "a reply has `void write(const crier::line_result&, std::string& out) const`, "
                  "public (crier/concepts/reply.hpp)");
    static_assert(reply_is_fixed<Reply> || !detail::means_to_be_fixed<Reply>,
                  "a reply of two fixed answers has both, "
                  "`static constexpr std::string_view ok, fail` (crier/concepts/reply.hpp)");
    return reply<Reply>;
}

// clang-format on
} // namespace crier

#endif
