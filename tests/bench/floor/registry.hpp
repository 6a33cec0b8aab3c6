// uid -> connections, as cheaply as it goes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "connection.hpp"

namespace bench {

inline std::uint32_t hash_of(std::string_view uid)
{
    std::uint64_t value = 0x9e3779b97f4a7c15 ^ uid.size();
    while (uid.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, uid.data(), 8);
        value = (value ^ word) * 0xff51afd7ed558ccd;
        value ^= value >> 32;
        uid.remove_prefix(8);
    }
    std::uint64_t word = 0;
    for (const char c : uid)
        word = word << 8 | static_cast<unsigned char>(c);
    value = (value ^ word) * 0xff51afd7ed558ccd;
    return static_cast<std::uint32_t>(value >> 32);
}

// Connections are the nodes themselves; those that share a uid share a bucket.
class registry
{
public:
    void bind(connection& c, std::string_view uid)
    {
        if (everyone_.size() >= buckets_.size())
            grow();
        c.uid = uid;
        c.hash = hash_of(uid);
        link(c);
        c.place = static_cast<std::uint32_t>(everyone_.size());
        everyone_.push_back(&c);
    }

    void unbind(connection& c)
    {
        if (c.place == none)
            return;
        connection** at = &bucket(c.hash);
        while (*at != &c)
            at = &(*at)->next_in_bucket;
        *at = c.next_in_bucket;
        everyone_[c.place] = everyone_.back();
        everyone_[c.place]->place = c.place;
        everyone_.pop_back();
        c.place = none;
    }

    template <class Function>
    bool visit(std::string_view uid, Function&& function)
    {
        bool found = false;
        const std::uint32_t hash = hash_of(uid);
        for (connection* c = bucket(hash); c; c = c->next_in_bucket)
            if (c->hash == hash && c->uid == uid) {
                function(*c);
                found = true;
            }
        return found;
    }

    const std::vector<connection*>& everyone() const { return everyone_; }

private:
    connection*& bucket(std::uint32_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }

    void link(connection& c)
    {
        connection*& head = bucket(c.hash);
        c.next_in_bucket = head;
        head = &c;
    }

    void grow()
    {
        buckets_.assign(buckets_.size() * 2, nullptr);
        for (connection* c : everyone_)
            link(*c);
    }

    std::vector<connection*> buckets_ = std::vector<connection*>(1024, nullptr);
    std::vector<connection*> everyone_;
};

} // namespace bench
