#ifndef CRIER_WATCHER_HPP
#define CRIER_WATCHER_HPP

namespace crier {

/// What a stream may be ready for.
struct readiness
{
    bool readable = false; ///< reading is worth a try
    bool writable = false; ///< writing is worth a try
    bool hangup = false;   ///< the peer has shut down its side, or the connection broke
};

/// Who is told when a stream may have become ready. The engine's sessions are watchers; they do no
/// more in `ready` than to note it for their next turn.
class watcher
{
public:
    virtual void ready(readiness what) noexcept = 0;

protected:
    ~watcher() = default;
};

} // namespace crier

#endif
