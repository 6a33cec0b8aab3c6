#ifndef CRIER_DETAIL_WAITING_ROOM_HPP
#define CRIER_DETAIL_WAITING_ROOM_HPP

#include <crier/concepts/authenticator.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace crier::detail {

/// Sessions of one role about which its authenticator decides later.
///
/// Lifetime: shared with the answers that are still to come, which may outlive the server.
/// Thread safety: answer() from any thread, all else on the server's.
class waiting_room final : public verdict_sink, public std::enable_shared_from_this<waiting_room>
{
public:
    explicit waiting_room(shard& home) noexcept : shard_(&home) {}

    /// It waits for the answer to this question, and to no other.
    void enter(session_base& s, std::uint64_t question)
    {
        waiting_.insert_or_assign(s.id(), visitor{&s, question});
    }
    void leave(session_base& s) noexcept { waiting_.erase(s.id()); }

    /// The server is going: what is answered from now on is for nobody.
    void close() noexcept
    {
        const std::lock_guard lock(mutex_);
        shard_ = nullptr;
    }

    void answer(std::uint64_t id, std::uint64_t question, verdict v) override
    {
        struct arrival final : task
        {
            arrival(std::shared_ptr<waiting_room> r, std::uint64_t who, std::uint64_t q,
                    verdict what)
                : room(std::move(r)), id(who), question(q), found(std::move(what))
            {}
            void run() override { room->arrive(id, question, std::move(found)); }
            std::shared_ptr<waiting_room> room;
            std::uint64_t id, question;
            verdict found;
        };
        auto t = std::make_unique<arrival>(shared_from_this(), id, question, std::move(v));
        const std::lock_guard lock(mutex_);
        if (shard_)
            shard_->submit(*t.release());
    }

private:
    struct visitor
    {
        session_base* session;
        std::uint64_t question;
    };

    void arrive(std::uint64_t id, std::uint64_t question, verdict v)
    {
        const auto found = waiting_.find(id);
        if (found == waiting_.end() || found->second.question != question)
            return; // it has gone, or was answered before
        session_base& s = *found->second.session;
        waiting_.erase(found);
        s.decided(std::move(v));
    }

    std::mutex mutex_;
    shard* shard_;
    std::unordered_map<std::uint64_t, visitor> waiting_; // by connection id
};

} // namespace crier::detail

#endif
