#include <crier/detail/mailbox.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <semaphore>
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
    box.put(*new note(log, name), mailbox::by_post);
}

/// Runs and deletes all that is there.
void run_all(mailbox& box)
{
    box.awake();
    while (task* const t = box.take()) {
        const std::unique_ptr<task> current(t);
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
    BOOST_TEST(box.take() == nullptr);
}

BOOST_AUTO_TEST_CASE(tasks_come_out_in_the_order_in_which_they_were_put)
{
    std::string log;
    mailbox box;
    for (const char name : std::string("abc"))
        put_new(box, log, name);
    run_all(box);
    BOOST_TEST(log == "a~b~c~");
    BOOST_TEST(box.take() == nullptr);
}

BOOST_AUTO_TEST_CASE(only_the_first_task_since_the_reader_was_awake_asks_for_it_to_be_woken)
{
    std::string log;
    mailbox box;
    BOOST_TEST(box.put(*new note(log, 'a'), mailbox::by_post));
    BOOST_TEST(!box.put(*new note(log, 'b'), mailbox::by_post));
    BOOST_TEST(box.put(*new note(log, 'c'), mailbox::by_bell)); // in the other way, too
    BOOST_TEST(!box.put(*new note(log, 'd'), mailbox::by_bell));
    BOOST_TEST(!box.put(*new note(log, 'e'), mailbox::by_post));
    run_all(box);
    BOOST_TEST(box.put(*new note(log, 'f'), mailbox::by_bell));
    run_all(box);
    BOOST_TEST(log == "a~b~c~d~e~f~");
}

BOOST_AUTO_TEST_CASE(a_task_that_is_put_by_a_task_comes_behind_all_others)
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
    box.put(*new putting(box, log), mailbox::by_post);
    put_new(box, log, 'r');
    run_all(box);
    BOOST_TEST(log == "pr~q~");
}

BOOST_AUTO_TEST_CASE(it_may_run_empty_at_any_length)
{
    for (std::size_t length = 0; length < 5; ++length) {
        std::string log, expected;
        mailbox box;
        for (int round = 0; round < 3; ++round) {
            for (std::size_t i = 0; i < length; ++i) {
                put_new(box, log, 'a');
                expected += "a~";
            }
            run_all(box);
            BOOST_TEST(log == expected);
            BOOST_TEST(box.take() == nullptr);
            BOOST_TEST(box.empty());
            put_new(box, log, 'b');
            BOOST_TEST(!box.empty());
            run_all(box);
            expected += "b~";
        }
    }
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

BOOST_AUTO_TEST_CASE(many_threads_lose_nothing_keep_each_ones_order_and_wake_the_reader)
{
    constexpr std::size_t threads = 4, tasks = 20'000;
    std::vector<std::size_t> next_of(threads, 0);
    std::size_t disordered = 0;
    std::counting_semaphore<> wakes(0);
    mailbox box;
    std::vector<std::jthread> writers;
    for (std::size_t thread = 0; thread < threads; ++thread)
        writers.emplace_back([&, thread] {
            for (std::size_t n = 0; n < tasks; ++n)
                if (box.put(*new numbered(next_of, disordered, thread, n), mailbox::by_post))
                    wakes.release();
        });
    // Reads only when it is woken: if a wake-up were lost, this would wait in vain.
    const std::vector<std::size_t> all(threads, tasks);
    while (next_of != all) {
        if (!wakes.try_acquire_for(std::chrono::seconds(60)))
            break;
        run_all(box);
    }
    BOOST_TEST(next_of == all, boost::test_tools::per_element());
    BOOST_TEST(disordered == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
