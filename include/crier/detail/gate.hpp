#ifndef CRIER_DETAIL_GATE_HPP
#define CRIER_DETAIL_GATE_HPP

#include <crier/admission.hpp>
#include <crier/config.hpp>
#include <crier/detail/deadline_list.hpp>
#include <crier/detail/siphash.hpp>
#include <crier/error.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace crier::detail {

struct source_hash
{
    siphash key = siphash::random_key();

    std::size_t operator()(const source_address& a) const noexcept
    {
        return key({reinterpret_cast<const char*>(a.data()), sizeof(a)});
    }
};

/// Lets the connections of one listener in: counts them, by their addresses too if there is a limit,
/// and knows how fast they may come.
///
/// Thread safety: any thread. It is asked once when a connection comes and told once when it goes.
class gate
{
    using crowds = std::unordered_map<source_address, std::size_t, source_hash>;

public:
    /// Those who have come from the same address, or null.
    using crowd = crowds::value_type*;

    /// The place of one connection, to be given back.
    class place
    {
    public:
        place(gate& g, crowd c) noexcept : gate_(&g), crowd_(c) {}
        place(place&& other) noexcept
            : gate_(std::exchange(other.gate_, nullptr)), crowd_(other.crowd_)
        {}
        place& operator=(place&&) = delete;

        ~place()
        {
            if (gate_)
                gate_->leave(crowd_);
        }

        /// From now on somebody else gives it back.
        crowd take() noexcept
        {
            gate_ = nullptr;
            return crowd_;
        }

    private:
        gate* gate_;
        crowd crowd_;
    };

    /// Of what admission calls usual, the second and third are told.
    CRIER_DECL gate(const admission& options, std::size_t spare_descriptors,
                    std::size_t accepts_per_second);

    /// How long to wait until one more may be accepted; zero if it may be now.
    clock::duration wait(clock::time_point now)
    {
        return step_ == step_.zero() ? step_ : wait_for_step(now);
    }

    /// A connection was accepted: its place, or none and why not. A descriptor of -1 is none. Throws
    /// std::bad_alloc, and has let nobody in then.
    CRIER_DECL std::optional<place> admit(int descriptor, const std::optional<source_address>& from,
                                          clock::time_point now, error_code& why);

    CRIER_DECL void leave(crowd c) noexcept;

    bool asks_for_source() const noexcept { return options_.max_connections_per_address != 0; }

private:
    CRIER_DECL clock::duration wait_for_step(clock::time_point now);
    CRIER_DECL bool leaves_spare(int descriptor) const noexcept;

    admission options_;
    clock::duration step_{}; // from one accept to the next, in the long run; zero: no limit
    std::atomic<std::size_t> connections_{0};
    std::mutex mutex_; // of what follows
    clock::time_point next_{};
    crowds crowds_;
};

} // namespace crier::detail

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/gate.ipp>
#endif

#endif
