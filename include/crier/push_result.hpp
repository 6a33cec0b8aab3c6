#ifndef CRIER_PUSH_RESULT_HPP
#define CRIER_PUSH_RESULT_HPP

#include <cstddef>

namespace crier {

/// What became of a push.
enum class push_status : unsigned char {
    queued,      ///< for at least one connection; for a broadcast, also when nobody is there
    no_receiver, ///< nobody is there
    dropped,     ///< receivers are there, and none of them took it: full, or closing
    invalid,     ///< a uid or topic that is empty, no uids at all, or text that is not UTF-8
    posted,      ///< handed over to other threads, result unknown; see threads.hpp
    stopped,     ///< the server is not running
};

/// The result of a push.
struct push_result
{
    push_status status = push_status::stopped;
    std::size_t queued = 0;  ///< connections that were queued the message; 0 if posted
    std::size_t dropped = 0; ///< receivers that were not: full, closing, or of the wrong codec

    /// Receivers that were there.
    std::size_t matched() const noexcept { return queued + dropped; }

    /// True if the message is queued, or on its way.
    explicit operator bool() const noexcept
    {
        return status == push_status::queued || status == push_status::posted;
    }

    friend bool operator==(const push_result&, const push_result&) = default;
};

} // namespace crier

#endif
