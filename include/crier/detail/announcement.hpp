#ifndef CRIER_DETAIL_ANNOUNCEMENT_HPP
#define CRIER_DETAIL_ANNOUNCEMENT_HPP

#include <crier/detail/delivery.hpp>
#include <crier/detail/role.hpp>
#include <crier/frame.hpp>
#include <crier/message.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace crier::detail {

/// Messages for the receivers of several shards: encoded once for each codec, by the shard that needs
/// it first. The others borrow the bytes, so that no count of references is shared between threads
/// but one for each shard.
///
/// Lifetime: held by shared_ptr; borrowed frames hold it too.
/// Thread safety: local_batch and local_frame from any thread, once no more is added.
class announcement : public std::enable_shared_from_this<announcement>
{
public:
    announcement() = default;
    explicit announcement(message_view message) { add(message); }

    void add(message_view message)
    {
        pieces_.push_back({message.data.size(), message.kind});
        try {
            bytes_.append(message.data);
        } catch (...) {
            pieces_.pop_back();
            throw;
        }
    }

    std::size_t bytes() const noexcept { return bytes_.size(); }

    /// Frames of the calling shard's own. Throws what the codec's encode throws.
    batch local_batch(const encoder& codec)
    {
        const batch& original = encoded(codec);
        batch result;
        result.frames.reserve(original.frames.size());
        for (const frame& f : original.frames)
            result.frames.push_back(borrow(f));
        result.all = original.frames.size() == 1 ? result.frames.front() : borrow(original.all);
        return result;
    }

    /// The same for the first message, which mostly is the only one. The empty frame if the codec
    /// cannot carry it.
    frame local_frame(const encoder& codec)
    {
        const batch& original = encoded(codec);
        return original.frames.empty() ? frame() : borrow(original.frames.front());
    }

private:
    struct piece
    {
        std::size_t size;
        message_kind kind;
    };

    const batch& encoded(const encoder& codec)
    {
        const std::lock_guard lock(mutex_); // held while encoding: the others need it just as much
        for (const auto& [known, b] : encoded_)
            if (known == &codec)
                return *b;
        std::vector<message_view> messages;
        const char* at = bytes_.data();
        for (const piece& p : pieces_) {
            messages.emplace_back(std::string_view(at, p.size), p.kind);
            at += p.size;
        }
        auto made = std::make_unique<const batch>(batch::encode(codec, messages));
        return *encoded_.emplace_back(&codec, std::move(made)).second;
    }

    frame borrow(const frame& original)
    {
        if (!original)
            return {};
        frame result = frame::borrow(original.bytes(), shared_from_this());
        return original.has_key() ? std::move(result).with_key(original.key()) : result;
    }

    std::string bytes_;
    std::vector<piece> pieces_;
    std::mutex mutex_;
    std::vector<std::pair<const encoder*, std::unique_ptr<const batch>>> encoded_;
};

} // namespace crier::detail

#endif
