#ifndef CRIER_DETAIL_DELIVERY_HPP
#define CRIER_DETAIL_DELIVERY_HPP

#include <crier/concepts/registry.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/frame.hpp>
#include <crier/message.hpp>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace crier::detail {

/// One message on its way to its receivers: encoded once for each codec among them, not for each
/// connection.
class delivery
{
public:
    explicit delivery(message_view message) noexcept : message_(message) {}

    /// For a registry's visit.
    void operator()(connection& c)
    {
        auto& receiver = static_cast<session_base&>(c);
        queued_ += receiver.deliver(frame_for(receiver.codec()));
    }

    /// Connections that were queued the message.
    std::size_t queued() const noexcept { return queued_; }

private:
    const frame& frame_for(const encoder& codec)
    {
        if (first_.first == &codec)
            return first_.second;
        if (!first_.first)
            return (first_ = {&codec, codec.encode(message_)}).second;
        for (const auto& [known, encoded] : others_)
            if (known == &codec)
                return encoded;
        return others_.emplace_back(&codec, codec.encode(message_)).second;
    }

    message_view message_;
    std::pair<const encoder*, frame> first_{};
    std::vector<std::pair<const encoder*, frame>> others_;
    std::size_t queued_ = 0;
};

/// The receivers of one shard: its registry's table, and how messages get to it.
template <registry Registry>
class switchboard
{
public:
    explicit switchboard(const Registry& options) : table_(options) {}

    typename Registry::table& table() noexcept { return table_; }

    std::size_t deliver(std::string_view uid, message_view message)
    {
        delivery d(message);
        table_.visit(uid, d);
        return d.queued();
    }

    std::size_t deliver_all(message_view message)
    {
        delivery d(message);
        table_.visit_all(d);
        return d.queued();
    }

private:
    typename Registry::table table_;
};

} // namespace crier::detail

#endif
