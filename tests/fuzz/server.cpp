// A whole server in memory: pages on websocket_deflate, programs on length_prefixed, back ends on
// text_line. The input is a program of operations on up to eight connections.
#include <crier/codec/length_prefixed.hpp>
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket_deflate.hpp>
#include <crier/command.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "readable.hpp"
#include "require.hpp"
#include "server_input.hpp"
#include "server_peers.hpp"
#include "targets.hpp"

namespace {

using fuzz::require;
using support::readable;
using namespace std::chrono_literals;

using memory = crier::test::memory_transport;
using page_codec = crier::websocket_deflate<crier::deflate_parameters{.threshold_bytes = 40}>;

/// What a program does at the moments when nobody expects it.
struct fuzz_hooks : crier::hooks
{
    using server_type =
        crier::push_server<crier::clients<memory, page_codec>,
                           crier::clients<memory, crier::length_prefixed<2>, crier::drop_oldest>,
                           crier::backend<memory, crier::text_line>, crier::uid_registry,
                           fuzz_hooks>;

    server_type* server = nullptr;
    fuzz::world* seen = nullptr;

    crier::opening_answer on_opening(crier::connection& c, const crier::opening_request& request)
    {
        if (request.target() == "/close")
            c.close();
        if (request.target() == "/throw")
            throw std::runtime_error("a hook's own");
        return request.target() == "/no" ? crier::opening_answer::respond({.status = 403})
                                         : crier::opening_answer::accept();
    }

    void on_open(crier::connection&) { ++seen->opened; }
    void on_close(crier::connection&, crier::error_code) { ++seen->ended; }

    void on_registered(crier::connection& c)
    {
        require(!c.uid().empty() && c.uid().size() <= 256, "a uid has 1 to 256 bytes");
        if (c.uid() == "u3")
            join(c, "t0");
    }

    void on_message(crier::connection& c, crier::message_view m)
    {
        const std::string_view text = m.data;
        if (text == "bye")
            c.close();
        else if (text == "throw")
            throw std::runtime_error("a hook's own");
        else if (text.starts_with("t"))
            join(c, text);
        else if (text.starts_with("u"))
            server->push(text, seen->from_program());
        else if (text == "all")
            server->broadcast(seen->from_program());
        else
            c.send({"echo:" + std::string(text), m.kind});
    }

    void join(crier::connection& c, std::string_view topic)
    {
        if (c.join(topic))
            seen->topics.emplace(topic);
    }
};

class play
{
public:
    explicit play(fuzz::server_input& in)
        : settings_(in.settings()),
          server_(context_, {.transport = {pages_}, .codec = codec(), .limits = limits()},
                  {.transport = {programs_},
                   .codec = {.max_message_bytes = settings_.max_message_bytes},
                   .limits = limits()},
                  {.transport = {back_ends_},
                   .codec = {.max_line_bytes = settings_.max_line_bytes},
                   .limits = limits()},
                  {.max_connections_per_uid = 3}, fuzz_hooks())
    {
        server_.hook().server = &server_;
        server_.hook().seen = &world_;
        behave(settings_.read_bytes, settings_.write_bytes, settings_.capacity_bytes);
        server_.start();
        for (int steps = 0; steps < 300 && in.more(); ++steps)
            step(in);
        end();
    }

private:
    page_codec codec() const
    {
        page_codec c;
        c.max_message_bytes = settings_.max_message_bytes;
        return c;
    }

    crier::limits limits() const
    {
        crier::limits l;
        l.max_outbox_bytes = settings_.max_outbox_bytes;
        l.max_outbox_messages = settings_.max_outbox_messages;
        l.max_turn_bytes = settings_.max_turn_bytes;
        l.max_topics = 2;
        l.max_fragments_per_second = l.max_control_frames_per_second =
            static_cast<std::uint32_t>(settings_.frames_per_second);
        return l;
    }

    std::array<crier::test::memory_network*, 3> networks()
    {
        return {&pages_, &programs_, &back_ends_};
    }

    void behave(std::size_t read_bytes, std::size_t write_bytes, std::size_t capacity_bytes)
    {
        for (auto* network : networks()) {
            crier::test::memory_behaviour& how = network->behaviour();
            how.max_read_bytes = read_bytes;
            how.max_write_bytes = write_bytes;
            how.capacity_bytes = capacity_bytes;
        }
    }

    void settle() { crier::test::memory_network::settle(context_); }

    void step(fuzz::server_input& in)
    {
        const fuzz::operation op = in.next();
        fuzz::peer* const p = peers_[op.which].get();
        switch (op.what) {
        case fuzz::operation::connect:
            peers_[op.which] = connect(op.number % 3);
            break;
        case fuzz::operation::open:
            peers_[op.which] = connect(op.number % 2);
            peers_[op.which]->say_who("u" + std::to_string(op.number / 2 % 4), op.number & 0x80);
            break;
        case fuzz::operation::bytes:
            if (p)
                p->say(op.data);
            break;
        case fuzz::operation::frame:
            if (p)
                p->say_frame(op.number, op.data);
            break;
        case fuzz::operation::line:
            if (p)
                p->say_line(op.number, world_.next());
            break;
        case fuzz::operation::read:
            if (p)
                p->hear(op.number ? op.number : SIZE_MAX);
            break;
        case fuzz::operation::finish:
            if (p)
                p->finish();
            break;
        case fuzz::operation::reset:
            if (p)
                p->reset();
            break;
        case fuzz::operation::time:
            settle();
            server_.advance(
                std::array<std::chrono::milliseconds, 4>{100ms, 6s, 26s, 31s}[op.number % 4]);
            break;
        case fuzz::operation::push:
            push(op.number);
            break;
        case fuzz::operation::stop:
            if (server_.running())
                server_.stop({.timeout = std::chrono::seconds(op.number % 8)});
            break;
        case fuzz::operation::start:
            settle();
            if (!server_.running())
                server_.start();
            break;
        case fuzz::operation::capacity:
            for (auto* network : networks())
                if (network != &back_ends_ || op.which % 2 != 0)
                    network->behaviour().capacity_bytes = op.number == 255 ? 1 << 18 : op.number;
            break;
        case fuzz::operation::failure: {
            auto& network = *networks()[op.which % 3];
            network.behaviour().failing_operation = network.operations() + op.number % 16;
            break;
        }
        default:
            break;
        }
        if (op.settles) {
            settle();
            check_counts();
        }
    }

    std::unique_ptr<fuzz::peer> connect(unsigned listener)
    {
        return std::make_unique<fuzz::peer>(world_, static_cast<fuzz::peer::kind>(listener),
                                            networks()[listener]->connect());
    }

    void push(unsigned number)
    {
        const std::string uid = "u" + std::to_string(number / 8 % 4);
        switch (number % 8) {
        case 0:
            server_.push(uid, world_.from_program());
            break;
        case 1:
            server_.broadcast(world_.from_program());
            break;
        case 2:
            server_.push(crier::receivers::topic("t0"), world_.from_program());
            break;
        case 3:
            world_.topics.emplace("t0");
            server_.join(uid, "t0");
            break;
        case 4:
            server_.leave(uid, "t0");
            break;
        default: {
            const crier::counters before = server_.counts();
            const crier::push_result result = crier::test::memory_network::ask(
                context_, [&] { return server_.push(uid, world_.from_program()); });
            require(result.status != crier::push_status::posted,
                    "here it is known what came of it");
            require(server_.counts().messages_queued >= before.messages_queued + result.queued,
                    "what was queued is counted");
        }
        }
    }

    void check_counts() const
    {
        const crier::counters& c = server_.counts();
        require(c.accepted == c.connections + c.closed + c.lost + c.handshakes_failed +
                                  c.protocol_violations + c.limits_exceeded + c.timed_out +
                                  c.rejected,
                "every connection that was accepted is open, or ended for one reason");
        require(c.registered <= c.connections, "who is registered is connected");
        require(c.messages_sent + c.messages_evicted + c.messages_dropped <= c.messages_queued,
                "no message is sent that was not queued");
        require(c.lines_discarded <= c.lines_failed, "what was thrown away was answered");
        require(world_.ended <= world_.opened, "on_close is called for who was open");
    }

    /// Everybody reads what there is, and a while passes.
    void end()
    {
        for (auto* network : networks())
            network->behaviour().failing_operation = SIZE_MAX;
        behave(SIZE_MAX, SIZE_MAX, 1 << 18);
        bool more = true;
        while (more) {
            settle();
            more = false;
            for (auto& p : peers_)
                more |= p && p->hear(SIZE_MAX);
        }
        check_counts();
        for (auto& p : peers_)
            if (p)
                p->check_answers();
        world_.check_lines(server_.counts());

        bool stopped = !server_.running();
        if (!stopped)
            server_.async_stop({.timeout = 3s}, [&](bool) { stopped = true; });
        settle();
        for (auto& p : peers_) {
            if (!p)
                continue;
            p->hear(SIZE_MAX);
            p->finish();
        }
        settle();
        server_.advance(10s);
        settle();
        require(stopped && !server_.running(), "a stop comes to its end");
        for (auto& p : peers_)
            require(!p ||
                        p->is_closed(pages_.waiting() + programs_.waiting() + back_ends_.waiting()),
                    "a server that has stopped holds no connection");
        check_counts();
        const crier::counters& c = server_.counts();
        require(c.connections == 0 && c.registered == 0, "nobody is left");
        require(c.messages_queued == c.messages_sent + c.messages_evicted + c.messages_dropped,
                "what was queued was sent, evicted or dropped");
        require(world_.opened == world_.ended, "on_close is called once for each on_open");
    }

    fuzz::server_settings settings_;
    fuzz::world world_;
    crier::test::memory_network pages_, programs_, back_ends_;
    boost::asio::io_context context_;
    fuzz_hooks::server_type server_;
    std::array<std::unique_ptr<fuzz::peer>, 8> peers_;
};

} // namespace

void fuzz::server(std::string_view bytes)
{
    server_input in(bytes);
    const play all(in);
}
