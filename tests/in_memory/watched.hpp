#ifndef CRIER_TESTS_IN_MEMORY_WATCHED_HPP
#define CRIER_TESTS_IN_MEMORY_WATCHED_HPP

#include <crier/codec/websocket.hpp>
#include <crier/hooks.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/registry/first_only.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/reply/json_reply.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <sys/uio.h>

#include "model.hpp"

namespace model {

/// What may become of an operation.
enum class fault {
    reset,    ///< it fails, and all that come after it
    end,      ///< the next read finds the end of the stream
    stuck,    ///< it would block, and all that come after it
    one_byte, ///< it moves a single byte
    kinds
};

struct coming_fault
{
    fault what = fault::kinds; ///< none
    std::size_t in = 0;        ///< operations from now
};

/// What a server under test and its model share.
struct bridge
{
    explicit bridge(rules r) : world(std::move(r)), waiting(world.rule.listeners.size()) {}

    model::world world;
    const crier::counters* counts = nullptr; ///< the server's
    std::vector<std::deque<int>> waiting;    ///< to be accepted, by listener
    std::array<coming_fault, 2> faults{};
    std::size_t operations = 0; ///< of streams
    bool traces = false;

    template <class... Words>
    void trace(const Words&... words)
    {
        if (!traces)
            return;
        std::ostringstream text;
        (text << ... << words);
        std::cout << "    " << world::shown(text.str()) << '\n';
    }
};

/// memory_transport, and the model hears of each operation.
struct watched_transport
{
    crier::test::memory_transport inner{};
    bridge* with = nullptr;
    int listener = 0;

    class stream
    {
    public:
        stream(crier::test::memory_transport::stream s, bridge* with, int id)
            : inner_(std::move(s)), with_(with), id_(id)
        {}
        stream(stream&& other)
            : inner_(std::move(other.inner_)),
              with_(std::exchange(other.with_, nullptr)),
              id_(other.id_),
              broken_(other.broken_),
              ends_(other.ends_)
        {}
        ~stream() { close(); }

        crier::io_result read_some(std::span<char> into)
        {
            with_->world.check_counts(*with_->counts);
            const fault now = next();
            crier::io_result r{crier::io_status::want_read, 0, {}};
            if (broken_)
                r = reset();
            else if (std::exchange(ends_, false))
                r.status = crier::io_status::eof;
            else if (!with_->world[id_].stuck)
                r = inner_.read_some(now == fault::one_byte ? into.first(1) : into);
            with_->trace(id_, " read ", r.bytes, word(r));
            if (r.status == crier::io_status::ok)
                with_->world.read(id_, r.bytes);
            else if (r.status == crier::io_status::eof)
                with_->world.read_end(id_);
            else if (r.status == crier::io_status::failed)
                with_->world.failed(id_);
            return r;
        }

        crier::io_result write_some(std::span<const iovec> gather)
        {
            const fault now = next();
            std::string offered;
            for (const iovec& part : gather)
                offered.append(static_cast<const char*>(part.iov_base), part.iov_len);
            const iovec first{offered.data(), 1};
            crier::io_result r{crier::io_status::want_write, 0, {}};
            if (broken_)
                r = reset();
            else if (!with_->world[id_].stuck)
                r = inner_.write_some(now == fault::one_byte ? std::span(&first, 1) : gather);
            with_->trace(id_, " write ", r.bytes, " of ", offered, word(r));
            if (r.status == crier::io_status::failed)
                with_->world.failed(id_);
            else
                with_->world.wrote(id_, offered, r.bytes);
            return r;
        }

        crier::io_result handshake()
        {
            next();
            const crier::io_result r = broken_ ? reset() : inner_.handshake();
            with_->trace(id_, " handshake", word(r));
            with_->world.shook(id_, r.status == crier::io_status::failed);
            return r;
        }

        crier::io_result shutdown()
        {
            next();
            const crier::io_result r = broken_ ? reset() : inner_.shutdown();
            with_->trace(id_, " shutdown", word(r));
            with_->world.shut_down(id_, r.status == crier::io_status::failed);
            return r;
        }

        void watch(crier::watcher& w) { inner_.watch(w); }
        std::string peer() const { return std::to_string(id_); }

        void close() noexcept
        {
            inner_.close();
            if (!with_)
                return;
            with_->trace(id_, " closed");
            std::exchange(with_, nullptr)->world.was_closed(id_);
        }

    private:
        /// The fault of this operation.
        fault next()
        {
            ++with_->operations;
            fault now = fault::kinds;
            for (coming_fault& f : with_->faults)
                if (f.what != fault::kinds && f.in-- == 0)
                    now = std::exchange(f.what, fault::kinds);
            broken_ = broken_ || now == fault::reset;
            ends_ = ends_ || now == fault::end;
            with_->world[id_].stuck = with_->world[id_].stuck || now == fault::stuck;
            return now;
        }

        static const char* word(const crier::io_result& r)
        {
            return r.status == crier::io_status::failed ? " fails"
                   : r.status == crier::io_status::eof  ? " end"
                   : r.status == crier::io_status::ok   ? ""
                                                        : " would block";
        }

        static crier::io_result reset()
        {
            return {crier::io_status::failed, 0,
                    make_error_code(boost::system::errc::connection_reset)};
        }
        crier::test::memory_transport::stream inner_;
        bridge* with_;
        int id_;
        bool broken_ = false;
        bool ends_ = false;
    };

    class acceptor
    {
    public:
        acceptor(crier::executor ex, const watched_transport& t)
            : inner_(ex, t.inner), with_(t.with), listener_(t.listener)
        {}

        std::optional<stream> accept(crier::error_code& ec)
        {
            auto found = inner_.accept(ec);
            if (!found)
                return std::nullopt;
            auto& waiting = with_->waiting.at(static_cast<std::size_t>(listener_));
            const int id = waiting.front();
            waiting.pop_front();
            with_->trace(id, " accepted");
            with_->world.accepted(id, listener_);
            return std::optional<stream>(std::in_place, std::move(*found), with_, id);
        }

        void watch(crier::watcher& w) { inner_.watch(w); }
        std::string address() const { return inner_.address(); }
        bool is_private() const noexcept { return inner_.is_private(); }
        void close() noexcept { inner_.close(); }

    private:
        crier::test::memory_transport::acceptor inner_;
        bridge* with_;
        int listener_;
    };
};

static_assert(crier::transport<watched_transport>);

/// The mistakes that the model must find.
enum class mistake {
    none,
    loses,            ///< now and then a receiver is left out
    duplicates,       ///< one receives twice
    wrong_uid,        ///< somebody else receives
    unbinds_the_uid,  ///< who leaves takes another one of the uid along
    misses_broadcast, ///< the newest hears no broadcast
    reorders,         ///< two messages of the same length
    delays,           ///< each message is written in the place of the next one
    alters,           ///< one byte of a message
    lies,             ///< about how many were queued it
    drops_too_much,   ///< two messages where one would do
    drops_the_newest, ///< where the oldest should go
    last = drops_the_newest,
};

/// One of ours, or one with a mistake, and the model hears who leaves.
struct watched_registry
{
    bridge* with = nullptr;
    mistake wrong = mistake::none;

    class table
    {
    public:
        explicit table(const watched_registry& options)
            : with_(options.with), wrong_(options.wrong), inner_(make(*options.with))
        {}

        bool bind(std::string_view uid, crier::connection& c)
        {
            newest_ = &c;
            return std::visit([&](auto& t) { return t.bind(uid, c); }, inner_);
        }

        void unbind(crier::connection& c) noexcept
        {
            with_->trace(c.peer(), " leaves the registry");
            with_->world.left(std::atoi(c.peer().c_str()));
            if (newest_ == &c)
                newest_ = nullptr;
            if (taken_along_.erase(&c) != 0)
                return;
            crier::connection* other = nullptr;
            if (wrong_ == mistake::unbinds_the_uid)
                visit(c.uid(), [&](crier::connection& o) {
                    if (&o != &c)
                        other = &o;
                });
            std::visit([&](auto& t) { t.unbind(c); }, inner_);
            if (!other)
                return;
            taken_along_.insert(other);
            std::visit([&](auto& t) { t.unbind(*other); }, inner_);
        }

        void visit(std::string_view uid, crier::connection_visitor f) const
        {
            ++calls_;
            if (wrong_ == mistake::wrong_uid && calls_ % 50 == 0 && newest_)
                return f(*newest_);
            std::visit(
                [&](auto& t) {
                    t.visit(uid, [&](crier::connection& c) {
                        if (wrong_ == mistake::loses && calls_ % 50 == 0)
                            return;
                        f(c);
                        if (wrong_ == mistake::duplicates && calls_ % 50 == 0)
                            f(c);
                    });
                },
                inner_);
        }

        void visit_all(crier::connection_visitor f) const
        {
            with_->world.visited_all();
            std::visit(
                [&](auto& t) {
                    t.visit_all([&](crier::connection& c) {
                        if (wrong_ != mistake::misses_broadcast || &c != newest_)
                            f(c);
                    });
                },
                inner_);
        }

        std::size_t size() const noexcept
        {
            return std::visit([](auto& t) { return t.size(); }, inner_);
        }

    private:
        using one_of_ours = std::variant<crier::uid_registry::table, crier::latest_only::table,
                                         crier::first_only::table>;

        static one_of_ours make(const bridge& with)
        {
            const rules& rule = with.world.rule;
            switch (rule.registry) {
            case who::latest:
                return one_of_ours(std::in_place_index<1>, crier::latest_only());
            case who::first:
                return one_of_ours(std::in_place_index<2>, crier::first_only());
            case who::all:
            case who::capped:
                break;
            }
            return one_of_ours(
                std::in_place_index<0>,
                crier::uid_registry{rule.registry == who::capped ? rule.most_of_a_uid : 0});
        }

        bridge* with_;
        mistake wrong_;
        one_of_ours inner_;
        crier::connection* newest_ = nullptr;
        std::set<crier::connection*> taken_along_;
        mutable std::size_t calls_ = 0;
    };
};

static_assert(crier::registry<watched_registry>);

/// drop_oldest, or with a mistake.
struct maybe_drop_oldest
{
    mistake wrong = mistake::none;

    crier::overflow_action make_room(crier::backlog& b) const
    {
        if (wrong == mistake::drops_the_newest)
            return crier::overflow_action::drop();
        const crier::overflow_action action = crier::drop_oldest().make_room(b);
        if (wrong == mistake::drops_too_much)
            b.drop_oldest();
        return action;
    }
};

/// Closes those who ask for it.
struct obliging : crier::hooks
{
    void on_message(crier::connection& c, crier::message_view m)
    {
        if (m.data == close_me)
            c.close(crier::close_code::normal);
    }
};

/// json_reply, or with a mistake.
struct maybe_json_reply
{
    mistake wrong = mistake::none;

    void write(const crier::line_result& result, std::string& out) const
    {
        crier::line_result told = result;
        told.push.queued += wrong == mistake::lies && result.push.queued == 2;
        crier::json_reply().write(told, out);
    }
};

/// websocket, or with a mistake.
struct maybe_websocket : crier::websocket
{
    using decoder = crier::websocket::decoder;

    static inline mistake wrong = mistake::none;
    static inline std::string held{};  ///< by `delays`
    static inline crier::frame last{}; ///< that `reorders` may swap with the next

    static void has(mistake m)
    {
        wrong = m;
        held.clear();
        last = {};
    }

    static crier::frame encode(crier::message_view message)
    {
        std::string text(message.data);
        if (wrong == mistake::delays)
            text.swap(held);
        if (wrong == mistake::alters && text.size() > 50)
            text[text.size() / 2] ^= 1;
        crier::frame f = crier::websocket::encode({text, message.kind});
        if (wrong == mistake::reorders) {
            if (last.size() == f.size()) {
                char* const older = const_cast<char*>(last.bytes().data());
                std::swap_ranges(older, older + f.size(), const_cast<char*>(f.bytes().data()));
            }
            last = f;
        }
        return f;
    }
};

} // namespace model

#endif
