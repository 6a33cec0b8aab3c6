#ifndef CRIER_TESTS_INTEGRATION_JOURNAL_HPP
#define CRIER_TESTS_INTEGRATION_JOURNAL_HPP

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "patience.hpp"

namespace support {

/// What happened, in its order, written on one thread and read on another.
class journal
{
public:
    void add(std::string event)
    {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
        changed_.notify_all();
    }

    /// Waits until an event stands there so many times.
    void wait_for(const std::string& event, std::ptrdiff_t times = 1)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, patience, [&] {
                return std::count(events_.begin(), events_.end(), event) >= times;
            }))
            throw std::runtime_error("waited in vain for \"" + event + '"');
    }

    std::vector<std::string> events() const
    {
        const std::lock_guard lock(mutex_);
        return events_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> events_;
};

} // namespace support

#endif
