#ifndef CRIER_DETAIL_PEERS_ROLE_HPP
#define CRIER_DETAIL_PEERS_ROLE_HPP

#include <crier/authenticator/anyone.hpp>
#include <crier/detail/guarded_role.hpp>

namespace crier::detail {

/// Peers: each message goes to the handler.
template <class Around, class Handler>
class peers_role final : public guarded_role<Around, anyone, Handler>
{
    using base = guarded_role<Around, anyone, Handler>;

public:
    peers_role(const encoder& codec, const limits& options, Handler& handler, const Around& around)
        : base(connection_kind::peer, codec, options, {}, around, handler)
    {}

    void opened(session_base& s) override
    {
        s.wait_for_silence();
        this->around_.observer.on_open(s);
        this->handler_.on_open(s);
    }

    void received(session_base& s, message_view message) override
    {
        this->around_.observer.on_message(s, message);
        this->handler_.on_message(s, message);
    }

    void discarded(session_base& s, error_code why) override
    {
        s.end(why, close_code::message_too_big, "message too large");
    }

    void leaving(session_base&) noexcept override {}

private:
    void settle_first(session_base&, verdict) override {}
};

} // namespace crier::detail

#endif
