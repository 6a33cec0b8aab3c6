#ifndef CRIER_DETAIL_DOORMAN_HPP
#define CRIER_DETAIL_DOORMAN_HPP

#include <crier/concepts/authenticator.hpp>
#include <crier/config.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/waiting_room.hpp>

#include <cstdint>
#include <memory>

namespace crier {

CRIER_COLD inline pending_verdict question::answer_later() const
{
    return {sink_(context_), peer_.id(), number_};
}

namespace detail {

/// Asks a listener's authenticator, and keeps those who must wait for its answer.
template <authenticator Authenticator>
class doorman
{
public:
    explicit doorman(const Authenticator& options) : authenticator_(options) {}
    doorman(const doorman&) = delete;
    doorman& operator=(const doorman&) = delete;

    ~doorman()
    {
        if (room_)
            room_->close();
    }

    CRIER_COLD verdict ask(session_base& s, question::occasion_type when,
                           const opening_request* request = nullptr, message_view first = {})
    {
        asked_about_ = &s;
        const question q(when, s, request, first, ++questions_, &sink, this);
        return authenticator_.judge(q);
    }

    /// Nothing is read from it until the verdict to the last question comes.
    CRIER_COLD void wait(session_base& s)
    {
        room(s).enter(s, questions_);
        s.pause();
    }

    void forget(session_base& s) noexcept
    {
        if (room_)
            room_->leave(s);
    }

private:
    CRIER_COLD waiting_room& room(session_base& s)
    {
        if (!room_)
            room_ = std::make_shared<waiting_room>(s.home());
        return *room_;
    }

    static std::shared_ptr<verdict_sink> sink(void* self)
    {
        auto& d = *static_cast<doorman*>(self);
        d.room(*d.asked_about_);
        return d.room_;
    }

    Authenticator authenticator_;
    std::shared_ptr<waiting_room> room_; // made when somebody has to wait
    session_base* asked_about_ = nullptr;
    std::uint64_t questions_ = 0; // asked so far
};

} // namespace detail
} // namespace crier

#endif
