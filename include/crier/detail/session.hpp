#ifndef CRIER_DETAIL_SESSION_HPP
#define CRIER_DETAIL_SESSION_HPP

#include <crier/concepts/codec.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/config.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>
#include <crier/detail/tail_buffer.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace crier::detail {

/// A connection with its stream and its decoder, which may move to another shard if `Moves` says so:
/// the read turn and the write turn, and nothing that does not depend on these two types.
template <transport Transport, framing_codec Codec, bool Moves = false>
class session final : public session_base
{
public:
    using stream_type = typename Transport::stream;

    session(shard& home, role& r, stream_type&& stream, const Codec& codec)
        : session_base(home, r), stream_(std::move(stream)), decoder_(codec)
    {
        timed_ = newcomer_ = stream_has_descriptor<Transport>;
        if (!codec_opens<Codec> && r.kind() == connection_kind::backend)
            look_at_first_bytes();
    }

    /// Throws what the stream's watch throws.
    void start()
    {
        stream_.watch(*this);
        begin(phase::shaking);
        shake_hands();
    }

    std::string peer() const override { return stream_.peer(); }

    std::optional<process_credentials> credentials() const override
    {
        if constexpr (requires { stream_.credentials(); })
            return stream_.credentials();
        else
            return std::nullopt;
    }

    std::optional<std::uint32_t> untaken(std::chrono::milliseconds time) const noexcept override
    {
        if constexpr (stream_has_descriptor<Transport>)
            return tcp_untaken(stream_.native_handle(), time);
        else
            return std::nullopt;
    }

    CRIER_COLD void admitted() override
    {
        begin(phase::opening);
        if constexpr (!codec_opens<Codec>) {
            settle_variant();
            guarded([this] { become_open(); });
        }
    }

    const opening_request& pending_request() const override
    {
        if constexpr (codec_opens<Codec>)
            return decoder_.request();
        else
            std::terminate(); // only a codec with an opening handshake has one pending
    }

    CRIER_COLD void answer_opening(const opening_answer& how) override
    {
        if (phase_ != phase::opening)
            return; // a hook has closed it
        if constexpr (codec_opens<Codec>) {
            const bool upgrade = decoder_.request().is_upgrade();
            reply(decoder_.answer(how));
            if (how.accepted && upgrade) {
                settle_variant();
                become_open();
            } else if (how.accepted)
                begin_closing(error::upgrade_required);
            else
                begin_closing(upgrade ? error::request_refused : error::request_answered);
        }
    }

private:
    void settle_variant() noexcept
    {
        if constexpr (codec_varies<Codec>)
            if (const std::size_t settled = decoder_.variant(); settled < Codec::variants)
                variant_ = static_cast<std::uint8_t>(settled);
    }

    CRIER_COLD void shake_hands()
    {
        if (paused_)
            return;
        const io_result result = stream_.handshake();
        switch (result.status) {
        case io_status::ok:
            break;
        case io_status::want_read:
            readable_ = false;
            return;
        case io_status::want_write:
            readable_ = false;
            blocked_ = true;
            return;
        case io_status::again:
            readable_ = true;
            shard_->activate(*this);
            return;
        case io_status::eof:
        case io_status::failed:
            return finish(result.ec ? result.ec : make_error_code(error::peer_vanished));
        }
        if (!result.more) {
            readable_ = hangup_;
        } else if (!readable_) { // perhaps it is in the stream already, and nobody will tell
            readable_ = true;
            shard_->activate(*this);
        }
        bool goes_on = false;
        guarded([&] { goes_on = role_->admit(*this); });
        if (goes_on)
            admitted();
    }

    void read_turn() override
    {
        if (phase_ == phase::shaking)
            return shake_hands();
        if (!decodes())
            tail_.clear();
        const std::size_t old = tail_.size();
        const std::size_t most = role_->options().max_turn_bytes;
        const std::size_t room = shard_->scratch_size() - old;
        // What is copied for a turn is no more than what may be read in it.
        char* const buffer = old < most ? shard_->scratch() : tail_.extend(std::min(most, room));
        const bool first_what_is_left = resumed_ && old != 0;
        resumed_ = false;
        if (first_what_is_left)
            return decode_turn(buffer, old); // and reads in the next one
        const bool shares = role_->waits_for_writes();
        const std::size_t share = shares ? shard_->turns.of(this, most, old) : most;
        const io_result result = stream_.read_some({buffer + old, std::min(share, room)});
        readable_ = (result.status == io_status::ok && (result.more || hangup_)) ||
                    result.status == io_status::again;
        switch (result.status) {
        case io_status::ok:
            break;
        case io_status::want_read:
        case io_status::again:
            return;
        case io_status::want_write:
            read_blocked_ = true;
            return;
        case io_status::eof:
            return on_end_of_stream();
        case io_status::failed:
            return finish(result.ec);
        }
        if (phase_ == phase::lingering)
            return; // what comes now is of no use
        heard();
        if (shares)
            shard_->turns.has_read(result.bytes, old == 0);
        decode_turn(buffer, old + result.bytes);
    }

    /// Decodes what was left over, and the rest of `size` bytes, which is in the buffer behind it.
    void decode_turn(char* buffer, std::size_t size)
    {
        const std::size_t old = tail_.size();
        tail_.copy_to(buffer);
        shard_->replier = this;
        std::span<char> in(buffer, size);
        bool more = false, through = false, ended_one = false;
        if (may_be_browser())
            guarded([&] { through = is_browser({buffer + old, size - old}); });
        // Behind a message that made a hook throw, the peer's goodbye may stand.
        for (int tries = 0; tries < 2 && !through; ++tries)
            guarded([&] {
                more = leaves_tail(in, ended_one);
                through = true;
            });
        guarded([&] {
            if (more)
                tail_.assign(in);
            else
                tail_.clear();
        });
        left_unfinished(more && !paused_ && !resumed_ && (!in.empty() || in_message()), ended_one);
        if constexpr (codec_counts<Codec>)
            if (const frame_counts small = decoder_.take_counts(); small.fragments | small.control)
                guarded([&] { charge(small); });
        guarded([&] { write_replies(); });
        shard_->replies.clear();
        shard_->replier = nullptr;
    }

    bool in_message() const noexcept
    {
        if constexpr (codec_collects<Codec>)
            return decoder_.in_message();
        else
            return false;
    }

    bool decodes() const noexcept { return phase_ <= phase::open || awaits_goodbye_; }

    /// Decodes and tells the role. True if what is left in `in` is needed in the next turn. `ended_one`
    /// gets true if a message has ended.
    bool leaves_tail(std::span<char>& in, bool& ended_one)
    {
        const std::size_t most = role_->options().max_turn_bytes;
        std::size_t found_bytes = 0;
        while (decodes()) {
            if (paused_)
                return true; // all of it, to be decoded before more is read
            // A few bytes may inflate to many, and have longer answers: it is the others' turn then, too.
            if (found_bytes + shard_->replies.size() > most && !in.empty()) {
                go_on_later();
                return true;
            }
            const decoded found = decoder_.decode(in);
            switch (found.kind) {
            case decoded::kind_need_more:
                if (in.size() <= role_->max_unfinished_bytes)
                    return true;
                // The codec broke its word.
                end(error::message_too_large, close_code::message_too_big, {});
                return false;
            case decoded::kind_opening:
                judge();
                break;
            case decoded::kind_message:
                ended_one = true;
                found_bytes += found.message.data.size();
                if (phase_ == phase::open)
                    role_->received(*this, found.message);
                break;
            case decoded::kind_reply:
                ended_one = ended_one || !in_message();
                if (phase_ == phase::open)
                    reply(found.reply);
                break;
            case decoded::kind_discarded:
                ended_one = true;
                if (phase_ == phase::open)
                    role_->discarded(*this, found.ec);
                break;
            case decoded::kind_closed:
                peer_failed(error::peer_closed, found.reply);
                return false;
            case decoded::kind_failed:
                peer_failed(found.ec, found.reply);
                return false;
            }
        }
        return false;
    }

    CRIER_COLD void judge()
    {
        if constexpr (codec_opens<Codec>) {
            if (const auto how = role_->judge(*this, decoder_.request()))
                answer_opening(*how);
        }
    }

    /// The answers to one read leave in one write, before all that the read has set off.
    void write_replies()
    {
        std::string& replies = shard_->replies;
        if (!outbox_.empty())
            return spill_replies();
        if (!replies.empty() && phase_ != phase::closed) {
            io_result result{io_status::want_write, 0, {}};
            if (!blocked_) {
                const iovec all{replies.data(), replies.size()};
                result = stream_.write_some({&all, 1});
            }
            if (result.status == io_status::failed) {
                finish(result.ec);
            } else if (result.status != io_status::ok) {
                spill_replies();
                outbox_.pin(result.bytes);
            } else if (result.bytes < replies.size()) {
                replies.erase(0, result.bytes);
                spill_replies();
            }
        }
    }

    void write_turn() override
    {
        if (blocked_ || phase_ == phase::closed)
            return;
        if (phase_ == phase::shaking) {
            if (!readable_) // else its next turn begins with that
                shake_hands();
            return;
        }
        bool wrote = false;
        while (!outbox_.empty()) {
            const io_result result = write_queued();
            if (result.status == io_status::failed)
                return finish(result.ec);
            if (result.status != io_status::ok) {
                outbox_.pin(result.bytes);
                return blocked(wrote);
            }
            shard_->counts.messages_sent += outbox_.consume(result.bytes);
            wrote = true;
        }
        if (wrote)
            unblocked();
        if (phase_ == phase::closing && !awaits_goodbye_ && !owes_)
            hangs_up_ ? finish({}) : begin_linger();
    }

    void write_first(const frame& f, std::size_t messages) override
    {
        const std::string_view bytes = f.bytes();
        const iovec all{const_cast<char*>(bytes.data()), bytes.size()};
        const io_result result = stream_.write_some({&all, 1});
        shard_->counts.messages_queued += messages;
        if (result.status == io_status::ok && result.bytes == bytes.size()) {
            shard_->counts.messages_sent += messages;
            return;
        }
        outbox_.push(f, messages); // there is room for it: the first entries need no memory
        if (result.status == io_status::ok) {
            outbox_.consume(result.bytes);
        } else if (result.status != io_status::failed) {
            outbox_.pin(result.bytes);
            return blocked(false);
        }
        shard_->activate(*this); // if it failed, it will fail again there
    }

    /// One write of the first frames that are queued, always as many of them: what was pinned before is
    /// offered again. The kernel takes many small pieces slower than it takes a copy of them.
    io_result write_queued()
    {
        constexpr std::size_t large_frame = 512;
        std::array<iovec, 64> gather;
        const std::size_t frames = outbox_.gather(gather);
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < frames; ++i)
            bytes += gather[i].iov_len;
        if (frames == 1 || bytes > shard_->scratch_size() || bytes > frames * large_frame)
            return stream_.write_some({gather.data(), frames});
        char* out = shard_->scratch();
        for (std::size_t i = 0; i < frames; ++i) {
            std::memcpy(out, gather[i].iov_base, gather[i].iov_len);
            out += gather[i].iov_len;
        }
        const iovec all{shard_->scratch(), bytes};
        return stream_.write_some({&all, 1});
    }

    /// Says that no more will come, and reads on until the peer says so too: closing with unread
    /// input would make the system throw away what the peer has not yet received.
    CRIER_COLD void begin_linger()
    {
        const io_result result = stream_.shutdown();
        if (peer_ended_)
            return finish({});
        if (result.status == io_status::want_write || result.status == io_status::want_read) {
            blocked_ = result.status == io_status::want_write;
            return;
        }
        if (result.status != io_status::ok)
            return finish(result.ec);
        begin(phase::lingering);
    }

    CRIER_COLD void on_end_of_stream()
    {
        peer_ended_ = true;
        awaits_goodbye_ = false;
        // A peer without a close handshake may have sent its lines and shut down its side at once:
        // then it still gets its answers.
        const bool in_order = !codec_closes<Codec> && phase_ == phase::open;
        const error_code why = in_order ? error::peer_closed : error::peer_vanished;
        if (!owes_ && (!in_order || outbox_.empty())) {
            if (phase_ != phase::lingering)
                stream_.shutdown(); // some want to hear a goodbye (TLS)
            return finish(why);
        }
        begin_closing(why);
    }

    void close_stream() noexcept override
    {
        stream_.close();
        tail_.clear();
    }

    void move_stream([[maybe_unused]] const executor& to) override
    {
        if constexpr (Moves)
            stream_.move_to(to);
    }

    void watch_stream() override
    {
        if constexpr (Moves)
            stream_.watch(*this);
    }

    stream_type stream_;
    typename Codec::decoder decoder_;
    tail_buffer tail_; // what the decoder left, for the next turn
};

} // namespace crier::detail

#endif
