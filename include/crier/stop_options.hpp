#ifndef CRIER_STOP_OPTIONS_HPP
#define CRIER_STOP_OPTIONS_HPP

#include <chrono>

namespace crier {

/// How a server stops: `server.stop({.timeout = 30s, .spread = 20s})`.
struct stop_options
{
    /// How long connections may take to end in order, all together. What is not over by then is cut
    /// off.
    std::chrono::milliseconds timeout{5'000};

    /// The clients are told to go one after the other, evenly over this time, so that those who
    /// connect again do not all come at once. Until it is told, a client receives what back ends
    /// and the program push; back ends go last. At most `timeout`, which has to be longer by
    /// limits::close_timeout if the last of them is to end in order too. 0: all at once.
    std::chrono::milliseconds spread{0};
};

} // namespace crier

#endif
