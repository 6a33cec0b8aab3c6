#ifndef CRIER_DETAIL_ROLE_HPP
#define CRIER_DETAIL_ROLE_HPP

#include <crier/concepts/codec.hpp>
#include <crier/connection.hpp>
#include <crier/detail/deadline_list.hpp>
#include <crier/error.hpp>
#include <crier/frame.hpp>
#include <crier/limits.hpp>
#include <crier/message.hpp>
#include <crier/opening.hpp>

#include <cstddef>
#include <string_view>

namespace crier::detail {

class session_base;

/// The stateless half of a codec, where its type is not known: one object per codec type, so that
/// its address says which codec it is.
struct encoder
{
    frame (*encode)(message_view);
    frame (*encode_close)(close_code, std::string_view); // null: the codec has no close handshake
    frame (*encode_ping)();                              // null: the codec has no pings
};

template <framing_codec Codec>
constexpr encoder make_encoder() noexcept
{
    encoder result{[](message_view m) { return Codec::encode(m); }, nullptr, nullptr};
    if constexpr (codec_closes<Codec>)
        result.encode_close = [](close_code code, std::string_view reason) {
            return Codec::encode_close(code, reason);
        };
    if constexpr (codec_pings<Codec>)
        result.encode_ping = [] { return Codec::encode_ping(); };
    return result;
}

template <framing_codec Codec>
inline constexpr encoder encoder_of = make_encoder<Codec>();

/// What a listener's connections are for: a session tells its role what happens, the role decides
/// what it means. One object per listener and shard.
class role
{
public:
    role(connection_kind kind, const encoder& codec, const limits& options) noexcept
        : kind_(kind), codec_(&codec), limits_(options)
    {
        if (limits_.max_turn_bytes == 0)
            limits_.max_turn_bytes = 1; // reading nothing would look like the end of the stream
    }

    role(const role&) = delete;
    role& operator=(const role&) = delete;

    connection_kind kind() const noexcept { return kind_; }
    const encoder& codec() const noexcept { return *codec_; }
    const limits& options() const noexcept { return limits_; }

    /// True if a session reads no further while it has something to write: where what is written
    /// answers what was read. Then a peer that does not read is paused, not buffered without end.
    bool waits_for_writes() const noexcept { return kind_ != connection_kind::client; }

    virtual opening_answer judge(session_base&, const opening_request&) = 0;
    virtual void opened(session_base&) = 0;
    virtual void received(session_base&, message_view) = 0;
    virtual void discarded(session_base&, error_code) = 0;
    /// The session takes no more messages. Called at the end of a turn, not within a visit.
    virtual void leaving(session_base&) noexcept = 0;
    virtual void closed(session_base&, error_code) = 0;

    std::size_t max_unfinished_bytes = 0; ///< of the codec

    // The deadline lists of the shard, shared by all listeners with the same durations.
    deadline_list* handshake_deadlines = nullptr;
    deadline_list* uid_deadlines = nullptr;
    deadline_list* idle_deadlines = nullptr;
    deadline_list* stall_deadlines = nullptr;
    deadline_list* close_deadlines = nullptr;

protected:
    ~role() = default;

private:
    connection_kind kind_;
    const encoder* codec_;
    limits limits_;
};

} // namespace crier::detail

#endif
