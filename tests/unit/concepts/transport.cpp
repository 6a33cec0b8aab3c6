#include <crier/concepts/transport.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <span>
#include <string>

namespace {

using crier::error_code;
using crier::executor;
using crier::io_result;
using crier::transport_archetype;
using crier::watcher;

struct archetype_stream : transport_archetype::stream
{};

/// A transport with this stream and an acceptor that fits it.
template <class Stream>
struct with_stream
{
    using stream = Stream;
    struct acceptor : transport_archetype::acceptor
    {
        acceptor(executor e, const with_stream&) : transport_archetype::acceptor(e, {}) {}
        std::optional<Stream> accept(error_code&) { return std::nullopt; }
    };
};

// Each of these misses being a stream by one thing.

struct immovable : archetype_stream
{
    immovable() = default;
    immovable(immovable&&) = delete;
};

struct close_may_throw : archetype_stream
{
    void close() {}
};

struct reads_without_a_result : archetype_stream
{
    std::size_t read_some(std::span<char>) { return 0; }
};

struct writes_one_buffer : archetype_stream
{
    io_result write_some(std::span<const char>) { return {}; }
};

struct does_not_shut_down : archetype_stream
{
private:
    using archetype_stream::shutdown;
};

struct shakes_hands_without_a_result : archetype_stream
{
    void handshake() {}
};

struct not_watched : archetype_stream
{
private:
    using archetype_stream::watch;
};

struct nameless : archetype_stream
{
    int peer() const { return 0; }
};

// And these by their acceptor.

struct acceptor_without_executor : with_stream<archetype_stream>
{
    struct acceptor : transport_archetype::acceptor
    {
        explicit acceptor(const acceptor_without_executor&);
        std::optional<archetype_stream> accept(error_code&);
    };
};

struct accepts_always : with_stream<archetype_stream>
{
    struct acceptor : transport_archetype::acceptor
    {
        acceptor(executor, const accepts_always&);
        archetype_stream accept(error_code&);
    };
};

struct acceptor_without_address : with_stream<archetype_stream>
{
    struct acceptor : with_stream<archetype_stream>::acceptor
    {
        acceptor(executor, const acceptor_without_address&);

    private:
        using with_stream<archetype_stream>::acceptor::address;
    };
};

struct acceptor_close_may_throw : with_stream<archetype_stream>
{
    struct acceptor : with_stream<archetype_stream>::acceptor
    {
        acceptor(executor, const acceptor_close_may_throw&);
        void close();
    };
};

struct with_inner : transport_archetype
{
    with_inner inner() const { return *this; }
};

struct not_copyable : transport_archetype
{
    not_copyable() = default;
    not_copyable(const not_copyable&) = delete;
    not_copyable& operator=(const not_copyable&) = delete;
};

using namespace crier;

static_assert(check_transport<transport_archetype>());
static_assert(check_transport<with_stream<archetype_stream>>());

template <class Stream>
constexpr bool is_transport = transport<with_stream<Stream>>;

static_assert(!transport_has_stream<with_stream<immovable>> && !is_transport<immovable>);
static_assert(!stream_closes<with_stream<close_may_throw>> && !is_transport<close_may_throw>);
static_assert(!stream_reads<with_stream<reads_without_a_result>> &&
              !is_transport<reads_without_a_result>);
static_assert(!stream_writes<with_stream<writes_one_buffer>> && !is_transport<writes_one_buffer>);
static_assert(!stream_shakes_hands<with_stream<does_not_shut_down>> &&
              !is_transport<does_not_shut_down>);
static_assert(!stream_shakes_hands<with_stream<shakes_hands_without_a_result>> &&
              !is_transport<shakes_hands_without_a_result>);
static_assert(!stream_is_watched<with_stream<not_watched>> && !is_transport<not_watched>);
static_assert(!stream_names_peer<with_stream<nameless>> && !is_transport<nameless>);
static_assert(!transport_has_acceptor<acceptor_without_executor> &&
              !transport<acceptor_without_executor>);
static_assert(!acceptor_accepts<accepts_always> && !transport<accepts_always>);
static_assert(!acceptor_names_address<acceptor_without_address> &&
              !transport<acceptor_without_address>);
static_assert(!acceptor_closes<acceptor_close_may_throw> && !transport<acceptor_close_may_throw>);
static_assert(transport_has_inner<with_inner> && transport<with_inner>);
static_assert(!transport_has_inner<transport_archetype>);
static_assert(!transport_is_policy<not_copyable> && !transport<not_copyable>);
static_assert(!transport<int>);

} // namespace

BOOST_AUTO_TEST_SUITE(transport_concept)

BOOST_AUTO_TEST_CASE(nobody_connects_to_the_archetype)
{
    boost::asio::io_context context;
    transport_archetype::acceptor acceptor(context.get_executor(), {});
    error_code ec;
    BOOST_TEST(!acceptor.accept(ec));
    BOOST_TEST(!ec);
    transport_archetype::stream stream;
    BOOST_TEST((stream.handshake().status == io_status::ok));
    BOOST_TEST((stream.read_some({}).status == io_status::eof));
}

BOOST_AUTO_TEST_SUITE_END()
