// Threads that hand over one task at a time and wait until it has run: so the shard's thread goes to
// sleep again and again, at the very moment when the next task comes. If one wake-up were lost, nothing
// would run any more.
#include <crier/detail/session_base.hpp>
#include <crier/detail/shard.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

using crier::detail::shard;

namespace {

struct signal final : crier::detail::task
{
    explicit signal(std::atomic<std::size_t>& r) : ran(r) {}
    void run() override { ++ran; }

    std::atomic<std::size_t>& ran;
};

/// Without sleeping, so that the next task comes just when the thread has found nothing more to do.
bool wait_for(const std::atomic<std::size_t>& value, std::size_t expected)
{
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (std::size_t spins = 1; value != expected; ++spins)
        if (spins % 1024 == 0) {
            if (std::chrono::steady_clock::now() > deadline)
                return false;
            std::this_thread::yield();
        }
    return true;
}

enum class ways { by_post, by_bell, both };

/// How many tasks ran of those that so many threads hand over in this way.
std::size_t tasks_that_ran(ways how, std::size_t threads, std::size_t of_each)
{
    boost::asio::io_context context;
    const auto s = std::make_shared<shard>(context.get_executor());
    s->attentive(true); // the io_context has work until this is taken back
    std::jthread runs([&] { context.run(); });
    std::vector<std::atomic<std::size_t>> ran(threads);
    {
        std::vector<std::jthread> others;
        for (std::size_t t = 0; t < threads; ++t)
            others.emplace_back([&, t] {
                for (std::size_t i = 0; i < of_each; ++i) {
                    auto task = std::make_unique<signal>(ran[t]);
                    if (how == ways::by_post || (how == ways::both && (i + t) % 2 == 0))
                        s->submit(*task.release());
                    else
                        s->hand_over(*task.release());
                    if (!wait_for(ran[t], i + 1))
                        return;
                }
            });
    }
    const std::size_t all = std::accumulate(ran.begin(), ran.end(), std::size_t(0));
    boost::asio::post(context, [&] { s->attentive(false); });
    runs.join();
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(wake_ups)

BOOST_AUTO_TEST_CASE(of_tasks_that_come_one_at_a_time_none_waits_in_vain)
{
    for (const ways how : {ways::by_post, ways::by_bell, ways::both})
        for (const std::size_t threads : {1u, 2u, 4u})
            BOOST_TEST(tasks_that_ran(how, threads, 50'000) == threads * 50'000);
}

BOOST_AUTO_TEST_SUITE_END()
