#ifndef CRIER_DETAIL_MAILBOX_HPP
#define CRIER_DETAIL_MAILBOX_HPP

#include <array>
#include <atomic>

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
    std::atomic<task*> next_{nullptr};
};

/// Tasks from many threads to one, in the order in which they were put: an intrusive queue (Vyukov's)
/// in which a writer exchanges one pointer and stores another, whatever the others do.
///
/// Thread safety: put() from any thread, all else on the reader's.
class mailbox
{
public:
    mailbox() = default;
    mailbox(const mailbox&) = delete;
    mailbox& operator=(const mailbox&) = delete;

    ~mailbox()
    {
        while (task* t = take())
            delete t;
    }

    /// How the reader is woken: each way is asked for by itself, so that one that may go unheard
    /// does not keep anybody from the other.
    enum way : unsigned char { by_post, by_bell };

    /// Takes the task over. True if the reader must be woken in this way: nobody has asked for that
    /// since it last said awake(). Wait-free.
    bool put(task& t, way how) noexcept
    {
        link(t);
        return !asked_[how].exchange(true, std::memory_order_acq_rel);
    }

    /// The reader is awake, and takes what is there from now on. What it does not see yet is put by
    /// a thread that will ask for it to be woken.
    void awake() noexcept
    {
        for (std::atomic<bool>& asked : asked_)
            asked.exchange(false, std::memory_order_acq_rel);
    }

    /// The oldest task, which the caller owns then, or null: there is none, or a thread is just about
    /// to put it.
    task* take() noexcept
    {
        task* first = first_;
        task* following = first->next_.load(std::memory_order_acquire);
        if (first == &stub_) {
            if (!following)
                return nullptr;
            first_ = first = following;
            following = first->next_.load(std::memory_order_acquire);
        }
        if (!following) {
            if (first != last_.load(std::memory_order_acquire))
                return nullptr;
            link(stub_); // so that the queue never is without a task
            following = first->next_.load(std::memory_order_acquire);
            if (!following)
                return nullptr;
        }
        first_ = following;
        return first;
    }

    /// For the reader: false while there is a task, or a thread is just about to put one.
    bool empty() const noexcept
    {
        return first_ == &stub_ && last_.load(std::memory_order_acquire) == &stub_;
    }

private:
    struct nothing final : task
    {
        void run() override {}
    };

    void link(task& t) noexcept
    {
        t.next_.store(nullptr, std::memory_order_relaxed);
        last_.exchange(&t, std::memory_order_acq_rel)->next_.store(&t, std::memory_order_release);
    }

    nothing stub_;
    std::atomic<task*> last_{&stub_};
    std::array<std::atomic<bool>, 2> asked_{};
    task* first_ = &stub_; // the reader's
};

} // namespace crier::detail

#endif
