#ifndef CRIER_DETAIL_DELIVERY_HPP
#define CRIER_DETAIL_DELIVERY_HPP

#include <crier/concepts/registry.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>
#include <crier/frame.hpp>
#include <crier/message.hpp>

#include <cstddef>
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

/// One message on its way to its receivers.
class delivery
{
public:
    explicit delivery(message_view message) noexcept : message_(message) {}

    /// For a registry's visit.
    void operator()(connection& c)
    {
        auto& receiver = static_cast<session_base&>(c);
        const encoder& codec = receiver.codec();
        queued_ += receiver.deliver(encoded_.get(codec, [&] { return codec.encode(message_); }));
    }

    /// Connections that were queued the message.
    std::size_t queued() const noexcept { return queued_; }

private:
    message_view message_;
    per_codec<frame> encoded_;
    std::size_t queued_ = 0;
};

/// Several messages on their way to the same receivers, in one piece.
class batch_delivery
{
public:
    /// Lifetime: the messages must outlive the delivery.
    explicit batch_delivery(std::span<const message_view> messages) noexcept : messages_(messages)
    {}

    /// For a registry's visit.
    void operator()(connection& c)
    {
        auto& receiver = static_cast<session_base&>(c);
        const encoder& codec = receiver.codec();
        const batch& b = encoded_.get(codec, [&] { return encode(codec); });
        if (receiver.has_room_for(b.all.size())) {
            receiver.deliver(b.all, b.frames.size());
        } else {
            for (const frame& f : b.frames)
                receiver.deliver(f);
        }
    }

private:
    struct batch
    {
        std::vector<frame> frames;
        frame all;
    };

    batch encode(const encoder& codec) const
    {
        batch result;
        for (const message_view& message : messages_)
            if (frame f = codec.encode(message))
                result.frames.push_back(std::move(f));
        result.all = frame::join(result.frames);
        return result;
    }

    std::span<const message_view> messages_;
    per_codec<batch> encoded_;
};

/// The receivers of one shard: its registry's table, and how messages get to it.
template <registry Registry>
class switchboard final : public collector
{
public:
    switchboard(shard& home, const Registry& options) : shard_(home), table_(options) {}

    typename Registry::table& table() noexcept { return table_; }

    /// Returns how many connections were queued the message, as deliver_all().
    std::size_t deliver(std::string_view uid, message_view message)
    {
        shard_.deliver_collected();
        delivery d(message);
        table_.visit(uid, d);
        return d.queued();
    }

    std::size_t deliver_all(message_view message)
    {
        shard_.deliver_collected();
        delivery d(message);
        table_.visit_all(d);
        return d.queued();
    }

    /// As deliver_all, but what is collected in one turn, with nothing in between, leaves together:
    /// one visit of the table and one piece of memory to write, not one for each message.
    void collect(message_view message)
    {
        if (bytes_.size() + message.data.size() > most_collected_bytes)
            shard_.deliver_collected();
        sizes_.push_back(message.data.size());
        bytes_.append(message.data);
        shard_.collecting = this;
    }

    void deliver_collected() override
    {
        const std::string bytes = std::exchange(bytes_, {});
        std::vector<message_view> messages;
        std::size_t at = 0;
        for (const std::size_t size : std::exchange(sizes_, {})) {
            messages.emplace_back(std::string_view(bytes).substr(at, size));
            at += size;
        }
        batch_delivery d(messages);
        table_.visit_all(d);
    }

private:
    static constexpr std::size_t most_collected_bytes = 64 * 1024;

    shard& shard_;
    typename Registry::table table_;
    std::string bytes_; // of the collected messages
    std::vector<std::size_t> sizes_;
};

} // namespace crier::detail

#endif
