#ifndef CRIER_DETAIL_TOPIC_TABLE_HPP
#define CRIER_DETAIL_TOPIC_TABLE_HPP

#include <crier/connection.hpp>
#include <crier/detail/intrusive_list.hpp>
#include <crier/detail/siphash.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace crier::detail {

class topic_membership;

/// A connection's topics: nothing but a pointer while it has none.
using topic_memberships = std::unique_ptr<topic_membership>;

/// The connections of one topic, in the order in which they joined.
struct topic
{
    list_link members;
    std::string_view name; // the key of the map
};

/// One connection in one topic.
class topic_membership : public list_link
{
public:
    topic_membership(connection& c, topic& t) : member(c), of(t) {}

    connection& member;
    topic& of;
    topic_memberships next; // of the same connection
};

/// Topics and who is in them. A topic is there while somebody is in it.
///
/// Thread safety: none.
class topic_table
{
public:
    /// Puts a connection into a topic. False if it is in `most` topics already. Throws
    /// std::bad_alloc, and nothing is changed then.
    bool join(connection& c, topic_memberships& own, std::string_view name, std::size_t most)
    {
        std::size_t count = 0;
        for (const topic_membership* m = own.get(); m; m = m->next.get()) {
            if (m->of.name == name)
                return true;
            ++count;
        }
        if (count >= most)
            return false;
        auto found = topics_.find(name);
        if (found == topics_.end()) {
            found = topics_.try_emplace(std::string(name)).first;
            found->second.name = found->first;
        }
        topic& t = found->second;
        try {
            auto m = std::make_unique<topic_membership>(c, t);
            m->link_last(t.members);
            m->next = std::move(own);
            own = std::move(m);
        } catch (...) {
            forget_if_empty(t);
            throw;
        }
        return true;
    }

    /// Takes it out. False if it was not in it.
    bool leave(topic_memberships& own, std::string_view name) noexcept
    {
        for (topic_memberships* at = &own; *at; at = &(*at)->next) {
            if ((*at)->of.name == name) {
                drop_first(*at);
                return true;
            }
        }
        return false;
    }

    /// Takes a connection out of all its topics.
    void leave_all(topic_memberships& own) noexcept
    {
        while (own)
            drop_first(own);
    }

    /// Calls f(connection&) for all in a topic. f may neither join nor leave.
    template <class F>
    void visit(std::string_view name, F&& f)
    {
        const auto found = topics_.find(name);
        if (found == topics_.end())
            return;
        list_link& members = found->second.members;
        for (list_link* l = members.next; l != &members; l = l->next)
            f(static_cast<topic_membership*>(l)->member);
    }

    std::size_t size() const noexcept { return topics_.size(); }

private:
    // Clients may have a say in the names: the hash is keyed, as that of uids.
    struct hash
    {
        using is_transparent = void;
        siphash key = siphash::random_key();
        std::size_t operator()(std::string_view name) const noexcept { return key(name); }
    };

    void drop_first(topic_memberships& own) noexcept
    {
        topic& t = own->of;
        const topic_memberships gone = std::move(own);
        own = std::move(gone.get()->next);
        gone->unlink();
        forget_if_empty(t);
    }

    void forget_if_empty(topic& t) noexcept
    {
        if (!t.members.linked())
            topics_.erase(topics_.find(t.name));
    }

    std::unordered_map<std::string, topic, hash, std::equal_to<>> topics_{0, hash()};
};

} // namespace crier::detail

#endif
