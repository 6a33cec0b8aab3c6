#include <crier/detail/mailbox.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using crier::detail::mailbox;
using crier::detail::task;

namespace {

struct note final : task
{
    explicit note(std::string& out, char c) : log(out), name(c) {}
    ~note() override { log += '~'; }
    void run() override { log += name; }

    std::string& log;
    char name;
};

void put_new(mailbox& box, std::string& log, char name)
{
    box.put(*new note(log, name));
}

/// Runs and deletes all that is there.
void run_all(mailbox& box)
{
    for (task* t = box.take_all(); t;) {
        const std::unique_ptr<task> current(t);
        t = mailbox::following(t);
        current->run();
    }
}

struct numbered final : task
{
    numbered(std::vector<std::size_t>& counts, std::size_t& errors, std::size_t from, std::size_t n)
        : next_of(counts), disordered(errors), thread(from), number(n)
    {}

    void run() override
    {
        if (next_of[thread] != number)
            ++disordered;
        next_of[thread] = number + 1;
    }

    std::vector<std::size_t>& next_of;
    std::size_t& disordered;
    std::size_t thread, number;
};

} // namespace

BOOST_AUTO_TEST_SUITE(mailboxes)

BOOST_AUTO_TEST_CASE(an_empty_mailbox_has_nothing)
{
    mailbox box;
    BOOST_TEST(box.take_all() == nullptr);
}

BOOST_AUTO_TEST_CASE(tasks_come_out_in_the_order_in_which_they_were_put)
{
    std::string log;
    mailbox box;
    for (const char name : std::string("abc"))
        put_new(box, log, name);
    run_all(box);
    BOOST_TEST(log == "a~b~c~");
    BOOST_TEST(box.take_all() == nullptr);
}

BOOST_AUTO_TEST_CASE(only_the_task_that_finds_it_empty_asks_for_the_reader_to_be_woken)
{
    std::string log;
    mailbox box;
    BOOST_TEST(box.put(*new note(log, 'a')));
    BOOST_TEST(!box.put(*new note(log, 'b')));
    BOOST_TEST(!box.put(*new note(log, 'c')));
    run_all(box);
    BOOST_TEST(box.put(*new note(log, 'd')));
    run_all(box);
    BOOST_TEST(log == "a~b~c~d~");
}

BOOST_AUTO_TEST_CASE(a_task_that_is_put_by_a_task_comes_with_the_next_ones)
{
    struct putting final : task
    {
        putting(mailbox& b, std::string& out) : box(b), log(out) {}
        void run() override
        {
            log += 'p';
            put_new(box, log, 'q');
        }
        mailbox& box;
        std::string& log;
    };
    std::string log;
    mailbox box;
    box.put(*new putting(box, log));
    run_all(box);
    BOOST_TEST(log == "p");
    run_all(box);
    BOOST_TEST(log == "pq~");
}

BOOST_AUTO_TEST_CASE(tasks_that_nobody_took_are_deleted_and_not_run)
{
    std::string log;
    {
        mailbox box;
        put_new(box, log, 'a');
        put_new(box, log, 'b');
    }
    BOOST_TEST(log == "~~");
}

BOOST_AUTO_TEST_CASE(many_threads_lose_nothing_and_keep_each_ones_order)
{
    constexpr std::size_t threads = 4, tasks = 5'000;
    std::vector<std::size_t> next_of(threads, 0);
    std::size_t disordered = 0;
    std::atomic<std::size_t> wakes{0};
    std::atomic<std::size_t> finished{0};
    std::size_t batches = 0;
    {
        mailbox box;
        std::vector<std::jthread> writers;
        for (std::size_t thread = 0; thread < threads; ++thread)
            writers.emplace_back([&, thread] {
                for (std::size_t n = 0; n < tasks; ++n)
                    if (box.put(*new numbered(next_of, disordered, thread, n)))
                        ++wakes;
                ++finished;
            });
        const auto run_batch = [&] {
            task* t = box.take_all();
            batches += t != nullptr;
            while (t) {
                const std::unique_ptr<task> current(t);
                t = mailbox::following(t);
                current->run();
            }
        };
        while (finished < threads) {
            run_batch();
            std::this_thread::yield();
        }
        run_batch();
    }
    for (std::size_t thread = 0; thread < threads; ++thread)
        BOOST_TEST(next_of[thread] == tasks);
    BOOST_TEST(disordered == 0u);
    BOOST_TEST(wakes == batches); // one for each time that it was found empty, no more and no less
}

BOOST_AUTO_TEST_SUITE_END()
