#ifndef CRIER_DETAIL_ACCEPT_LOOP_HPP
#define CRIER_DETAIL_ACCEPT_LOOP_HPP

#include <crier/concepts/codec.hpp>
#include <crier/concepts/transport.hpp>
#include <crier/config.hpp>
#include <crier/detail/session.hpp>
#include <crier/detail/shard.hpp>
#include <crier/detail/timer.hpp>
#include <crier/watcher.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace crier::detail {

/// Accepts connections for one listener on one shard and starts their sessions.
///
/// When the system has no descriptors or memory left, it tries again after a pause: nobody tells when
/// there are some again.
template <transport Transport, framing_codec Codec>
class accept_loop final : public watcher,
                          public std::enable_shared_from_this<accept_loop<Transport, Codec>>
{
public:
    /// Lifetime: the codec's options and the role outlive all sessions of the shard.
    CRIER_COLD accept_loop(std::shared_ptr<shard> home, role& r, const Transport& options,
                           const Codec& codec)
        : shard_(std::move(home)),
          role_(r),
          codec_(codec),
          acceptor_(shard_->get_executor(), options),
          pause_(shard_->get_executor(), [this] { schedule(); })
    {}

    void start() { acceptor_.watch(*this); }

    void ready(readiness) noexcept override { schedule(); }

    std::string address() const { return acceptor_.address(); }

    CRIER_COLD void stop() noexcept
    {
        stopped_ = true;
        acceptor_.close();
        pause_.cancel();
    }

private:
    static constexpr int accepts_per_turn = 64;
    static constexpr std::chrono::milliseconds pause_after_error{100};

    void schedule()
    {
        if (std::exchange(scheduled_, true))
            return;
        boost::asio::post(shard_->get_executor(), [self = this->shared_from_this()] {
            self->scheduled_ = false;
            self->accept_turn();
        });
    }

    CRIER_COLD void accept_turn()
    {
        if (stopped_)
            return;
        for (int i = 0; i < accepts_per_turn; ++i) {
            error_code ec;
            auto stream = acceptor_.accept(ec);
            if (ec) {
                ++shard_->counts.accept_errors;
                role_.accept_failed(ec);
                return pause();
            }
            if (!stream)
                return; // until we are told
            try {
                begin_session(std::move(*stream));
            } catch (...) { // no memory for it; the next one may have more luck
                ++shard_->counts.accept_errors;
                role_.accept_failed(make_error_code(boost::system::errc::not_enough_memory));
                return pause();
            }
        }
        schedule(); // after the others' turn
    }

    CRIER_COLD void begin_session(typename Transport::stream&& stream)
    {
        auto* s = new session<Transport, Codec>(*shard_, role_, std::move(stream), codec_);
        shard_->add(*s);
        role_.arrived(*s);
        try {
            s->start();
        } catch (const boost::system::system_error& e) {
            s->finish(e.code()); // it cannot be watched
        } catch (...) {
            s->finish(make_error_code(boost::system::errc::not_enough_memory));
        }
    }

    CRIER_COLD void pause() { pause_.set(clock::now() + pause_after_error); }

    std::shared_ptr<shard> shard_;
    role& role_;
    const Codec& codec_;
    typename Transport::acceptor acceptor_;
    timer pause_;
    bool scheduled_ = false;
    bool stopped_ = false;
};

} // namespace crier::detail

#endif
