#ifndef CRIER_DETAIL_MOVER_HPP
#define CRIER_DETAIL_MOVER_HPP

#include <crier/config.hpp>
#include <crier/detail/mailbox.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>
#include <crier/error.hpp>

#include <boost/system/errc.hpp>

#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace crier::detail {

/// Takes sessions of one shard to others.
///
/// Thread safety: none; used on the shard's thread.
class mover
{
public:
    explicit mover(shard& home) noexcept : home_(home) {}

    /// At the end of its turn the session moves to another shard, and goes on there with that role:
    /// role::moved_in. Until then it reads nothing. If moving has been stopped the session ends
    /// instead. Throws std::bad_alloc.
    CRIER_COLD void move(session_base& s, shard& there, role& as)
    {
        if (!allowed_)
            return stop(s);
        orders_.push_back({&s, &there, &as});
        s.pause();
        home_.activate(s);
    }

    /// Whether sessions may move.
    void allow(bool on) noexcept { allowed_ = on; }

    /// Those that are to move go.
    void move_out()
    {
        if (!orders_.empty())
            move_all();
    }

private:
    struct order
    {
        session_base* session;
        shard* there;
        role* as;
    };

    /// A session on its way.
    class journey final : public task
    {
    public:
        journey(session_base& s, shard& there) noexcept : session_(&s), there_(there) {}

        ~journey() override
        {
            if (!session_)
                return;
            there_.take_in(*session_); // nobody runs there any more
            session_->finish(error::server_stopping);
        }

        void run() override
        {
            session_base& s = *std::exchange(session_, nullptr);
            there_.take_in(s);
            if (there_.is_attentive())
                s.arrive();
            else
                s.finish(error::server_stopping);
        }

    private:
        session_base* session_;
        shard& there_;
    };

    static void stop(session_base& s)
    {
        s.end(error::server_stopping, close_code::going_away, "server is stopping");
    }

    CRIER_COLD void move_all()
    {
        for (const order& o : std::exchange(orders_, {})) {
            if (o.session->stage() != phase::open)
                continue; // it has ended in the meantime
            try {
                if (o.session->is_active()) // and stands in the list for the next turn
                    orders_.push_back(o);
                else if (allowed_)
                    move_one(o);
                else
                    stop(*o.session);
            } catch (const std::bad_alloc&) {
                o.session->finish(make_error_code(boost::system::errc::not_enough_memory));
            }
        }
    }

    CRIER_COLD void move_one(const order& o)
    {
        auto trip = std::make_unique<journey>(*o.session, *o.there);
        o.session->depart_for(*o.there, *o.as); // or throws, and has not left
        home_.let_go(*o.session);
        o.there->hand_over(*trip.release());
    }

    shard& home_;
    std::vector<order> orders_; // of this turn
    bool allowed_ = true;
};

} // namespace crier::detail

#endif
