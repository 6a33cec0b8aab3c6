#ifndef CRIER_DETAIL_SESSION_HPP
#define CRIER_DETAIL_SESSION_HPP

#include <crier/concepts/codec.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/detail/handler_memory.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace crier::detail {

/// A connection with its stream and its decoder: the read turn and the write turn, and nothing that
/// does not depend on these two types.
template <transport Transport, framing_codec Codec>
class session final : public session_base
{
public:
    using stream_type = typename Transport::stream;

    session(shard& home, role& r, stream_type&& stream, const Codec& codec)
        : session_base(home, r), stream_(std::move(stream)), decoder_(codec),
          max_unfinished_(codec.max_unfinished_bytes())
    {}

    void start()
    {
        shard_.set_deadline(role_.handshake_deadlines, static_cast<phase_deadline&>(*this));
        shake_hands();
    }

    std::string peer() const override { return stream_.peer(); }

    void settle() override
    {
        if (phase_ == phase::closed)
            return;
        if (phase_ >= phase::closing)
            leave();
        if (!writing_)
            write_turn();
        await_readable();
    }

private:
    struct read_handler
    {
        using allocator_type = handler_allocator<void>;

        session_ptr self;

        allocator_type get_allocator() const noexcept
        {
            return allocator_type(static_cast<session*>(self.get())->read_memory_);
        }

        void operator()(error_code ec)
        {
            auto& s = *static_cast<session*>(self.get());
            s.reading_ = false;
            s.on_readable(ec);
        }
    };

    struct write_handler
    {
        session_ptr self;

        void operator()(error_code ec)
        {
            auto& s = *static_cast<session*>(self.get());
            s.writing_ = false;
            s.on_writable(ec);
        }
    };

    void await_readable()
    {
        if (reading_ || !wants_to_read())
            return;
        reading_ = true;
        stream_.async_wait(readiness::readable, read_handler{session_ptr(*this)});
    }

    void await_writable()
    {
        if (writing_)
            return;
        writing_ = true;
        stream_.async_wait(readiness::writable, write_handler{session_ptr(*this)});
    }

    /// Waits for what an operation asked for. False if there is nothing to wait for.
    bool await(const io_result& result)
    {
        if (result.status == io_status::want_write) {
            await_writable();
            return true;
        }
        if (result.status == io_status::want_read) {
            if (!reading_) {
                reading_ = true;
                stream_.async_wait(readiness::readable, read_handler{session_ptr(*this)});
            }
            return true;
        }
        return false;
    }

    void on_readable(error_code ec)
    {
        if (phase_ == phase::closed)
            return;
        if (ec)
            return finish(ec);
        if (phase_ == phase::shaking)
            return shake_hands();
        if (phase_ == phase::lingering)
            return linger_turn();
        if (wants_to_read())
            read_turn();
    }

    void on_writable(error_code ec)
    {
        if (phase_ == phase::closed)
            return;
        if (ec)
            return finish(ec);
        if (phase_ == phase::shaking)
            return shake_hands();
        settle();
    }

    void shake_hands()
    {
        const io_result result = stream_.handshake();
        if (await(result))
            return;
        if (result.status != io_status::ok)
            return finish(result.ec ? result.ec : make_error_code(error::peer_vanished));
        phase_ = phase::opening;
        if constexpr (!codec_opens<Codec>)
            guarded([this] { become_open(); });
        await_readable();
    }

    /// Calls what may call hooks: an exception closes this connection and no other.
    template <class F>
    void guarded(F&& f)
    {
        try {
            f();
        } catch (...) {
            end(error::hook_failed, close_code::internal_error, "internal error");
        }
    }

    void read_turn()
    {
        const std::span<char> buffer =
            shard_.scratch(tail_size_, role_.options().max_turn_bytes);
        if (tail_size_)
            std::memcpy(buffer.data(), tail_.get(), tail_size_);
        const io_result result = stream_.read_some(buffer.subspan(tail_size_));
        if (await(result))
            return;
        if (result.status == io_status::eof)
            return on_end_of_stream();
        if (result.status == io_status::failed)
            return finish(result.ec);

        heard();
        std::span<char> in = buffer.first(tail_size_ + result.bytes);
        shard_.replier = this;
        guarded([&] { decode_all(in); });
        if (phase_ < phase::closing || awaits_goodbye_)
            keep_tail(in);
        write_replies();
        await_readable();
    }

    void decode_all(std::span<char>& in)
    {
        while (phase_ < phase::closing || awaits_goodbye_) {
            const decoded found = decoder_.decode(in);
            switch (found.kind) {
            case decoded::kind_need_more: return;
            case decoded::kind_opening: judge(); break;
            case decoded::kind_message:
                if (phase_ == phase::open)
                    role_.received(*this, found.message);
                break;
            case decoded::kind_reply:
                if (phase_ == phase::open)
                    reply(found.reply);
                break;
            case decoded::kind_discarded:
                if (phase_ == phase::open)
                    role_.discarded(*this, found.ec);
                break;
            case decoded::kind_closed: return peer_said_goodbye(found.reply);
            case decoded::kind_failed: return peer_failed(found.ec, found.reply);
            }
        }
    }

    void judge()
    {
        if constexpr (codec_opens<Codec>) {
            const opening_request& request = decoder_.request();
            const bool upgrade = request.is_upgrade();
            const opening_answer how = role_.judge(*this, request);
            reply(decoder_.answer(how));
            if (how.accepted && upgrade)
                become_open();
            else if (how.accepted)
                begin_closing(error::upgrade_required);
            else
                begin_closing(upgrade ? error::request_refused : error::request_answered);
        }
    }

    void keep_tail(std::span<const char> in)
    {
        if (in.size() > max_unfinished_) // the codec broke its word
            return end(error::message_too_large, close_code::message_too_big, {});
        if (in.size() > tail_capacity_ || in.empty()) {
            tail_ = in.empty() ? nullptr : std::make_unique<char[]>(in.size() * 2);
            tail_capacity_ = in.size() * 2;
        }
        if (!in.empty())
            std::memcpy(tail_.get(), in.data(), in.size());
        tail_size_ = in.size();
    }

    /// The answers to one read leave in one write, before all that the read has set off.
    void write_replies()
    {
        std::string& replies = shard_.replies;
        if (!replies.empty() && phase_ != phase::closed) {
            const iovec all{replies.data(), replies.size()};
            const io_result result = stream_.write_some({&all, 1});
            if (result.status == io_status::failed) {
                finish(result.ec);
            } else if (result.bytes < replies.size()) {
                replies.erase(0, result.bytes);
                spill_replies();
            }
        }
        replies.clear();
        shard_.replier = nullptr;
    }

    void write_turn()
    {
        std::array<iovec, 64> gather;
        while (!outbox_.empty()) {
            const io_result result =
                stream_.write_some({gather.data(), outbox_.gather(gather)});
            if (await(result)) {
                if (!stall_deadline::linked())
                    shard_.set_deadline(role_.stall_deadlines,
                                        static_cast<stall_deadline&>(*this));
                return;
            }
            if (result.status == io_status::failed)
                return finish(result.ec);
            outbox_.consume(result.bytes);
            stall_deadline::unlink();
        }
        replies_queued_ = false;
        if (phase_ == phase::closing && !awaits_goodbye_)
            begin_linger();
    }

    /// Says that no more will come, and reads on until the peer says so too: closing with unread
    /// input would make the system throw away what the peer has not yet received.
    void begin_linger()
    {
        if (peer_ended_)
            return finish({});
        const io_result result = stream_.shutdown();
        if (await(result))
            return;
        if (result.status != io_status::ok)
            return finish(result.ec);
        phase_ = phase::lingering;
        shard_.set_deadline(role_.close_deadlines, static_cast<phase_deadline&>(*this));
    }

    void linger_turn()
    {
        const io_result result = stream_.read_some(shard_.scratch(0, 64 * 1024));
        if (result.status == io_status::eof || result.status == io_status::failed)
            return finish(error::peer_closed);
        if (!await(result))
            await_readable();
    }

    void on_end_of_stream()
    {
        peer_ended_ = true;
        awaits_goodbye_ = false;
        // A peer without a close handshake may have sent its lines and shut down its side at once.
        const bool in_order = !codec_closes<Codec> && phase_ == phase::open;
        const error_code why = in_order ? error::peer_closed : error::peer_vanished;
        if (!in_order || outbox_.empty())
            return finish(why);
        begin_closing(why);
    }

    stream_type stream_;
    typename Codec::decoder decoder_;
    std::size_t max_unfinished_;
    std::unique_ptr<char[]> tail_; // what the decoder left, for the next turn
    std::size_t tail_size_ = 0;
    std::size_t tail_capacity_ = 0;
    handler_memory read_memory_;

    void close_stream() noexcept override
    {
        stream_.close();
        tail_.reset();
        tail_size_ = tail_capacity_ = 0;
    }
};

} // namespace crier::detail

#endif
