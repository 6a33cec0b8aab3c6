#ifndef CRIER_TEST_TRANSPORT_CONFORMANCE_HPP
#define CRIER_TEST_TRANSPORT_CONFORMANCE_HPP

#include <crier/concepts/transport.hpp>
#include <crier/test/report.hpp>

#include <boost/asio/io_context.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace crier::test {

/// The other end of a connection, in whatever way it is made. None of these waits.
struct transport_peer
{
    std::function<std::size_t(std::string_view)> send; ///< returns how many bytes it took
    std::function<std::string()> receive;              ///< what has come by now
    std::function<void()> finish;                      ///< will send no more
    std::function<void()> close;
    std::function<bool()> ended; ///< true once the server's end will send no more, all received
};

namespace detail {

template <class Transport>
class transport_checks
{
public:
    transport_checks(report& found, const Transport& transport,
                     std::function<transport_peer(const std::string&)> connect)
        : found_(found),
          transport_(transport),
          connect_(std::move(connect)),
          acceptor_(context_.get_executor(), transport)
    {
        acceptor_.watch(accepting_);
    }

    void run()
    {
        nobody_is_accepted_before_somebody_connects();
        bytes_arrive_in_order_and_whole();
        a_full_connection_wants_to_be_written_later();
        the_end_is_told_to_both();
        a_closed_stream_is_silent();
        if constexpr (stream_moves<Transport>) {
            a_stream_moves_to_another_thread(false);
            a_stream_moves_to_another_thread(true);
        }
        if constexpr (transport_shares<Transport>)
            another_acceptor_shares_what_comes();
        acceptor_.close();
        acceptor_.close();
    }

private:
    struct note final : watcher
    {
        void ready(readiness) noexcept override
        {
            ++times;
            within_call = within_call || in_call;
        }

        std::size_t times = 0;
        bool in_call = false; // of the stream
        bool within_call = false;
    };

    struct end
    {
        typename Transport::stream stream;
        transport_peer peer;
        note told{};
    };

    bool check(bool right, const char* sentence)
    {
        return found_.check(right, [&] { return std::string(sentence); });
    }

    /// Runs the io_context until it is so, or ten seconds have passed.
    template <class Condition>
    bool eventually(Condition condition)
    {
        return eventually_in(context_, condition);
    }

    template <class Condition>
    bool eventually_in(boost::asio::io_context& context, Condition condition)
    {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline)
                return false;
            context.restart();
            context.run_for(std::chrono::milliseconds(1));
        }
        return true;
    }

    static void run_a_while(boost::asio::io_context& context)
    {
        context.restart();
        context.run_for(std::chrono::milliseconds(20));
    }

    io_result read(end& e, std::span<char> into)
    {
        e.told.in_call = true;
        const io_result result = e.stream.read_some(into);
        e.told.in_call = false;
        return result;
    }

    io_result write(end& e, std::span<const iovec> gather)
    {
        e.told.in_call = true;
        const io_result result = e.stream.write_some(gather);
        e.told.in_call = false;
        return result;
    }

    static iovec part(std::string_view bytes)
    {
        return {const_cast<char*>(bytes.data()), bytes.size()};
    }

    void nobody_is_accepted_before_somebody_connects()
    {
        error_code ec;
        check(!acceptor_.accept(ec) && !ec, "accept() with nobody there is none and no error");
        check(!std::string(acceptor_.address()).empty(), "address() says where it listens");
    }

    /// A connection that is open at both ends, and watched. Null if that failed.
    std::unique_ptr<end> open()
    {
        auto e = accept_one();
        if (e) {
            e->stream.watch(e->told);
            shake_hands(*e, context_);
        }
        return e;
    }

    /// Accepted, and no more.
    std::unique_ptr<end> accept_one()
    {
        const std::size_t told_before = accepting_.times;
        transport_peer peer = connect_(acceptor_.address());
        if (!check(eventually([&] { return accepting_.times > told_before; }),
                   "the acceptor's watcher is told of a connection"))
            return nullptr;
        error_code ec;
        std::optional<typename Transport::stream> accepted;
        eventually([&] {
            if (auto one = acceptor_.accept(ec))
                accepted.emplace(std::move(*one));
            return accepted || ec;
        });
        if (!check(accepted && !ec, "accept() gives the connection"))
            return nullptr;
        return std::make_unique<end>(end{std::move(*accepted), std::move(peer)});
    }

    void shake_hands(end& e, boost::asio::io_context& context)
    {
        io_result shaken{io_status::want_read, 0, {}};
        eventually_in(context, [&] {
            shaken = e.stream.handshake();
            return shaken.status == io_status::ok || shaken.status == io_status::failed ||
                   shaken.status == io_status::eof;
        });
        check(shaken.status == io_status::ok, "handshake() comes to ok");
        check(!std::string(e.stream.peer()).empty(), "peer() says who is there");
    }

    void bytes_arrive_in_order_and_whole()
    {
        const auto e = open();
        if (!e)
            return;
        std::array<char, 1000> buffer;
        check(read(*e, buffer).status == io_status::want_read,
              "read_some() with nothing there wants to be called when it is readable");

        std::size_t told = e->told.times;
        e->peer.send("hello");
        check(eventually([&] { return e->told.times > told; }), "the watcher is told of bytes");
        std::string got;
        check(eventually([&] {
                  const io_result r = read(*e, std::span(buffer).first(2));
                  if (r.status == io_status::ok)
                      got.append(buffer.data(), r.bytes);
                  return got.size() >= 5;
              }) &&
                  got == "hello",
              "what the peer sends is read in its order, also by small reads");
        check(read(*e, buffer).status == io_status::want_read,
              "after the last byte read_some() wants to wait again");

        const iovec gather[] = {part("one "), part(""), part("two "), part("three")};
        const io_result written = write(*e, gather);
        check(written.status == io_status::ok && written.bytes > 0, "write_some() takes bytes");
        got.clear();
        const std::string all = "one two three";
        check(eventually([&] { return (got += e->peer.receive()).size() >= written.bytes; }) &&
                  got == all.substr(0, written.bytes),
              "a gather list is written in its order, empty parts and all");
        check(!e->told.within_call, "ready() is never called from within a call of the stream");
    }

    void a_full_connection_wants_to_be_written_later()
    {
        const auto e = open();
        if (!e)
            return;
        std::string block(100'000, '\0');
        std::size_t written = 0;
        const auto next_byte = [](std::size_t at) { return static_cast<char>(at * 31 % 251); };
        bool full = false;
        while (!full && written < 256 * 1024 * 1024) {
            for (std::size_t i = 0; i < block.size(); ++i)
                block[i] = next_byte(written + i);
            const iovec one = part(block);
            const io_result r = write(*e, {&one, 1});
            if (r.status == io_status::ok)
                written += r.bytes;
            full = r.status == io_status::want_write;
            if (!full && !check(r.status == io_status::ok && r.bytes > 0 && r.bytes <= block.size(),
                                "write_some() takes some bytes, or wants to be called later"))
                return;
        }
        if (!check(full, "a peer that does not read fills the connection"))
            return;
        const std::size_t told = e->told.times;
        std::size_t received = 0;
        bool right = true;
        const auto receive = [&] {
            for (const char c : e->peer.receive())
                right = right && c == next_byte(received++);
        };
        check(eventually([&] {
                  receive();
                  return received >= written;
              }),
              "all bytes that were taken arrive");
        check(right && received == written, "they arrive in their order, and no others");
        check(eventually([&] { return e->told.times > told; }),
              "the watcher is told when there is room again");
        const iovec more = part("more");
        check(eventually([&] {
                  return write(*e, {&more, 1}).status == io_status::ok;
              }),
              "when there is room again write_some() takes bytes again");
    }

    void the_end_is_told_to_both()
    {
        const auto e = open();
        if (!e)
            return;
        e->peer.send("last");
        e->peer.finish();
        std::array<char, 100> buffer;
        std::string got;
        io_result r;
        check(eventually([&] {
                  r = read(*e, buffer);
                  if (r.status == io_status::ok)
                      got.append(buffer.data(), r.bytes);
                  return r.status == io_status::eof || r.status == io_status::failed;
              }) &&
                  r.status == io_status::eof,
              "read_some() says eof when the peer has finished");
        check(got == "last", "what came before the end is read first");
        const std::string_view answer = "answer";
        const iovec whole = part(answer);
        const io_result written = write(*e, {&whole, 1});
        check(written.status == io_status::ok && written.bytes > 0,
              "one can write to a peer that has finished");
        io_result down;
        eventually([&] {
            down = e->stream.shutdown();
            return down.status != io_status::want_read && down.status != io_status::want_write;
        });
        check(down.status == io_status::ok, "shutdown() comes to ok");
        std::string heard;
        check(eventually([&] {
                  heard += e->peer.receive();
                  return e->peer.ended();
              }) &&
                  heard == answer.substr(0, written.bytes),
              "the peer hears all that was written, then the end");
    }

    void a_closed_stream_is_silent()
    {
        const auto e = open();
        if (!e)
            return;
        eventually([&] { return e->told.times > 0; }); // what it is ready for at the start
        e->stream.close();
        e->stream.close();
        context_.restart();
        context_.poll();
        const std::size_t told = e->told.times;
        e->peer.send("too late");
        run_a_while(context_);
        check(e->told.times == told, "after close() the watcher is left alone");
        check(eventually([&] {
                  e->peer.receive();
                  return e->peer.ended();
              }),
              "the peer of a closed stream is told so");
    }

    /// As a server with crier::threads does: with a client that has said its uid, and with a
    /// connection that was just accepted, which nobody watches yet.
    void a_stream_moves_to_another_thread(bool at_once)
    {
        const auto e = at_once ? accept_one() : open();
        if (!e)
            return;
        note after;
        if (!at_once) {
            eventually([&] { return e->told.times > 0; }); // what it is ready for at the start
            run_a_while(context_);
        }
        const std::size_t told = e->told.times;
        e->stream.move_to(other_context_.get_executor());
        e->peer.send("hello");
        run_a_while(context_);
        run_a_while(other_context_);
        if (!check(e->told.times == told, "after move_to() the old watcher is left alone"))
            return;
        try {
            e->stream.watch(after);
        } catch (const std::exception& wrong) {
            found_.check(false, [&] {
                return std::string("after move_to() watch() throws: ") + wrong.what();
            });
            return;
        }
        run_a_while(context_);
        if (!check(after.times == 0,
                   "after move_to() the watcher is told on the new executor, and not on the old"))
            return;
        if (!check(eventually_in(other_context_, [&] { return after.times > 0; }),
                   "after move_to() the new watcher is told on the new executor"))
            return;
        if (at_once)
            shake_hands(*e, other_context_);
        std::array<char, 100> buffer;
        std::string got;
        check(eventually_in(other_context_,
                            [&] {
                                const io_result r = read(*e, buffer);
                                if (r.status == io_status::ok)
                                    got.append(buffer.data(), r.bytes);
                                return got.size() >= 5;
                            }) &&
                  got == "hello",
              "what comes while it moves is read after move_to()");
        const iovec answer = part("answer");
        const io_result written = write(*e, {&answer, 1});
        got.clear();
        check(
            written.status == io_status::ok && written.bytes > 0 &&
                eventually_in(other_context_,
                              [&] { return (got += e->peer.receive()).size() >= written.bytes; }) &&
                got == std::string_view("answer").substr(0, written.bytes),
            "after move_to() the peer hears what is written");
        e->stream.close();
        run_a_while(context_);
        check(e->told.times == told, "after move_to() the old watcher is left alone");
    }

    /// The system may give any of the two any connection.
    void another_acceptor_shares_what_comes()
    {
        std::optional<typename Transport::acceptor> second;
        try {
            second.emplace(other_context_.get_executor(), transport_.beside(acceptor_));
        } catch (const std::exception& wrong) {
            found_.check(false, [&] {
                return std::string("an acceptor of beside() throws: ") + wrong.what();
            });
            return;
        }
        note accepting;
        second->watch(accepting);
        if (!check(std::string(second->address()) == std::string(acceptor_.address()),
                   "an acceptor of beside() has the first one's address()"))
            return;
        bool first_had = false, second_had = false;
        for (int i = 0; i < 200 && !(first_had && second_had); ++i) {
            const transport_peer peer = connect_(acceptor_.address());
            const bool taken = eventually([&] {
                other_context_.restart();
                other_context_.poll();
                error_code ec;
                const bool by_first = acceptor_.accept(ec).has_value();
                const bool by_second = accepting.times > 0 && second->accept(ec).has_value();
                first_had = first_had || by_first;
                second_had = second_had || by_second;
                return by_first || by_second;
            });
            if (!check(taken, "beside an acceptor of beside() each connection is accepted"))
                return;
        }
        check(first_had && second_had, "of 200 connections an acceptor and one of beside() accept "
                                       "some each");
        second->close();
    }

    report& found_;
    const Transport& transport_;
    std::function<transport_peer(const std::string&)> connect_;
    boost::asio::io_context context_;
    boost::asio::io_context other_context_;
    typename Transport::acceptor acceptor_;
    note accepting_;
};

} // namespace detail

/// Checks that a transport keeps the promises of `transport`: accepting, reading, writing until the
/// connection is full and after that, the end from both sides, closing, and when the watcher is told;
/// moving to another executor, if its streams move (stream_moves), and an acceptor beside another, if
/// it shares (transport_shares).
///
/// `connect(address)` makes a connection to an acceptor that says that address, and returns its
/// other end. Uses io_contexts of its own; the parts that wait give up after ten seconds.
template <transport Transport, class Connect>
report transport_conformance(const Transport& transport, Connect connect)
{
    report found;
    detail::transport_checks<Transport>(found, transport, connect).run();
    return found;
}

} // namespace crier::test

#endif
