#ifndef CRIER_DETAIL_ROLE_HPP
#define CRIER_DETAIL_ROLE_HPP

#include <crier/concepts/authenticator.hpp>
#include <crier/concepts/codec.hpp>
#include <crier/concepts/overflow.hpp>
#include <crier/connection.hpp>
#include <crier/decoded.hpp>
#include <crier/detail/deadline_list.hpp>
#include <crier/error.hpp>
#include <crier/frame.hpp>
#include <crier/limits.hpp>
#include <crier/message.hpp>
#include <crier/opening.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace crier::detail {

class gate;
class session_base;

/// The stateless half of a codec, where its type is not known: one object per codec type, variant,
/// and way to find a message's key, so that its address says which it is.
struct encoder
{
    frame (*encode)(message_view);
    frame (*encode_close)(close_code, std::string_view); // null: the codec has no close handshake
    frame (*encode_ping)();                              // null: the codec has no pings
    bool conflates;                                      // its frames may have keys
};

/// What a listener without an overflow policy has.
struct no_overflow
{};

template <framing_codec Codec, std::size_t Variant>
frame encode_as(message_view message)
{
    if constexpr (codec_varies<Codec>)
        return Codec::encode(message, Variant);
    else
        return Codec::encode(message);
}

template <framing_codec Codec, class Overflow, std::size_t Variant>
frame encode_with(message_view message)
{
    frame result = encode_as<Codec, Variant>(message);
    if constexpr (overflow_conflates<Overflow>)
        if (result)
            if (const std::string_view key = Overflow::key(message); !key.empty())
                return std::move(result).with_key(key);
    return result;
}

template <framing_codec Codec, class Overflow, std::size_t Variant>
constexpr encoder make_encoder() noexcept
{
    encoder result{encode_with<Codec, Overflow, Variant>, nullptr, nullptr,
                   overflow_conflates<Overflow>};
    if constexpr (codec_closes<Codec>)
        result.encode_close = [](close_code code, std::string_view reason) {
            return Codec::encode_close(code, reason);
        };
    if constexpr (codec_pings<Codec>)
        result.encode_ping = [] { return Codec::encode_ping(); };
    return result;
}

template <framing_codec Codec, class Overflow, std::size_t... Variants>
constexpr auto make_encoders(std::index_sequence<Variants...>) noexcept
{
    return std::array{make_encoder<Codec, Overflow, Variants>()...};
}

template <framing_codec Codec, class Overflow>
inline constexpr auto
    own_encoders = make_encoders<Codec, Overflow>(std::make_index_sequence<variants_of<Codec>()>());

/// The first of a codec's encoders, one for each variant. Listeners of one codec share them, whatever
/// their overflow policies are, unless these give keys: then a message is encoded once for them all.
template <framing_codec Codec, class Overflow = no_overflow>
inline constexpr const encoder& encoder_of =
    own_encoders<Codec, std::conditional_t<overflow_conflates<Overflow>, Overflow, no_overflow>>[0];

/// What a listener's connections are for: a session tells its role what happens, the role decides
/// what it means. One object per listener and shard.
class role
{
public:
    role(connection_kind kind, const encoder& codec, const limits& options) noexcept
        : kind_(kind), codec_(&codec), limits_(options)
    {
        if (limits_.max_turn_bytes == limits::usual)
            limits_.max_turn_bytes = (kind == connection_kind::client ? 4 : 512) * 1024;
        if (limits_.max_turn_bytes == 0)
            limits_.max_turn_bytes = 1; // reading nothing would look like the end of the stream
        if (limits_.max_lines_under_way == 0)
            limits_.max_lines_under_way = 1; // none would never be answered
        limits_.max_read_share =
            kind == connection_kind::client ? std::clamp(limits_.max_read_share, 1u, 100u) : 100;
    }

    role(const role&) = delete;
    role& operator=(const role&) = delete;

    connection_kind kind() const noexcept { return kind_; }
    /// A connection of that variant's.
    const encoder& codec(std::size_t variant) const noexcept { return codec_[variant]; }
    const limits& options() const noexcept { return limits_; }

    /// True if a session reads no further while it has something to write: where what is written
    /// answers what was read. Then a peer that does not read is paused, not buffered without end.
    bool waits_for_writes() const noexcept { return kind_ != connection_kind::client; }

    /// What small frames cost of the budget of a second.
    static constexpr std::uint32_t frame_budget = std::uint32_t(1) << 31;
    std::uint64_t cost(const frame_counts& frames) const noexcept
    {
        const auto of = [](std::uint64_t count, std::uint32_t most) {
            return most == 0 ? 0 : count * (frame_budget / most);
        };
        return of(frames.fragments, limits_.max_fragments_per_second) +
               of(frames.control, limits_.max_control_frames_per_second);
    }

    /// Taken over by its shard; nothing was read.
    virtual void arrived(session_base&) = 0;
    virtual void accept_failed(error_code) = 0;
    /// The transport is ready. True if the session may go on, false if that is decided later, or was
    /// decided against it.
    virtual bool admit(session_base&) = 0;
    /// The answer to the opening request, or none if it comes later.
    virtual std::optional<opening_answer> judge(session_base&, const opening_request&) = 0;
    virtual void opened(session_base&) = 0;
    virtual void received(session_base&, message_view) = 0;
    /// What a back end says first is what browsers say.
    virtual void heard_browser(session_base&) {}
    virtual void discarded(session_base&, error_code) = 0;
    /// The session takes no more messages. Called at the end of a turn, not within a visit.
    virtual void leaving(session_base&) noexcept = 0;
    /// The session is over; `opened` says whether it ever was open.
    virtual void closed(session_base&, error_code, bool opened) = 0;
    /// There is no room for a message.
    virtual overflow_action overflowed(session_base&, backlog&) = 0;
    /// Messages were dropped.
    virtual void dropped(session_base&, std::size_t messages) = 0;
    /// Something of the program's own threw.
    virtual void threw(session_base&, std::exception_ptr) = 0;
    /// It has come from another shard, to be registered in this one.
    virtual void moved_in(session_base&) {}
    /// True if the last that the session says is kept until its answers are there.
    virtual bool keeps_goodbye(session_base&, std::string_view) { return false; }
    /// What was to come later is here.
    virtual void decided(session_base&, verdict) = 0;
    /// It needs not come any more.
    virtual void forget(session_base&) noexcept = 0;

    std::size_t max_unfinished_bytes = 0; ///< of the codec

    /// Of the listener, whatever shards it has.
    std::shared_ptr<gate> entrance;

    /// Of several shards: the roles of the same listener, one for each.
    const std::vector<role*>* everywhere = nullptr;

    // The deadline lists of the shard, shared by all listeners with the same durations.
    deadline_list* handshake_deadlines = nullptr;
    deadline_list* uid_deadlines = nullptr;
    deadline_list* message_deadlines = nullptr;
    deadline_list* idle_deadlines = nullptr;
    deadline_list* stall_deadlines = nullptr;
    deadline_list* close_deadlines = nullptr;

protected:
    ~role() = default;

private:
    connection_kind kind_;
    const encoder* codec_; // the first of the codec's
    limits limits_;
};

} // namespace crier::detail

#endif
