// A kit that finds nothing wrong is worth nothing: each of these policies breaks one rule.
#include <crier/codec/text_line.hpp>
#include <crier/overflow/close_slow.hpp>
#include <crier/overflow/drop_oldest.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/test/codec_conformance.hpp>
#include <crier/test/memory_transport.hpp>
#include <crier/test/overflow_conformance.hpp>
#include <crier/test/registry_conformance.hpp>
#include <crier/test/transport_conformance.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "socket_peer.hpp"

namespace {

using namespace crier::test;
using crier::decoded;

template <class Mistaken>
struct zero_terminated : crier::codec_archetype
{
    struct decoder : crier::codec_archetype::decoder
    {
        explicit decoder(const zero_terminated& c) : crier::codec_archetype::decoder(c) {}

        decoded decode(std::span<char>& in) { return Mistaken::decode(*this, in); }
        decoded right(std::span<char>& in) { return crier::codec_archetype::decoder::decode(in); }
    };
};

bool finds(const report& found, std::string_view words)
{
    std::ostringstream text;
    text << found;
    BOOST_TEST(!found.ok());
    BOOST_TEST_INFO(text.str());
    return text.str().find(words) != std::string::npos;
}

const std::vector<codec_sample> samples{{std::string("a\0bc\0d", 6), {"a", "bc"}}};

BOOST_AUTO_TEST_SUITE(kits_find_mistakes)

struct forgets_what_is_unfinished
{
    template <class Decoder>
    static decoded decode(Decoder& d, std::span<char>& in)
    {
        const decoded found = d.right(in);
        if (found.kind == decoded::kind_need_more)
            in = {};
        return found;
    }
};

BOOST_AUTO_TEST_CASE(a_codec_that_depends_on_how_bytes_are_cut)
{
    BOOST_TEST(finds(codec_conformance(zero_terminated<forgets_what_is_unfinished>{}, samples),
                     "in pieces of"));
}

struct never_consumes
{
    template <class Decoder>
    static decoded decode(Decoder& d, std::span<char>& in)
    {
        std::span<char> copy = in;
        return d.right(copy);
    }
};

BOOST_AUTO_TEST_CASE(a_codec_that_finds_the_same_message_for_ever)
{
    BOOST_TEST(
        finds(codec_conformance(zero_terminated<never_consumes>{}, samples), "events without end"));
}

struct keeps_all
{
    template <class Decoder>
    static decoded decode(Decoder& d, std::span<char>& in)
    {
        d.limit = SIZE_MAX;
        return d.right(in);
    }
};

BOOST_AUTO_TEST_CASE(a_codec_without_a_bound)
{
    BOOST_TEST(
        finds(codec_conformance(zero_terminated<keeps_all>{}, samples), "max_unfinished_bytes()"));
}

struct consumes_at_the_end
{
    template <class Decoder>
    static decoded decode(Decoder& d, std::span<char>& in)
    {
        const std::size_t before = in.size();
        std::span<char> copy = in;
        const decoded found = d.right(copy);
        in = in.first(before - (before - copy.size()));
        return found;
    }
};

BOOST_AUTO_TEST_CASE(a_codec_that_consumes_elsewhere)
{
    BOOST_TEST(finds(codec_conformance(zero_terminated<consumes_at_the_end>{}, samples),
                     "from the front of the input"));
}

struct appends_nothing : crier::codec_archetype
{
    static crier::frame encode(crier::message_view message)
    {
        return crier::frame::join({message.data});
    }
};

BOOST_AUTO_TEST_CASE(a_codec_that_does_not_read_what_it_writes)
{
    BOOST_TEST(finds(codec_conformance(appends_nothing{}, samples), "comes back as"));
}

BOOST_AUTO_TEST_CASE(a_sample_that_brings_something_else)
{
    BOOST_TEST(finds(codec_conformance(crier::text_line{}, {{"a\nb\n", {"a"}}}),
                     "should bring 1 messages"));
}

struct unbinds_the_uid
{
    class table : public crier::registry_archetype::table
    {
    public:
        explicit table(const unbinds_the_uid&) : crier::registry_archetype::table({}) {}

        /// As in the example that crier replaces: the second tab loses its place with the first.
        void unbind(crier::connection& c) noexcept
        {
            std::vector<crier::connection*> all;
            visit(c.uid(), [&](crier::connection& other) { all.push_back(&other); });
            for (crier::connection* other : all)
                crier::registry_archetype::table::unbind(*other);
        }
    };
};

BOOST_AUTO_TEST_CASE(a_registry_that_takes_out_others)
{
    BOOST_TEST(finds(registry_conformance(unbinds_the_uid{}), "left others behind"));
}

struct drops_silently
{
    class table : public crier::registry_archetype::table
    {
    public:
        explicit table(const drops_silently&) : crier::registry_archetype::table({}) {}

        bool bind(std::string_view uid, crier::connection& c)
        {
            std::vector<crier::connection*> all;
            visit(uid, [&](crier::connection& other) { all.push_back(&other); });
            for (crier::connection* other : all)
                unbind(*other);
            return crier::registry_archetype::table::bind(uid, c);
        }
    };
};

BOOST_AUTO_TEST_CASE(a_registry_that_forgets_the_older_one)
{
    BOOST_TEST(finds(registry_conformance(drops_silently{}), "without closing it"));
}

template <class Visiting>
struct visits_as
{
    class table : public crier::registry_archetype::table
    {
    public:
        explicit table(const visits_as&) : crier::registry_archetype::table({}) {}

        void visit(std::string_view uid, crier::connection_visitor f)
        {
            Visiting::visit(*this, uid, f);
        }

        void right(std::string_view uid, crier::connection_visitor f)
        {
            crier::registry_archetype::table::visit(uid, f);
        }
    };
};

struct visits_everybody
{
    template <class Table>
    static void visit(Table& table, std::string_view, crier::connection_visitor f)
    {
        table.visit_all(f);
    }
};

struct visits_twice
{
    template <class Table>
    static void visit(Table& table, std::string_view uid, crier::connection_visitor f)
    {
        table.right(uid, f);
        table.right(uid, f);
    }
};

struct visits_one
{
    template <class Table>
    static void visit(Table& table, std::string_view uid, crier::connection_visitor f)
    {
        bool is_first = true;
        table.right(uid, [&](crier::connection& c) {
            if (std::exchange(is_first, false))
                f(c);
        });
    }
};

struct visits_nobody
{
    template <class Table>
    static void visit(Table&, std::string_view, crier::connection_visitor)
    {}
};

BOOST_AUTO_TEST_CASE(a_registry_that_visits_others_than_it_should)
{
    const auto conformance_of = []<class Visiting>(Visiting, bool chooses) {
        return registry_conformance(visits_as<Visiting>{}, {.chooses = chooses});
    };
    for (const bool chooses : {false, true}) {
        BOOST_TEST(finds(conformance_of(visits_everybody{}, chooses), "a connection of \""));
        BOOST_TEST(finds(conformance_of(visits_twice{}, chooses), "a connection twice"));
        BOOST_TEST(finds(conformance_of(visits_nobody{}, chooses), "reaches 0 of the 1 conn"));
    }
    BOOST_TEST(finds(conformance_of(visits_one{}, false), "reaches 1 of the 2 conn"));
    BOOST_TEST(conformance_of(visits_one{}, true).ok());
}

struct counts_wrong
{
    class table : public crier::registry_archetype::table
    {
    public:
        explicit table(const counts_wrong&) : crier::registry_archetype::table({}) {}

        std::size_t size() const noexcept { return crier::registry_archetype::table::size() + 1; }
    };
};

BOOST_AUTO_TEST_CASE(a_registry_that_counts_wrong)
{
    BOOST_TEST(finds(registry_conformance(counts_wrong{}), "size() is 1"));
}

/// "red/" is for all whose uids begin so; which thread's table they are in is for Route to say.
template <class Route>
struct prefixes
{
    class table : public crier::registry_archetype::table
    {
    public:
        explicit table(const prefixes&) : crier::registry_archetype::table({}) {}

        void visit(std::string_view asked, crier::connection_visitor f)
        {
            visit_all([&](crier::connection& c) {
                if (reaches(asked, c.uid()))
                    f(c);
            });
        }
    };

    static bool reaches(std::string_view asked, std::string_view uid)
    {
        return asked == uid || (asked.ends_with('/') && uid.starts_with(asked));
    }

    static std::string_view route(std::string_view uid) { return Route::of(uid); }
};

struct the_whole_uid
{
    static std::string_view of(std::string_view uid) { return uid; }
};

struct up_to_the_slash
{
    static std::string_view of(std::string_view uid) { return uid.substr(0, uid.find('/')); }
};

struct another_each_time
{
    static std::string_view of(std::string_view)
    {
        static bool odd = false;
        odd = !odd;
        return odd ? "odd" : "even";
    }
};

template <class Route>
report conformance_of_routes()
{
    using registry = prefixes<Route>;
    static_assert(crier::registry_routes<registry>);
    return registry_conformance(registry{}, {.uids = {"red/ann", "red/bob", "blue/ann"},
                                             .asked = {"red/"},
                                             .reaches = registry::reaches});
}

BOOST_AUTO_TEST_CASE(a_registry_that_routes_apart_whom_one_message_is_for)
{
    BOOST_TEST(finds(conformance_of_routes<the_whole_uid>(), "route() tells them apart"));
    const report right = conformance_of_routes<up_to_the_slash>();
    BOOST_TEST(right.ok(), right);
}

BOOST_AUTO_TEST_CASE(a_registry_whose_routes_change)
{
    BOOST_TEST(finds(conformance_of_routes<another_each_time>(), "is not always the same"));
}

/// One connection for all uids: that closes others, wherever they are.
struct only_one
{
    class table : public crier::registry_archetype::table
    {
    public:
        explicit table(const only_one&) : crier::registry_archetype::table({}) {}

        bool bind(std::string_view uid, crier::connection& c)
        {
            std::vector<crier::connection*> all;
            visit_all([&](crier::connection& other) { all.push_back(&other); });
            for (crier::connection* other : all) {
                other->close();
                unbind(*other);
            }
            return crier::registry_archetype::table::bind(uid, c);
        }
    };

    static std::string_view route(std::string_view uid) { return uid; }
};

BOOST_AUTO_TEST_CASE(a_registry_that_closes_connections_of_another_route)
{
    BOOST_TEST(finds(registry_conformance(only_one{}), "of another route()"));
}

template <class Stream>
struct memory_with
{
    memory_network network{};

    using stream = Stream;

    struct acceptor : memory_transport::acceptor
    {
        acceptor(crier::executor ex, const memory_with& t)
            : memory_transport::acceptor(ex, memory_transport{t.network})
        {}

        std::optional<stream> accept(crier::error_code& ec)
        {
            auto accepted = memory_transport::acceptor::accept(ec);
            if (!accepted)
                return std::nullopt;
            return std::optional<stream>(std::in_place, std::move(*accepted));
        }
    };
};

template <class Stream>
report conformance_with()
{
    memory_with<Stream> transport;
    transport.network.behaviour().capacity_bytes = 5000;
    return transport_conformance(transport, [&](const std::string&) {
        auto client = std::make_shared<memory_client>(transport.network.connect());
        return transport_peer{
            .send = [client](std::string_view bytes) { return client->send(bytes), bytes.size(); },
            .receive = [client] { return client->receive(); },
            .finish = [client] { client->finish(); },
            .close = [client] { client->reset(); },
            .ended = [client] { return client->ended() && client->unreceived() == 0; },
        };
    });
}

struct tells_at_once : memory_transport::stream
{
    explicit tells_at_once(memory_transport::stream&& s) : memory_transport::stream(std::move(s)) {}

    void watch(crier::watcher& w)
    {
        told = &w;
        memory_transport::stream::watch(w);
    }

    crier::io_result read_some(std::span<char> into)
    {
        told->ready({.readable = true});
        return memory_transport::stream::read_some(into);
    }

    crier::watcher* told = nullptr;
};

BOOST_AUTO_TEST_CASE(a_stream_that_calls_back_from_within_a_call)
{
    BOOST_TEST(finds(conformance_with<tells_at_once>(), "from within a call"));
}

struct writes_the_first_part_twice : memory_transport::stream
{
    explicit writes_the_first_part_twice(memory_transport::stream&& s)
        : memory_transport::stream(std::move(s))
    {}

    crier::io_result write_some(std::span<const iovec> gather)
    {
        memory_transport::stream::write_some(gather.first(1));
        return memory_transport::stream::write_some(gather);
    }
};

BOOST_AUTO_TEST_CASE(a_stream_that_writes_too_much)
{
    BOOST_TEST(finds(conformance_with<writes_the_first_part_twice>(), "in its order"));
}

/// tcp, but for what Mistaken changes of its streams and of beside().
template <class Mistaken>
struct tcp_but
{
    crier::tcp under{.address = "127.0.0.1"};

    struct stream : crier::tcp::stream
    {
        explicit stream(crier::tcp::stream&& s) : crier::tcp::stream(std::move(s)) {}

        void move_to(crier::executor ex) noexcept { Mistaken::move(*this, ex); }
    };

    struct acceptor : crier::tcp::acceptor
    {
        acceptor(crier::executor ex, const tcp_but& t)
            : crier::tcp::acceptor(ex, t.under), is_first(t.under.port == 0)
        {
            if (is_first)
                Mistaken::accepted_on.emplace(ex);
        }

        void watch(crier::watcher& w)
        {
            crier::tcp::acceptor::watch(w);
            if (!is_first && !Mistaken::both_listen)
                close();
        }

        std::optional<stream> accept(crier::error_code& ec)
        {
            auto accepted = crier::tcp::acceptor::accept(ec);
            if (!accepted)
                return std::nullopt;
            return std::optional<stream>(std::in_place, std::move(*accepted));
        }

        bool is_first;
    };

    tcp_but beside(acceptor& first) const { return {Mistaken::beside(under, first)}; }
};

template <class Mistaken>
report conformance_of_tcp()
{
    using transport = tcp_but<Mistaken>;
    static_assert(crier::stream_moves<transport> && crier::transport_shares<transport>);
    return transport_conformance(transport{}, support::tcp_peer);
}

struct nothing_wrong
{
    static inline std::optional<crier::executor> accepted_on{};
    static constexpr bool both_listen = true;

    static void move(crier::tcp::stream& s, crier::executor ex) noexcept { s.move_to(ex); }

    static crier::tcp beside(const crier::tcp& under, crier::tcp::acceptor& first)
    {
        return under.beside(first);
    }
};

BOOST_AUTO_TEST_CASE(a_transport_around_another_with_nothing_wrong)
{
    const report found = conformance_of_tcp<nothing_wrong>();
    BOOST_TEST(found.ok(), found);
}

struct stays_where_it_is : nothing_wrong
{
    static void move(crier::tcp::stream&, crier::executor) noexcept {}
};

BOOST_AUTO_TEST_CASE(a_stream_that_does_not_move)
{
    BOOST_TEST(finds(conformance_of_tcp<stays_where_it_is>(), "the old watcher is left alone"));
}

struct stays_on_its_executor : nothing_wrong
{
    /// Watched no longer, and then by its old executor again.
    static void move(crier::tcp::stream& s, crier::executor) noexcept { s.move_to(*accepted_on); }
};

BOOST_AUTO_TEST_CASE(a_stream_that_moves_to_another_executor_than_it_should)
{
    BOOST_TEST(finds(conformance_of_tcp<stays_on_its_executor>(), "told on the new executor"));
}

struct another_port : nothing_wrong
{
    static crier::tcp beside(const crier::tcp& under, crier::tcp::acceptor&) { return under; }
};

BOOST_AUTO_TEST_CASE(a_transport_that_listens_elsewhere_beside)
{
    BOOST_TEST(finds(conformance_of_tcp<another_port>(), "has the first one's address()"));
}

struct no_shared_port : nothing_wrong
{
    static crier::tcp beside(const crier::tcp& under, crier::tcp::acceptor& first)
    {
        crier::tcp result = under.beside(first);
        result.reuse_port = false;
        return result;
    }
};

BOOST_AUTO_TEST_CASE(a_transport_that_cannot_listen_beside)
{
    BOOST_TEST(finds(conformance_of_tcp<no_shared_port>(), "an acceptor of beside() throws"));
}

struct one_listens : nothing_wrong
{
    static constexpr bool both_listen = false;
};

BOOST_AUTO_TEST_CASE(a_transport_whose_acceptor_beside_gets_nobody)
{
    BOOST_TEST(finds(conformance_of_tcp<one_listens>(), "accept some each"));
}

using crier::backlog;
using crier::overflow_action;

struct waits_for_room
{
    overflow_action make_room(backlog& b)
    {
        while (!b.has_room())
            b.drop_oldest();
        return overflow_action::queue();
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_that_waits_for_room_that_never_comes)
{
    BOOST_TEST(finds(overflow_conformance(waits_for_room{}), "does not return"));
}

struct aborts_if_nothing_can_be_dropped
{
    overflow_action make_room(backlog& b)
    {
        while (!b.has_room())
            if (!b.drop_oldest())
                std::abort();
        return overflow_action::queue();
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_that_ends_the_program)
{
    BOOST_TEST(finds(overflow_conformance(aborts_if_nothing_can_be_dropped{}),
                     "ends the program by signal"));
}

struct throws_if_nothing_can_be_dropped
{
    overflow_action make_room(backlog& b)
    {
        while (!b.has_room())
            if (!b.drop_oldest())
                throw std::runtime_error("no room");
        return overflow_action::queue();
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_that_throws)
{
    BOOST_TEST(finds(overflow_conformance(throws_if_nothing_can_be_dropped{}), "it throws"));
}

struct drops_only_one
{
    overflow_action make_room(backlog& b)
    {
        b.drop_oldest();
        return overflow_action::queue();
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_that_queues_without_room)
{
    BOOST_TEST(finds(overflow_conformance(drops_only_one{}), "there is no room"));
}

struct drops_all
{
    overflow_action make_room(backlog& b)
    {
        while (b.drop_oldest()) {
        }
        return b.has_room() ? overflow_action::queue() : overflow_action::drop();
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_that_drops_too_much)
{
    BOOST_TEST(finds(overflow_conformance(drops_all{}), "more than it needs"));
}

struct drops_both
{
    overflow_action make_room(backlog& b)
    {
        b.drop_oldest();
        return overflow_action::drop();
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_that_drops_the_old_and_the_new_one)
{
    BOOST_TEST(finds(overflow_conformance(drops_both{}), "lost for nothing"));
}

struct keeps_the_first_backlog
{
    overflow_action make_room(backlog& b)
    {
        if (!first)
            first = &b;
        first->drop_oldest();
        return overflow_action::drop();
    }

    backlog* first = nullptr;
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_that_drops_what_is_another_connections)
{
    BOOST_TEST(finds(overflow_conformance(keeps_the_first_backlog{}), "another backlog"));
}

struct closes_as_if_the_peer_had_vanished
{
    overflow_action make_room(backlog&)
    {
        return overflow_action::close(static_cast<crier::close_code>(1006), "slow");
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_with_a_close_code_that_is_never_on_the_wire)
{
    BOOST_TEST(finds(overflow_conformance(closes_as_if_the_peer_had_vanished{}), "with a code"));
}

struct tells_a_story
{
    overflow_action make_room(backlog&)
    {
        static const std::string story(200, '.');
        return overflow_action::close(crier::close_code::try_again_later, story);
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_with_a_reason_that_no_frame_can_carry)
{
    BOOST_TEST(finds(overflow_conformance(tells_a_story{}), "with a reason"));
}

struct closes_after_a_while
{
    overflow_action make_room(backlog& b)
    {
        static int asked = 0;
        return ++asked < 100 ? crier::drop_oldest{}.make_room(b) : crier::close_slow{}.make_room(b);
    }
};

BOOST_AUTO_TEST_CASE(an_overflow_policy_whose_copies_share_what_they_count)
{
    BOOST_TEST(finds(overflow_conformance(closes_after_a_while{}), "two copies"));
}

/// Conflates by what Key finds.
template <class Key>
struct conflates : crier::drop_oldest
{
    static std::string_view key(crier::message_view message) { return Key::of(message.data); }
};

const overflow_conformance_options one_letter_keys{.messages = {"a1", "b1", "a2", ""}};

struct every_other
{
    static std::string_view of(std::string_view text)
    {
        static bool odd = false;
        odd = !odd;
        return text.substr(0, odd ? 1 : 0);
    }
};

BOOST_AUTO_TEST_CASE(a_conflating_policy_with_a_memory)
{
    BOOST_TEST(
        finds(overflow_conformance(conflates<every_other>{}, one_letter_keys), "and then another"));
}

struct reuses_a_buffer
{
    static std::string_view of(std::string_view text)
    {
        static char buffer[1];
        if (text.empty())
            return {};
        buffer[0] = text[0];
        return {buffer, 1};
    }
};

BOOST_AUTO_TEST_CASE(a_conflating_policy_whose_keys_do_not_last)
{
    BOOST_TEST(finds(overflow_conformance(conflates<reuses_a_buffer>{}, one_letter_keys),
                     "points neither into the message"));
}

struct expects_two_letters
{
    static std::string_view of(std::string_view text)
    {
        return text.empty() ? text : std::string_view(&text.at(1), 1);
    }
};

BOOST_AUTO_TEST_CASE(a_conflating_policy_that_throws_at_a_short_message)
{
    BOOST_TEST(finds(overflow_conformance(conflates<expects_two_letters>{}, one_letter_keys),
                     "key() throws"));
}

struct finds_none
{
    static std::string_view of(std::string_view) { return {}; }
};

BOOST_AUTO_TEST_CASE(a_conflating_policy_that_is_tried_without_a_key)
{
    BOOST_TEST(finds(overflow_conformance(conflates<finds_none>{}, one_letter_keys), "has a key"));
    BOOST_TEST(finds(overflow_conformance(conflates<finds_none>{}), "has a key"));
}

BOOST_AUTO_TEST_CASE(a_kit_that_checked_nothing_has_not_passed)
{
    BOOST_TEST(!report().ok());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
