// A page that reads slowly reads: it is not one that reads nothing.
#include <crier/codec/text_line.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/server_thread.hpp"
#include "support/within_patience.hpp"

using namespace std::chrono_literals;
using boost::asio::use_future;
using support::within_patience;

namespace {

using server_type = crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                                       crier::backend<crier::tcp, crier::text_line>>;

constexpr auto stall = 2s; // of a machine that is busy with other things, too

/// Has little room for what comes, and takes it when told to.
class slow_page
{
public:
    explicit slow_page(const std::string& address)
    {
        const int room = 64 * 1024; // with much less TCP itself is slow at times
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        to.sin_port =
            ::htons(static_cast<in_port_t>(std::atoi(address.c_str() + address.rfind(':') + 1)));
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
        BOOST_TEST_REQUIRE(
            ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
        BOOST_TEST_REQUIRE(::send(descriptor_, "slow\n", 5, 0) == 5);
    }

    slow_page(const slow_page&) = delete;
    ~slow_page() { ::close(descriptor_); }

    void read(std::size_t bytes)
    {
        std::string into(bytes, '\0');
        ::recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT);
    }

private:
    int descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

struct running
{
    crier::counters counts() { return within_patience(server.async_counts(use_future)); }

    /// Until it holds as much as it can, and more waits.
    void fill()
    {
        const auto deadline = std::chrono::steady_clock::now() + support::patience;
        while (counts().registered != 1)
            BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
        const std::string message = R"({"uid":"slow","x":")" + std::string(60'000, 'x') + "\"}";
        while (waiting() < 60) {
            BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < deadline));
            within_patience(server.async_push("slow", message, use_future));
            if (waiting() >= 60)
                std::this_thread::sleep_for(50ms); // what can be written is
        }
    }

    std::uint64_t waiting()
    {
        const crier::counters now = counts();
        return now.messages_queued - now.messages_sent;
    }

    server_type server{{.transport = {.address = "127.0.0.1"},
                        .limits = {.max_outbox_bytes = 64 << 20,
                                   .write_stall_timeout = stall,
                                   .close_timeout = 500ms}},
                       {.transport = {.address = "127.0.0.1"}}};
    support::server_thread<server_type> thread{server};
    std::string address = thread.ask([this] { return server.addresses(); }).at(0);
};

} // namespace

BOOST_AUTO_TEST_SUITE(slow_readers)

BOOST_AUTO_TEST_CASE(who_reads_slowly_stays_and_who_has_stopped_is_cut_off)
{
    running r;
    slow_page page(r.address);
    r.fill();
    const auto began = std::chrono::steady_clock::now();
    // Far less than a third of what the system holds.
    while (std::chrono::steady_clock::now() - began < 3 * stall) {
        page.read(4000);
        std::this_thread::sleep_for(20ms);
    }
    BOOST_TEST(r.counts().connections == 1u);
    BOOST_TEST(r.counts().timed_out == 0u);
    const auto stopped = std::chrono::steady_clock::now();
    while (r.counts().connections != 0)
        BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < stopped + support::patience));
    BOOST_TEST(r.counts().ended(crier::error::write_stalled) == 1u);
}

BOOST_AUTO_TEST_CASE(who_reads_nothing_has_no_more_than_its_time)
{
    running r;
    slow_page page(r.address);
    r.fill();
    const auto filled = std::chrono::steady_clock::now();
    while (r.counts().connections != 0)
        std::this_thread::sleep_for(10ms);
    BOOST_TEST((std::chrono::steady_clock::now() - filled < 2 * stall));
    BOOST_TEST(r.counts().ended(crier::error::write_stalled) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
