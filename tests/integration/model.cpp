// A server on three threads, on sockets, against the reference model (in_memory/model.hpp). What happens
// at the same time has no order that a model could know; but what it promises has: between two quiet
// points each page hears, of each back end, exactly the lines that are for it, in their order, and each
// line's answer and all counters are the model's. CRIER_TEST_SEED repeats the schedule, though not what
// the threads make of it; CRIER_MODEL_ROUNDS makes it longer.
#include "../in_memory/model.hpp"

#include <crier/codec/text_line.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/first_only.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "../in_memory/orders.hpp"
#include "seed.hpp"
#include "support/line_client.hpp"
#include "support/server_thread.hpp"
#include "support/three_threads.hpp"
#include "support/within_patience.hpp"

namespace {

using namespace model;
using support::line_client;

std::size_t rounds()
{
    const char* const given = std::getenv("CRIER_MODEL_ROUNDS");
    return given ? std::strtoull(given, nullptr, 10) : 40;
}

/// One of ours, chosen when the test runs.
struct chosen_registry
{
    who which = who::all;
    std::size_t most_of_a_uid = 0;

    static std::string_view route(std::string_view uid) noexcept { return uid; }

    class table
    {
    public:
        explicit table(const chosen_registry& o) : inner_(make(o)) {}

        bool bind(std::string_view uid, crier::connection& c)
        {
            return std::visit([&](auto& t) { return t.bind(uid, c); }, inner_);
        }
        void unbind(crier::connection& c) noexcept
        {
            std::visit([&](auto& t) { t.unbind(c); }, inner_);
        }
        void visit(std::string_view uid, crier::connection_visitor f) const
        {
            std::visit([&](auto& t) { t.visit(uid, f); }, inner_);
        }
        void visit_all(crier::connection_visitor f) const
        {
            std::visit([&](auto& t) { t.visit_all(f); }, inner_);
        }
        std::size_t size() const noexcept
        {
            return std::visit([](auto& t) { return t.size(); }, inner_);
        }

    private:
        using one_of_ours = std::variant<crier::uid_registry::table, crier::latest_only::table,
                                         crier::first_only::table>;

        static one_of_ours make(const chosen_registry& o)
        {
            if (o.which == who::latest)
                return one_of_ours(std::in_place_index<1>, crier::latest_only());
            if (o.which == who::first)
                return one_of_ours(std::in_place_index<2>, crier::first_only());
            return one_of_ours(std::in_place_index<0>,
                               crier::uid_registry{o.which == who::capped ? o.most_of_a_uid : 0});
        }

        one_of_ours inner_;
    };
};

using server_type = crier::push_server<crier::clients<crier::tcp, crier::text_line>,
                                       crier::backend<crier::tcp, crier::text_line>,
                                       chosen_registry, support::three_threads>;

rules make_rules(who registry)
{
    rules r;
    r.listeners = {{true, framing::line}, {false, framing::line}};
    r.registry = registry;
    r.max_topics = 64;
    r.max_outbox_bytes = r.max_outbox_messages = SIZE_MAX / 2;
    return r;
}

struct page
{
    int id;
    std::string uid;
    line_client client;
};

struct back_end
{
    int id;
    line_client client;
    std::vector<std::string> lines{}, answers{}, expected{};
};

std::vector<std::string> lines_of(std::string_view bytes)
{
    std::vector<std::string> lines;
    for (std::size_t end; (end = bytes.find('\n')) != std::string_view::npos;
         bytes.remove_prefix(end + 1))
        lines.emplace_back(bytes.substr(0, end));
    return lines;
}

/// Which back end has said it: each line says so itself.
std::map<std::string, std::vector<std::string>> by_sender(const std::vector<std::string>& lines)
{
    std::map<std::string, std::vector<std::string>> result;
    for (const std::string& line : lines)
        result[line.substr(line.find("\"from\":"), 9)].push_back(line);
    return result;
}

class play
{
public:
    play(who registry, std::mt19937_64& random)
        : random_(random),
          world_(make_rules(registry)),
          server_({.transport = {.address = "127.0.0.1"}}, {},
                  {registry, world_.rule.most_of_a_uid})
    {
        for (int b = 0; b < 5; ++b) {
            back_ends_.push_back({++last_id_, line_client(addresses_.at(1))});
            world_.accepted(last_id_, 1);
            world_.shook(last_id_, false);
        }
    }

    /// Who is there changes, one after the other.
    void change_pages()
    {
        for (std::size_t n = 0; n < 6; ++n) {
            if (pages_.size() < 4 || (pages_.size() < 14 && random_() % 2)) {
                open_page();
            } else {
                const auto at = std::next(pages_.begin(),
                                          static_cast<std::ptrdiff_t>(random_() % pages_.size()));
                if (random_() % 2) {
                    at->client.reset();
                    world_.failed(at->id);
                } else {
                    at->client.end_input();
                    world_.read_end(at->id);
                    BOOST_TEST(at->client.read_to_end().empty());
                }
                pages_.erase(at);
            }
            await_counts();
        }
    }

    /// All back ends talk at once; or the first, which may change topics, alone.
    void talk(bool all)
    {
        const std::size_t count = all ? back_ends_.size() : 1;
        for (std::size_t b = 0; b < count; ++b)
            prepare_lines(b, 1 + random_() % 200, !all);
        std::vector<std::thread> threads;
        for (std::size_t b = 0; b < count; ++b)
            threads.emplace_back([&who = back_ends_[b]] { talk_and_listen(who); });
        for (std::thread& t : threads)
            t.join();
        for (std::size_t b = 0; b < count; ++b)
            BOOST_TEST(back_ends_[b].answers == back_ends_[b].expected,
                       boost::test_tools::per_element());
        hear_all();
        await_counts();
    }

    /// Pages come and go while all talk: what was answered ok is what they hear, one line after the
    /// other, and the others hear what they always do.
    void talk_while_pages_come_and_go()
    {
        constexpr std::size_t visitors = 3;
        std::vector<std::vector<std::string>> heard(visitors);
        std::atomic<bool> over = false;
        std::vector<std::thread> visiting, talking;
        for (std::size_t v = 0; v < visitors; ++v)
            visiting.emplace_back([&, v] {
                while (!over) {
                    line_client c(addresses_.at(0));
                    c.send("visitor" + std::to_string(v) + '\n');
                    std::this_thread::yield();
                    c.end_input();
                    for (std::string& line : lines_of(c.read_to_end()))
                        heard[v].push_back(std::move(line));
                }
            });
        for (std::size_t b = 0; b < back_ends_.size(); ++b) {
            back_end& who = back_ends_[b];
            who.lines.clear();
            for (std::size_t n = 0; n < 300; ++n)
                who.lines.push_back("{\"uid\":\"visitor" + std::to_string(random_() % visitors) +
                                    "\",\"from\":" + std::to_string(b) +
                                    ",\"n\":" + std::to_string(n) + '}');
            talking.emplace_back([&who] {
                who.answers.clear();
                for (std::size_t n = 0; n < who.lines.size(); n += 10) // the visitors need time
                    for (std::string& a : who.client.ask_all(
                             {who.lines.begin() + static_cast<std::ptrdiff_t>(n),
                              who.lines.begin() + static_cast<std::ptrdiff_t>(n + 10)}))
                        who.answers.push_back(std::move(a));
            });
        }
        for (std::thread& t : talking)
            t.join();
        over = true;
        for (std::thread& t : visiting)
            t.join();
        for (std::size_t v = 0; v < visitors; ++v) {
            auto of = by_sender(heard[v]);
            for (std::size_t b = 0; b < back_ends_.size(); ++b) {
                const back_end& who = back_ends_[b];
                std::vector<std::string> taken;
                for (std::size_t n = 0; n < who.lines.size(); ++n)
                    if (who.answers[n] == "ok" &&
                        who.lines[n].starts_with("{\"uid\":\"visitor" + std::to_string(v)))
                        taken.push_back(who.lines[n]);
                heard_by_visitors_ += taken.size();
                BOOST_TEST(of["\"from\":" + std::to_string(b) + ','] == taken,
                           boost::test_tools::per_element());
            }
        }
        // What the model has not seen: it goes on from here.
        crier::counters c;
        const auto deadline = std::chrono::steady_clock::now() + support::patience;
        do
            c = counts();
        while (
            (c.connections != world_.counts.connections || c.registered != world_.table.size()) &&
            std::chrono::steady_clock::now() < deadline);
        BOOST_TEST(c.messages_queued == c.messages_sent + c.messages_dropped);
        BOOST_TEST(c.messages_dropped == world_.counts.messages_dropped);
        BOOST_TEST(c.lines_ok + c.lines_failed ==
                   world_.counts.lines_ok + world_.counts.lines_failed + 300 * back_ends_.size());
        world_.counts = c;
        await_counts();
    }

    std::size_t heard_by_visitors() const { return heard_by_visitors_; }

private:
    crier::counters counts()
    {
        return support::within_patience(server_.async_counts(boost::asio::use_future));
    }

    /// What the server counts gets to be what the model has counted, and nothing else.
    void await_counts()
    {
        const auto deadline = std::chrono::steady_clock::now() + support::patience;
        const std::string wrong = world_.wrong;
        do {
            world_.wrong = wrong;
            world_.check_counts(counts());
        } while (world_.wrong != wrong && std::chrono::steady_clock::now() < deadline);
        BOOST_REQUIRE_MESSAGE(world_.wrong.empty(), world_.wrong);
    }

    void open_page()
    {
        const std::string name = uid(random_);
        pages_.push_back({++last_id_, name, line_client(addresses_.at(0))});
        pages_.back().client.send(name + '\n');
        world_.accepted(last_id_, 0);
        world_.shook(last_id_, false);
        world::connection& c = world_[last_id_];
        c.script.push_back({said::text, name, {}, name.size() + 1});
        world_.read(last_id_, name.size() + 1);
        // It was refused, or has taken another one's place: that one hears the end.
        for (auto at = pages_.begin(); at != pages_.end();) {
            if (world_[at->id].is != stage::closing) {
                ++at;
                continue;
            }
            BOOST_TEST(at->client.read_to_end().empty());
            at->client.close();
            world_.left(at->id);
            world_.shut_down(at->id, false);
            world_.read_end(at->id);
            at = pages_.erase(at);
        }
    }

    void prepare_lines(std::size_t b, std::size_t count, bool may_change_topics)
    {
        back_end& who = back_ends_[b];
        who.lines.clear();
        world::connection& c = world_[who.id];
        std::size_t end = c.read_bytes;
        while (who.lines.size() != count) {
            auto [o, members] = random_order(random_);
            if (!may_change_topics && (o.kind == order::join || o.kind == order::leave))
                continue;
            o.text = "{" + members + ",\"from\":" + std::to_string(b) +
                     ",\"n\":" + std::to_string(++last_number_) + '}';
            who.lines.push_back(o.text);
            end += o.text.size() + 1;
            c.script.push_back({said::line, {}, std::move(o), end});
        }
        world_.read(who.id, end - c.read_bytes);
        world_.deliver_collected();
        who.expected = lines_of(c.answers);
        world_.wrote(who.id, std::string(c.answers), c.answers.size());
    }

    static void talk_and_listen(back_end& who) { who.answers = who.client.ask_all(who.lines); }

    void hear_all()
    {
        for (page& p : pages_) {
            std::string all;
            for (const world::queued& q : world_[p.id].outbox)
                all += q.bytes;
            const std::vector<std::string> expected = lines_of(all);
            std::vector<std::string> heard;
            while (heard.size() != expected.size())
                heard.push_back(p.client.read_line());
            if (by_sender(heard) != by_sender(expected))
                BOOST_ERROR("a page of " << p.uid << " hears something else");
            if (!all.empty())
                world_.wrote(p.id, all, all.size());
        }
    }

    std::mt19937_64& random_;
    world world_;
    server_type server_;
    support::server_thread<server_type> thread_{server_};
    std::vector<std::string> addresses_ = thread_.ask([this] { return server_.addresses(); });
    std::list<page> pages_;
    std::vector<back_end> back_ends_;
    int last_id_ = 0;
    unsigned last_number_ = 0;
    std::size_t heard_by_visitors_ = 0;
};

void goes_as_the_model_says(who registry)
{
    std::mt19937_64 random = support::seeded_random();
    play p(registry, random);
    for (std::size_t n = 0; n < rounds() / 4; ++n) {
        p.change_pages();
        p.talk(false);
        p.talk(true);
        p.talk(true);
        p.talk_while_pages_come_and_go();
    }
    BOOST_TEST(p.heard_by_visitors() > 0u);
}

BOOST_AUTO_TEST_SUITE(reference_model_on_three_threads)

BOOST_AUTO_TEST_CASE(all_tabs_of_a_uid)
{
    goes_as_the_model_says(who::all);
}
BOOST_AUTO_TEST_CASE(two_tabs_of_a_uid_and_no_more)
{
    goes_as_the_model_says(who::capped);
}
BOOST_AUTO_TEST_CASE(the_latest_tab_only)
{
    goes_as_the_model_says(who::latest);
}
BOOST_AUTO_TEST_CASE(the_first_tab_only)
{
    goes_as_the_model_says(who::first);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
