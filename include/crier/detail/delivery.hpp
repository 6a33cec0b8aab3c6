#ifndef CRIER_DETAIL_DELIVERY_HPP
#define CRIER_DETAIL_DELIVERY_HPP

#include <crier/concepts/registry.hpp>
#include <crier/config.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>
#include <crier/frame.hpp>
#include <crier/message.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier::detail {

/// What is made once for each codec among the receivers, not for each receiver.
template <class Encoded>
class per_codec
{
public:
    /// Calls make() for a codec that is asked for the first time.
    template <class Make>
    const Encoded& get(const encoder& codec, Make make)
    {
        if (first_codec_ == &codec)
            return first_;
        if (!first_codec_) { // and mostly there is no other
            first_ = make();
            first_codec_ = &codec;
            return first_;
        }
        for (const auto& [known, encoded] : others_)
            if (known == &codec)
                return encoded;
        return others_.emplace_back(&codec, make()).second;
    }

private:
    const encoder* first_codec_ = nullptr;
    Encoded first_;
    std::vector<std::pair<const encoder*, Encoded>> others_;
};

/// What became of a message.
struct delivered
{
    std::size_t queued = 0;  ///< connections that took it
    std::size_t dropped = 0; ///< connections that were there and did not

    delivered& operator+=(const delivered& other) noexcept
    {
        queued += other.queued;
        dropped += other.dropped;
        return *this;
    }
};

/// Encodes a message for a codec, where it is needed.
struct encode_here
{
    message_view message;
    frame operator()(const encoder& codec) const { return codec.encode(message); }
};

/// One message on its way to its receivers. `Encode` says where its frames come from.
template <class Encode = encode_here>
class delivery
{
public:
    explicit delivery(Encode encode) noexcept : encode_(encode) {}

    /// For a registry's visit.
    void operator()(connection& c)
    {
        auto& receiver = static_cast<session_base&>(c);
        const encoder& codec = receiver.codec();
        const bool took = receiver.deliver(encoded_.get(codec, [&] { return encode_(codec); }));
        ++(took ? result_.queued : result_.dropped);
    }

    const delivered& result() const noexcept { return result_; }

private:
    Encode encode_;
    per_codec<frame> encoded_;
    delivered result_;
};

/// Several messages, each encoded, and all of them in one piece.
struct batch
{
    std::vector<frame> frames;
    frame all;

    static batch encode(const encoder& codec, std::span<const message_view> messages);
};

inline batch batch::encode(const encoder& codec, std::span<const message_view> messages)
{
    batch result;
    for (const message_view& message : messages)
        if (frame f = codec.encode(message))
            result.frames.push_back(std::move(f));
    result.all = result.frames.size() == 1 ? result.frames.front() : frame::join(result.frames);
    return result;
}

/// Several messages on their way to the same receivers, in one piece. `Encode` makes the batch for a
/// codec.
template <class Encode>
class batch_delivery
{
public:
    batch_delivery(Encode encode, bool write) noexcept : encode_(std::move(encode)), write_(write)
    {}

    /// For a registry's visit.
    void operator()(connection& c)
    {
        auto& receiver = static_cast<session_base&>(c);
        const encoder& codec = receiver.codec();
        const batch& b = encoded_.get(codec, [&] { return encode_(codec); });
        if (!codec.conflates && receiver.has_room_for(b.all.size(), b.frames.size())) {
            // With thousands of receivers each is in no cache any more when its turn to write comes.
            if (!write_ || !receiver.write_at_once(b.all, b.frames.size()))
                receiver.deliver(b.all, b.frames.size());
        } else {
            for (const frame& f : b.frames)
                receiver.deliver(f);
        }
    }

private:
    Encode encode_;
    bool write_;
    per_codec<batch> encoded_;
};

/// Where all lines can be carried out and answered at once. Another one: ordered_desk.
template <class Role>
struct direct_desk
{
    template <class Board>
    direct_desk(Role&, Board&) noexcept
    {}
    template <class... Line>
    static constexpr bool sends(Line&&...) noexcept
    {
        return false;
    }
    template <class... Answer>
    static constexpr bool keeps(Answer&&...) noexcept
    {
        return false;
    }
    static constexpr bool keeps_goodbye(session_base&, std::string_view) noexcept { return false; }
    static void forget(session_base&) noexcept {}
};

/// The receivers of one shard: its registry's table, and how messages get to it.
template <registry Registry>
class switchboard : public collector
{
public:
    template <class Role>
    using desk = direct_desk<Role>;

    static constexpr bool is_linked = false;

    switchboard(shard& home, const Registry& options) : shard_(home), table_(options) {}

    typename Registry::table& table() noexcept { return table_; }

    delivered deliver(std::string_view uid, message_view message)
    {
        shard_.deliver_collected();
        delivery d(encode_here{message});
        table_.visit(uid, d);
        return d.result();
    }

    /// To the connections of several uids, to each once, whatever the registry makes of the uids.
    CRIER_COLD delivered deliver_to(std::span<const std::string_view> uids, message_view message)
    {
        return deliver_to_of(uids, encode_here{message});
    }

    /// To all but these uids, which are in order.
    CRIER_COLD delivered deliver_all(message_view message,
                                     std::span<const std::string_view> except = {})
    {
        return deliver_all_of(encode_here{message}, except);
    }

    /// To all who have joined a topic, but these uids, which are in order.
    CRIER_COLD delivered publish(std::string_view topic, message_view message,
                                 std::span<const std::string_view> except = {})
    {
        return publish_of(topic, encode_here{message}, except);
    }

    /// `queued` says how many are in the topic now, `dropped` how many could not join.
    CRIER_COLD delivered join(std::string_view topic, std::span<const std::string_view> uids)
    {
        delivered result;
        for (connection* c : connections_of(uids))
            ++(c->join(topic) ? result.queued : result.dropped);
        return result;
    }

    /// `queued` says how many have left the topic.
    CRIER_COLD delivered leave(std::string_view topic, std::span<const std::string_view> uids)
    {
        delivered result;
        for (connection* c : connections_of(uids))
            result.queued += c->leave(topic);
        return result;
    }

    /// As deliver_all, but what is collected in one turn, with nothing in between, leaves together:
    /// one visit of the table and one piece of memory to write, not one for each message.
    void collect(message_view message)
    {
        if (bytes_.size() + message.data.size() > most_collected_bytes)
            shard_.deliver_collected();
        sizes_.push_back(message.data.size());
        try {
            bytes_.append(message.data);
        } catch (...) {
            sizes_.pop_back();
            throw;
        }
        shard_.collecting = this;
    }

    void deliver_collected(bool write) override
    {
        const std::string bytes = std::exchange(bytes_, {});
        std::vector<message_view> messages;
        std::size_t at = 0;
        for (const std::size_t size : std::exchange(sizes_, {})) {
            messages.emplace_back(std::string_view(bytes).substr(at, size));
            at += size;
        }
        batch_delivery d([&](const encoder& codec) { return batch::encode(codec, messages); },
                         write);
        table_.visit_all(d);
    }

protected:
    template <class Encode>
    delivered deliver_to_of(std::span<const std::string_view> uids, Encode encode)
    {
        shard_.deliver_collected();
        delivery d(encode);
        for (connection* c : connections_of(uids))
            d(*c);
        return d.result();
    }

    template <class Encode>
    delivered deliver_all_of(Encode encode, std::span<const std::string_view> except)
    {
        shard_.deliver_collected();
        delivery d(encode);
        if (except.empty())
            table_.visit_all(d);
        else
            table_.visit_all(without(d, except));
        return d.result();
    }

    template <class Encode>
    delivered publish_of(std::string_view topic, Encode encode,
                         std::span<const std::string_view> except)
    {
        shard_.deliver_collected();
        delivery d(encode);
        shard_.topics.visit(topic, without(d, except));
        return d.result();
    }

    static constexpr std::size_t most_collected_bytes = 64 * 1024;

    shard& shard_;
    typename Registry::table table_;

private:
    std::vector<connection*> connections_of(std::span<const std::string_view> uids)
    {
        std::vector<connection*> all;
        for (const std::string_view uid : uids)
            table_.visit(uid, [&](connection& c) { all.push_back(&c); });
        std::sort(all.begin(), all.end(), std::less<>());
        all.erase(std::unique(all.begin(), all.end()), all.end());
        return all;
    }

    template <class Delivery>
    static auto without(Delivery& d, std::span<const std::string_view> except)
    {
        return [&d, except](connection& c) {
            if (!std::binary_search(except.begin(), except.end(), c.uid()))
                d(c);
        };
    }

    std::string bytes_; // of the collected messages
    std::vector<std::size_t> sizes_;
};

} // namespace crier::detail

#endif
