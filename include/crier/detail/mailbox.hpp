#ifndef CRIER_DETAIL_MAILBOX_HPP
#define CRIER_DETAIL_MAILBOX_HPP

#include <atomic>
#include <utility>

namespace crier::detail {

/// Work that one thread hands to another.
class task
{
public:
    task() = default;
    task(const task&) = delete;
    task& operator=(const task&) = delete;
    virtual ~task() = default;

    virtual void run() = 0;

private:
    friend class mailbox;
    task* next_ = nullptr;
};

/// Tasks from many threads to one: a lock-free stack, turned round when it is emptied.
class mailbox
{
public:
    mailbox() = default;
    mailbox(const mailbox&) = delete;
    mailbox& operator=(const mailbox&) = delete;

    ~mailbox()
    {
        for (task* t = take_all(); t;)
            delete std::exchange(t, following(t));
    }

    /// Takes the task over. True if the mailbox was empty: then the reader must be woken.
    bool put(task& t) noexcept
    {
        task* top = top_.load(std::memory_order_relaxed);
        do
            t.next_ = top;
        while (!top_.compare_exchange_weak(top, &t, std::memory_order_release,
                                           std::memory_order_relaxed));
        return top == nullptr;
    }

    /// All tasks that were put, the oldest first. The caller owns them.
    task* take_all() noexcept
    {
        task* top = top_.exchange(nullptr, std::memory_order_acquire);
        task* first = nullptr;
        while (top) {
            task* const older = std::exchange(top->next_, first);
            first = top;
            top = older;
        }
        return first;
    }

    static task* following(const task* t) noexcept { return t->next_; }

private:
    std::atomic<task*> top_{nullptr};
};

} // namespace crier::detail

#endif
