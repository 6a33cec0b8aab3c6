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
        spares_.reserve(most_spares);
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

    // What memory these need they have before `expect` is called, which says where the results go: so
    // none is expected that does not come.

    /// A line for the connections of a uid that is another shard's.
    template <class Expect>
    void send(std::size_t to, std::string_view uid, std::string_view line, Expect expect)
    {
        this->shard_.deliver_collected();
        entry& e = pack(to, uid, line);
        e.from = expect();
        ship_if_large(to);
    }

    /// A request for all shards; this one's part is done at once.
    template <class Expect>
    CRIER_COLD void send_all(std::shared_ptr<const request> what, Expect expect)
    {
        this->shard_.deliver_collected();
        for_each_other([&](std::size_t to) { pack(to, {}, {}).what = what; });
        const return_address from = expect();
        for_each_other([&](std::size_t to) {
            contents(to).entries.back().from = from;
            ship_if_large(to);
        });
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
    template <class Expect>
    void collect(message_view message, Expect expect)
    {
        if (collected_ && collected_->bytes() + message.data.size() > this->most_collected_bytes)
            this->shard_.deliver_collected();
        if (!collected_)
            collected_ = std::make_shared<collection>();
        collected_->add(message);
        this->shard_.collecting = this;
        return_address& from = collected_->senders.emplace_back();
        from = expect();
    }

    void deliver_collected(bool write) override
    {
        if (!collected_)
            return base::deliver_collected(write);
        const std::shared_ptr<collection> all = std::exchange(collected_, nullptr);
        std::exception_ptr thrown; // the answers must not wait for it
        const auto carry = [&](auto part) {
            try {
                part();
            } catch (...) {
                thrown = std::current_exception();
                all->answer();
            }
        };
        for_each_other([&](std::size_t to) {
            carry([&] {
                pack(to, {}, {}).all = all;
                ship_if_large(to);
            });
        });
        if (write)
            ship(); // before the work of this shard
        carry([&] {
            announce(*all, write);
            all->answer();
        });
        if (thrown)
            std::rethrow_exception(thrown);
    }

private:
    void ship() noexcept override
    {
        if (!std::exchange(packed_, false))
            return;
        for (std::size_t to = 0; to < boards_.size(); ++to)
            if (parcels_[to])
                ship(to);
    }

    template <class F>
    void for_each_other(F f)
    {
        for (std::size_t to = 0; to < boards_.size(); ++to)
            if (to != place_)
                f(to);
    }

    void move_out() override { mover_.move_out(); }

    /// Lines for everybody, and whose they are.
    struct collection : announcement
    {
        std::vector<return_address> senders;

        /// One shard has had its turn.
        void answer() const
        {
            for (const return_address& from : senders)
                if (from.sink)
                    from.sink->answered(from, {});
        }
    };

    /// Something for another shard, and what became of it.
    struct entry
    {
        entry(std::size_t name, std::size_t line) noexcept : name_size(name), line_size(line) {}

        std::size_t name_size, line_size; // of a line, in the parcel's bytes
        return_address from{};
        std::shared_ptr<const request> what{}; // in its place
        std::shared_ptr<collection> all{};     // in its place
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

    /// A parcel on its way there. It is made, and the way back with it, when the first line is packed:
    /// then nothing can fail on the way.
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
        if (!parcels_[to])
            parcels_[to] = std::make_unique<outward>(
                *boards_[to], std::make_unique<homeward>(*this, make_parcel()));
        parcel* const p = &contents(to);
        const std::size_t before = p->bytes.size();
        try {
            p->bytes.append(uid).append(line);
            packed_ = true;
            return p->entries.emplace_back(uid.size(), line.size());
        } catch (...) {
            p->bytes.resize(before); // the next line begins here
            throw;
        }
    }

    parcel& contents(std::size_t to) noexcept { return *parcels_[to]->back->content; }

    std::unique_ptr<parcel> make_parcel()
    {
        if (spares_.empty())
            return std::make_unique<parcel>();
        auto p = std::move(spares_.back());
        spares_.pop_back();
        return p;
    }

    void ship_if_large(std::size_t to) noexcept
    {
        if (contents(to).bytes.size() >= large_parcel)
            ship(to);
    }

    void ship(std::size_t to) noexcept { boards_[to]->shard_.hand_over(*parcels_[to].release()); }

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
            if (!from.sink)
                return; // there was no memory to expect it
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
    std::vector<std::unique_ptr<outward>> parcels_; // to be shipped, by place
    bool packed_ = false;                           // some of them
    std::vector<std::unique_ptr<parcel>> spares_;
    std::shared_ptr<collection> collected_;
};

} // namespace crier::detail

#endif
