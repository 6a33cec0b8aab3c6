#ifndef CRIER_DETAIL_ACCEPT_LOOP_HPP
#define CRIER_DETAIL_ACCEPT_LOOP_HPP

#include <crier/concepts/codec.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/config.hpp>
#include <crier/detail/gate.hpp>
#include <crier/detail/handler_memory.hpp>
#include <crier/detail/session.hpp>
#include <crier/detail/shard.hpp>
#include <crier/detail/time_share.hpp>
#include <crier/detail/timer.hpp>
#include <crier/watcher.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace crier::detail {

/// Accepts connections for one listener on one shard, as its gate lets them in, and starts their
/// sessions, there or, if others take part, on each shard in turn.
///
/// When the system has no descriptors or memory left, it tries again after a pause: nobody tells when
/// there are some again.
template <transport Transport, framing_codec Codec, bool Deals = false>
class accept_loop final : public watcher,
                          public std::enable_shared_from_this<accept_loop<Transport, Codec, Deals>>
{
public:
    using acceptor = typename Transport::acceptor;
    using stream_type = typename Transport::stream;

    /// Lifetime: the codec's options and the role outlive all sessions of the shard.
    CRIER_COLD accept_loop(std::shared_ptr<shard> home, role& r, const Codec& codec)
        : shard_(std::move(home)),
          role_(r),
          codec_(codec),
          pause_(shard_->get_executor(), [this] { schedule(); })
    {}

    /// Throws what the acceptor's constructor throws.
    CRIER_COLD void listen(const Transport& options)
    {
        acceptor_.emplace(shard_->get_executor(), options);
    }

    /// Null if it does not listen, and others accept for it.
    acceptor* listens() noexcept { return acceptor_ ? &*acceptor_ : nullptr; }

    /// From now on every second connection, or third and so on, is this other loop's.
    void deal_to(std::shared_ptr<accept_loop> other) { others_.push_back(std::move(other)); }

    CRIER_COLD void start()
    {
        if (acceptor_)
            acceptor_->watch(*this);
    }

    void ready(readiness) noexcept override { schedule(); }

    CRIER_COLD std::string address() const { return acceptor_->address(); }

    CRIER_COLD void stop() noexcept
    {
        stopped_ = true;
        others_.clear();
        if (acceptor_)
            acceptor_->close();
        pause_.cancel();
    }

private:
    // Who is known does not wait for all who come: so many in a turn, no longer than its share of the time,
    // and none while many wait for a turn of theirs already.
    static constexpr int accepts_per_turn = 16;
    static constexpr std::chrono::milliseconds pause_after_error{100};
    static constexpr std::chrono::milliseconds least_wait{5}; // for how fast they may come

    void schedule() noexcept
    {
        if (std::exchange(scheduled_, true))
            return;
        boost::asio::post(shard_->get_executor(),
                          kept_handler(memory_, [self = this->shared_from_this()] {
                              self->scheduled_ = false;
                              self->accept_turn();
                          }));
    }

    CRIER_COLD void accept_turn()
    {
        if (stopped_)
            return;
        if (share_.is_cut_off() && shard_->is_crowded(role_.kind()))
            return schedule();
        const time_share share = std::exchange(share_, {});
        const clock::time_point now = shard_->now();
        gate& entrance = *role_.entrance;
        for (int i = 0; i < accepts_per_turn; ++i) {
            if (const auto wait = entrance.wait(now); wait != wait.zero()) {
                if (!std::exchange(waits_, true))
                    ++shard_->counts.accept_pauses;
                return pause(std::max<clock::duration>(wait, least_wait));
            }
            waits_ = false;
            error_code ec;
            try {
                auto stream = acceptor_->accept(ec);
                if (!stream && !ec)
                    return; // until we are told
                if (stream) {
                    error_code why;
                    if (auto place = entrance.admit(descriptor(*stream), source(*stream), now, why))
                        give(std::move(*stream), std::move(*place));
                    else
                        turn_away(static_cast<error>(why.value()));
                }
            } catch (const boost::system::system_error& e) {
                ec = e.code() ? e.code() : make_error_code(boost::system::errc::io_error);
            } catch (...) {
                ec = make_error_code(boost::system::errc::not_enough_memory);
            }
            if (ec) { // the next one may have more luck
                pause();
                return failed(ec);
            }
            if (i > 0 && (shard_->is_crowded(role_.kind()) || shard_->now() >= share.until(now)))
                break;
        }
        share_.cut_off(shard_->now());
        schedule(); // after the others' turn
    }

    CRIER_COLD void turn_away(error why)
    {
        ++shard_->counts.turned_away;
        shard_->counts.note_end(why);
        role_.accept_failed(why);
    }

    static int descriptor([[maybe_unused]] const stream_type& stream)
    {
        if constexpr (stream_has_descriptor<Transport>)
            return stream.native_handle();
        else
            return -1;
    }

    std::optional<source_address> source([[maybe_unused]] const stream_type& stream) const
    {
        if constexpr (stream_names_source<Transport>)
            if (role_.entrance->asks_for_source())
                return stream.source();
        return std::nullopt;
    }

    CRIER_COLD void failed(error_code why)
    {
        ++shard_->counts.accept_errors;
        role_.accept_failed(why);
    }

    struct dealt final : task
    {
        dealt(std::shared_ptr<accept_loop> l, stream_type&& s, gate::place&& p)
            : loop(std::move(l)), stream(std::move(s)), place(std::move(p))
        {}

        void run() override
        {
            if (loop->stopped_)
                return;
            try {
                loop->begin_session(std::move(stream), std::move(place));
            } catch (...) {
                loop->failed(make_error_code(boost::system::errc::not_enough_memory));
            }
        }

        std::shared_ptr<accept_loop> loop;
        stream_type stream;
        gate::place place;
    };

    CRIER_COLD void give(stream_type&& stream, gate::place&& place)
    {
        if constexpr (Deals) {
            if (!others_.empty() && next_ != others_.size()) {
                const std::shared_ptr<accept_loop>& other = others_[next_++];
                stream.move_to(other->shard_->get_executor());
                other->shard_->hand_over(*new dealt(other, std::move(stream), std::move(place)));
                return;
            }
            next_ = 0;
        }
        begin_session(std::move(stream), std::move(place));
    }

    CRIER_COLD void begin_session(stream_type&& stream, gate::place&& place)
    {
        auto* s = new session<Transport, Codec, Deals>(*shard_, role_, std::move(stream), codec_);
        s->take(place);
        shard_->add(*s);
        try {
            role_.arrived(*s);
            s->start();
        } catch (const boost::system::system_error& e) {
            s->finish(e.code()); // it cannot be watched
        } catch (...) {
            s->finish(make_error_code(boost::system::errc::not_enough_memory));
        }
    }

    CRIER_COLD void pause(clock::duration length = pause_after_error)
    {
        pause_.set(clock::now() + length);
    }

    std::shared_ptr<shard> shard_;
    role& role_;
    const Codec& codec_;
    std::optional<acceptor> acceptor_;
    timer pause_;
    time_share share_;
    std::vector<std::shared_ptr<accept_loop>> others_;
    std::size_t next_ = 0; // of the others
    handler_memory memory_;
    bool scheduled_ = false;
    bool waits_ = false; // has come as far as its entrance lets it
    bool stopped_ = false;
};

} // namespace crier::detail

#endif
