// Each allocation of a server with TLS fails once, OpenSSL's too, while peers come, speak and go: one
// connection at most is lost by that, and the others are served.
#include <crier/codec/text_line.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tls.hpp>

#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <future>
#include <openssl/crypto.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing_allocations.hpp"
#include "support/tls_client.hpp"

namespace {

using support::tls_client;

void* take(std::size_t size, const char*, int)
{
    return support::fails() ? nullptr : std::malloc(size);
}

void* take_more(void* memory, std::size_t size, const char*, int)
{
    if (size != 0)
        return support::fails() ? nullptr : std::realloc(memory, size);
    std::free(memory);
    return nullptr;
}

void give_back(void* memory, const char*, int)
{
    std::free(memory);
}

/// Before OpenSSL has taken any memory.
const bool openssl_takes_ours = ::CRYPTO_set_mem_functions(take, take_more, give_back) == 1;

/// The client's OpenSSL writes to what the server has closed.
const bool no_signal = ::signal(SIGPIPE, SIG_IGN) != SIG_ERR;

struct greets : crier::hooks
{
    static void on_registered(crier::connection& c) { c.send("welcome"); }
};

struct running_server
{
    crier::push_server<crier::clients<crier::tls, crier::text_line>, greets> server;
    std::atomic<int> left_run = 0;
    std::uint16_t port = 0;
    std::thread thread;

    explicit running_server(const support::certificate_files& files)
        : server{{.transport = {.address = "127.0.0.1",
                                .certificate = crier::tls_certificate(files.chain, files.key)}}}
    {
        server.start();
        port = server.port(0);
        thread = std::thread([this] {
            support::watched = true;
            for (bool over = false; !over;) {
                try {
                    server.context().run();
                    over = true;
                } catch (const std::exception&) {
                    ++left_run;
                }
            }
        });
    }

    ~running_server()
    {
        support::until_failure = 0;
        server.stop();
        thread.join();
    }
};

std::string greeting(std::uint16_t port)
{
    try {
        tls_client client(port);
        client.send("uid\n");
        return client.receive(8);
    } catch (const std::runtime_error& e) {
        return e.what();
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(no_memory_with_tls)

/// What is made once and for all is made then: each time in a process of its own.
BOOST_AUTO_TEST_CASE(the_very_first_connection_may_find_no_memory)
{
    BOOST_TEST_REQUIRE((no_signal && openssl_takes_ours));
    BOOST_TEST_REQUIRE(support::allocations_fail());
    const support::certificate_files files("localhost");
    for (std::size_t failing = 1; failing <= 40; ++failing) {
        const pid_t process = ::fork();
        if (process == 0) {
            running_server s(files);
            support::until_failure = failing;
            greeting(s.port);
            support::until_failure = 0;
            ::_exit(greeting(s.port) == "welcome\n" && s.left_run == 0 ? 0 : 1);
        }
        int status = -1;
        BOOST_TEST(::waitpid(process, &status, 0) == process);
        BOOST_TEST(status == 0, "allocation " << failing << ": status " << status);
    }
}

BOOST_AUTO_TEST_CASE(each_allocation_may_fail_once_while_peers_come_and_go)
{
    BOOST_TEST_REQUIRE((no_signal && openssl_takes_ours));
    BOOST_TEST_REQUIRE(support::allocations_fail());
    const support::certificate_files files("localhost");
    running_server s(files);
    BOOST_TEST(greeting(s.port) == "welcome\n");
    std::size_t failing = 0, lost = 0;
    for (std::size_t without = 0; without < 3; ++failing)
        BOOST_TEST_CONTEXT("allocation " << failing + 1 << " fails")
        {
            support::until_failure = failing + 1;
            lost += greeting(s.port) != "welcome\n";
            without += support::until_failure.exchange(0) != 0;
            BOOST_TEST(greeting(s.port) == "welcome\n");
        }
    BOOST_TEST_MESSAGE(failing << " allocations, " << lost << " connections were lost");
    BOOST_TEST(failing > 100u);
    BOOST_TEST(lost > 10u);
    BOOST_TEST(lost < failing);
    BOOST_TEST(s.left_run == 0);
}

BOOST_AUTO_TEST_CASE(those_behind_one_that_there_was_no_memory_for_are_served)
{
    BOOST_TEST_REQUIRE(support::allocations_fail());
    const support::certificate_files files("localhost");
    running_server s(files);
    for (std::size_t failing = 1; failing <= 4; ++failing)
        BOOST_TEST_CONTEXT("allocation " << failing << " fails")
        {
            std::promise<void> go_on;
            boost::asio::post(s.server.context(),
                              [all_are_there = go_on.get_future().share(), failing] {
                                  all_are_there.wait();
                                  support::until_failure = failing;
                              });
            std::vector<std::future<std::string>> all;
            for (int i = 0; i < 5; ++i)
                all.push_back(std::async(std::launch::async, greeting, s.port));
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            go_on.set_value();
            int welcome = 0;
            for (auto& each : all)
                welcome += each.get() == "welcome\n";
            BOOST_TEST(welcome >= 4);
            support::until_failure = 0;
        }
    BOOST_TEST(s.left_run == 0);
}

BOOST_AUTO_TEST_SUITE_END()
