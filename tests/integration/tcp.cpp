// What tcp sets on its listening socket holds for each connection.
#include <crier/transport/tcp.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <poll.h>
#include <string>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "support/line_client.hpp"

using namespace std::chrono_literals;

namespace {

int option(const crier::tcp::stream& stream, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof(value);
    BOOST_TEST_REQUIRE(::getsockopt(stream.native_handle(), level, name, &value, &size) == 0);
    return value;
}

/// Accepts a connection from somebody who listens with these options, and tells of it.
template <class F>
void with_accepted(const crier::tcp& options, F tell)
{
    boost::asio::io_context context;
    crier::tcp::acceptor acceptor(context.get_executor(), options);
    const support::line_client client(acceptor.address());
    crier::error_code ec;
    for (int i = 0; i < 1000 && !ec; ++i) {
        if (const std::optional<crier::tcp::stream> stream = acceptor.accept(ec))
            return tell(*stream);
        ::poll(nullptr, 0, 5);
    }
    BOOST_ERROR("nobody came: " << ec.message());
}

} // namespace

BOOST_AUTO_TEST_SUITE(tcp)

BOOST_AUTO_TEST_CASE(a_connection_sends_small_messages_at_once_and_asks_after_a_silent_peer)
{
    with_accepted({.address = "127.0.0.1"}, [](const crier::tcp::stream& stream) {
        BOOST_TEST(option(stream, IPPROTO_TCP, TCP_NODELAY) != 0);
        BOOST_TEST(option(stream, SOL_SOCKET, SO_KEEPALIVE) != 0);
        const int idle = option(stream, IPPROTO_TCP, TCP_KEEPIDLE);
        const int interval = option(stream, IPPROTO_TCP, TCP_KEEPINTVL);
        const int probes = option(stream, IPPROTO_TCP, TCP_KEEPCNT);
        BOOST_TEST(idle == 25);
        BOOST_TEST(idle + interval * probes <= 60); // that is when a dead one is found
        // Or one to which bytes are under way, which the system does not ask then.
        BOOST_TEST(option(stream, IPPROTO_TCP, TCP_USER_TIMEOUT) ==
                   (idle + interval * probes) * 1000);
    });
}

BOOST_AUTO_TEST_CASE(or_not_if_it_is_told_so)
{
    with_accepted({.address = "127.0.0.1", .no_delay = false, .keep_alive = 0s},
                  [](const crier::tcp::stream& stream) {
                      BOOST_TEST(option(stream, IPPROTO_TCP, TCP_NODELAY) == 0);
                      BOOST_TEST(option(stream, SOL_SOCKET, SO_KEEPALIVE) == 0);
                      BOOST_TEST(option(stream, IPPROTO_TCP, TCP_USER_TIMEOUT) == 0);
                  });
    with_accepted({.address = "127.0.0.1", .keep_alive = 1s}, [](const crier::tcp::stream& stream) {
        BOOST_TEST(option(stream, IPPROTO_TCP, TCP_KEEPIDLE) == 1);
        BOOST_TEST(option(stream, IPPROTO_TCP, TCP_KEEPINTVL) == 1);
    });
}

BOOST_AUTO_TEST_SUITE_END()
