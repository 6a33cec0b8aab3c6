#ifndef CRIER_DETAIL_UID_TABLE_HPP
#define CRIER_DETAIL_UID_TABLE_HPP

#include <crier/connection.hpp>
#include <crier/detail/siphash.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace crier::detail {

/// A hash table from uid to its connections, in the order in which they came. The connections
/// themselves are the nodes (registry_hook), so it owns nothing but its array of buckets.
///
/// The hash is keyed with random bytes: clients choose the uids, and must not be able to choose
/// them so that they all fall into one bucket.
class uid_table
{
public:
    uid_table() : buckets_(16) {}

    std::size_t size() const noexcept { return all_.size(); }

    /// The first connection of a uid, or null.
    connection* find(std::string_view uid) const noexcept { return find(uid, key_(uid)); }

    /// The connection after `c` of the same uid, or null. `first` is what find returned.
    static connection* next(const connection* c, const connection* first) noexcept
    {
        return c->hook.next_same_uid == first ? nullptr : c->hook.next_same_uid;
    }

    /// Puts a connection behind all others of its uid.
    void insert(std::string_view uid, connection& c)
    {
        if (uids_ >= buckets_.size())
            grow();
        c.hook.hash = key_(uid);
        c.hook.place = all_.size();
        all_.push_back(&c);
        if (connection* const first = find(uid, c.hook.hash)) {
            connection* const last = first->hook.previous_same_uid;
            c.hook.previous_same_uid = last;
            c.hook.next_same_uid = first;
            last->hook.next_same_uid = &c;
            first->hook.previous_same_uid = &c;
            return;
        }
        c.hook.next_same_uid = c.hook.previous_same_uid = &c;
        push_bucket(buckets_, c);
        ++uids_;
    }

    /// True if this very connection is in the table.
    bool contains(const connection& c) const noexcept { return c.hook.next_same_uid != nullptr; }

    /// Takes out this connection and no other; it must be in the table.
    void erase(connection& c) noexcept
    {
        connection** const at = head(c);
        if (*at == &c) {
            connection* const successor = c.hook.next_same_uid;
            if (successor != &c) {
                successor->hook.next_uid = c.hook.next_uid;
                *at = successor;
            } else {
                *at = c.hook.next_uid;
                --uids_;
            }
        }
        c.hook.next_same_uid->hook.previous_same_uid = c.hook.previous_same_uid;
        c.hook.previous_same_uid->hook.next_same_uid = c.hook.next_same_uid;
        all_[c.hook.place] = all_.back();
        all_.back()->hook.place = c.hook.place;
        all_.pop_back();
        c.hook = {};
    }

    template <class F>
    void for_each(F&& f) const
    {
        for (connection* c : all_)
            f(*c);
    }

private:
    connection* find(std::string_view uid, std::uint64_t hash) const noexcept
    {
        for (connection* c = buckets_[hash & (buckets_.size() - 1)]; c; c = c->hook.next_uid)
            if (c->hook.hash == hash && c->uid() == uid)
                return c;
        return nullptr;
    }

    /// What points to the first connection of c's uid.
    connection** head(const connection& c) noexcept
    {
        connection** at = &buckets_[c.hook.hash & (buckets_.size() - 1)];
        while ((*at)->hook.hash != c.hook.hash || (*at)->uid() != c.uid())
            at = &(*at)->hook.next_uid;
        return at;
    }

    static void push_bucket(std::vector<connection*>& buckets, connection& first) noexcept
    {
        connection*& bucket = buckets[first.hook.hash & (buckets.size() - 1)];
        first.hook.next_uid = bucket;
        bucket = &first;
    }

    void grow()
    {
        std::vector<connection*> wider(buckets_.size() * 2);
        for (connection* first : buckets_) {
            while (first) {
                connection* const following = first->hook.next_uid;
                push_bucket(wider, *first);
                first = following;
            }
        }
        buckets_.swap(wider);
    }

    siphash key_ = siphash::random_key();
    std::vector<connection*> buckets_;
    std::size_t uids_ = 0;
    std::vector<connection*> all_; // in the order in which they came, until some go
};

} // namespace crier::detail

#endif
