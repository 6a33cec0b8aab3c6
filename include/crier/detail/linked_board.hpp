#ifndef CRIER_DETAIL_LINKED_BOARD_HPP
#define CRIER_DETAIL_LINKED_BOARD_HPP

#include <crier/command.hpp>
#include <crier/concepts/registry.hpp>
#include <crier/config.hpp>
#include <crier/detail/announcement.hpp>
#include <crier/detail/delivery.hpp>
#include <crier/detail/mailbox.hpp>
#include <crier/detail/mover.hpp>
#include <crier/detail/ordered_desk.hpp>
#include <crier/detail/shard.hpp>
#include <crier/detail/siphash.hpp>
#include <crier/receivers.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier::detail {

/// The receivers of one of several shards, and the way to those of the others.
///
/// A uid belongs to one shard, so its connections, their order and their table are used by one
/// thread. What a shard's back ends say for others is packed into a parcel for each, which leaves
/// when it is large or the sessions have read, is unpacked over there in its order, and comes back
/// with the results. So a line costs a copy, and a parcel two hand-overs, however many lines it holds.
///
/// Thread safety: owner() from any thread, all else on the shard's.
template <registry Registry>
class linked_board final : public switchboard<Registry>, private outside
{
    using base = switchboard<Registry>;

public:
    template <class Role>
    using desk = ordered_desk<Role, linked_board>;

    static constexpr bool is_linked = true;

    using base::base;

    /// All boards of the server, this one's place among them, and the key that all share.
    void link(std::vector<linked_board*> all, std::size_t place, siphash key)
    {
        boards_ = std::move(all);
        parcels_.resize(boards_.size());
        place_ = place;
        key_ = key;
        this->shard_.others = this;
    }

    /// Takes a session to where its uid belongs: mover::move.
    void move(session_base& s, std::size_t to, role& as)
    {
        mover_.move(s, boards_[to]->shard_, as);
    }

    void let_move(bool on) noexcept { mover_.allow(on); }

    bool is_alone() const noexcept { return boards_.size() == 1; }
    std::size_t place() const noexcept { return place_; }
    std::size_t places() const noexcept { return boards_.size(); }

    /// Where the connections of a uid are.
    std::size_t owner(std::string_view uid) const noexcept
    {
        return is_alone() ? 0 : key_(Registry::route(uid)) % boards_.size();
    }

    /// What all shards are to do, each for its own connections. Immutable, and shared by them.
    struct request
    {
        command::kind_type kind = command::broadcast;
        std::string name{};
        std::vector<std::string> uids{}, except{}; // in order
        std::shared_ptr<announcement> message{};   // if it is one

        delivered carry_out(linked_board& at) const
        {
            const std::vector<std::string_view> whom = at.own(uids);
            const std::vector<std::string_view> but(except.begin(), except.end());
            switch (kind) {
            case command::multicast:
                return at.deliver_to_of(whom, encoding());
            case command::publish:
                return at.publish_of(name, encoding(), but);
            case command::broadcast:
                return at.deliver_all_of(encoding(), but);
            case command::join:
                return at.join(name, whom);
            case command::leave:
                return at.leave(name, whom);
            case command::unicast:
            case command::invalid:
                break;
            }
            return {};
        }

        auto encoding() const
        {
            return [a = message.get()](const encoder& codec) { return a->local_frame(codec); };
        }
    };

    /// What a push of the program asks of all shards.
    CRIER_COLD static request request_for(const receivers& to, message_view message)
    {
        request what{.uids = {}, .message = std::make_shared<announcement>(message)};
        what.except.assign(to.excepted().begin(), to.excepted().end());
        std::sort(what.except.begin(), what.except.end());
        if (to.kind() == receivers::kind_topic) {
            what.kind = command::publish;
            what.name = to.names().front();
        } else if (to.kind() == receivers::kind_uids) {
            what.kind = command::multicast;
            for (const auto& uid : to.names())
                if (!std::binary_search(what.except.begin(), what.except.end(), uid))
                    what.uids.emplace_back(uid);
        }
        return what;
    }

    /// A line for the connections of a uid that is another shard's.
    void send(std::size_t to, const return_address& from, std::string_view uid,
              std::string_view line)
    {
        this->shard_.deliver_collected();
        pack(to, uid, line).from = from;
        leave_soon(to);
    }

    /// A request for all shards; this one's part is done at once.
    CRIER_COLD void send_all(const return_address& from, std::shared_ptr<const request> what)
    {
        this->shard_.deliver_collected();
        for (std::size_t to = 0; to < boards_.size(); ++to) {
            if (to == place_)
                continue;
            entry& e = pack(to, {}, {});
            e.from = from;
            e.what = what;
            leave_soon(to);
        }
        try {
            from.sink->answered(from, what->carry_out(*this));
        } catch (...) {
            from.sink->answered(from, {}); // the answer must not wait for it
            throw;
        }
    }

    using base::collect;

    /// To the connections of all shards; what is collected in one turn, with nothing in between,
    /// leaves together. Each shard answers: who registers after the answer must not get it.
    void collect(message_view message, const return_address& from)
    {
        if (collected_ && collected_->bytes() + message.data.size() > this->most_collected_bytes)
            this->shard_.deliver_collected();
        if (!collected_)
            collected_ = std::make_shared<collection>();
        collected_->add(message);
        collected_->senders.push_back(from);
        this->shard_.collecting = this;
    }

    void deliver_collected(bool write) override
    {
        if (!collected_)
            return base::deliver_collected(write);
        const std::shared_ptr<collection> all = std::exchange(collected_, nullptr);
        for (std::size_t to = 0; to < boards_.size(); ++to) {
            if (to == place_)
                continue;
            pack(to, {}, {}).all = all;
            leave_soon(to);
        }
        if (write)
            ship(); // before the work of this shard
        const auto answer = [&] {
            for (const return_address& from : all->senders)
                from.sink->answered(from, {});
        };
        try {
            announce(*all, write);
        } catch (...) {
            answer(); // they must not wait for it
            throw;
        }
        answer();
    }

private:
    void ship() override
    {
        if (!std::exchange(packed_, false))
            return;
        for (std::size_t to = 0; to < boards_.size(); ++to)
            if (parcels_[to])
                ship(to);
    }

    void move_out() override { mover_.move_out(); }

    /// Lines for everybody, and whose they are.
    struct collection : announcement
    {
        std::vector<return_address> senders;
    };

    /// Something for another shard, and what became of it.
    struct entry
    {
        return_address from{};
        std::size_t name_size = 0, line_size = 0; // of a line, in the parcel's bytes
        std::shared_ptr<const request> what{};    // in its place
        std::shared_ptr<collection> all{};        // in its place
        delivered result{};
    };

    struct parcel
    {
        std::string bytes{}; // of the uids and lines, one behind the other
        std::vector<entry> entries{};
    };

    /// A parcel on its way back.
    struct homeward final : task
    {
        homeward(linked_board& t, std::unique_ptr<parcel> p) : to(t), content(std::move(p)) {}
        void run() override { to.take_results(std::move(content)); }

        linked_board& to;
        std::unique_ptr<parcel> content;
    };

    /// A parcel on its way there. The way back is made with it: that must not fail over there.
    struct outward final : task
    {
        outward(linked_board& t, std::unique_ptr<homeward> b) : to(t), back(std::move(b)) {}

        void run() override
        {
            const std::exception_ptr thrown = to.unpack(*back->content);
            shard& home = back->to.shard_;
            home.hand_over(*back.release());
            if (thrown)
                std::rethrow_exception(thrown);
        }

        linked_board& to;
        std::unique_ptr<homeward> back;
    };

    static constexpr std::size_t large_parcel = 64 * 1024;
    static constexpr std::size_t most_spares = 8;

    entry& pack(std::size_t to, std::string_view uid, std::string_view line)
    {
        std::unique_ptr<parcel>& p = parcels_[to];
        if (!p)
            p = make_parcel();
        entry& e = p->entries.emplace_back();
        e.name_size = uid.size();
        e.line_size = line.size();
        p->bytes.append(uid).append(line);
        return e;
    }

    std::unique_ptr<parcel> make_parcel()
    {
        if (spares_.empty())
            return std::make_unique<parcel>();
        auto p = std::move(spares_.back());
        spares_.pop_back();
        return p;
    }

    void leave_soon(std::size_t to)
    {
        if (parcels_[to]->bytes.size() >= large_parcel)
            ship(to);
        else
            packed_ = true;
    }

    void ship(std::size_t to)
    {
        auto back = std::make_unique<homeward>(*this, std::move(parcels_[to]));
        auto t = std::make_unique<outward>(*boards_[to], std::move(back));
        boards_[to]->shard_.hand_over(*t.release());
    }

    /// Carries out what has come from another shard. Returns the first of what was thrown meanwhile:
    /// it must not keep the rest from being done.
    std::exception_ptr unpack(parcel& p)
    {
        std::exception_ptr thrown;
        std::string_view rest = p.bytes;
        for (entry& e : p.entries) {
            const std::string_view name = rest.substr(0, e.name_size);
            const std::string_view line = rest.substr(e.name_size, e.line_size);
            rest.remove_prefix(e.name_size + e.line_size);
            try {
                if (e.all)
                    announce(*e.all, &e == &p.entries.back());
                else if (e.what)
                    e.result = e.what->carry_out(*this);
                else
                    e.result = this->deliver(name, message_view(line));
            } catch (...) {
                if (!thrown)
                    thrown = std::current_exception();
            }
        }
        return thrown;
    }

    void take_results(std::unique_ptr<parcel> p)
    {
        answer_sink* last = nullptr;
        const auto answer = [&](const return_address& from, const delivered& result) {
            if (last && last != from.sink)
                last->settle();
            last = from.sink;
            last->answered(from, result);
        };
        for (const entry& e : p->entries) {
            if (!e.all)
                answer(e.from, e.result);
            else
                for (const return_address& from : e.all->senders)
                    answer(from, {});
        }
        if (last)
            last->settle();
        p->entries.clear();
        p->bytes.clear();
        if (spares_.size() < most_spares)
            spares_.push_back(std::move(p));
    }

    void announce(announcement& all, bool write)
    {
        batch_delivery d([&](const encoder& codec) { return all.local_batch(codec); }, write);
        this->table_.visit_all(d);
    }

    std::vector<std::string_view> own(const std::vector<std::string>& uids) const
    {
        std::vector<std::string_view> result;
        for (const std::string& uid : uids)
            if (owner(uid) == place_)
                result.emplace_back(uid);
        return result;
    }

    mover mover_{this->shard_};
    std::vector<linked_board*> boards_{this};
    std::size_t place_ = 0;
    siphash key_ = siphash::random_key();
    std::vector<std::unique_ptr<parcel>> parcels_; // to be shipped, by place
    bool packed_ = false;                          // some of them
    std::vector<std::unique_ptr<parcel>> spares_;
    std::shared_ptr<collection> collected_;
};

} // namespace crier::detail

#endif
