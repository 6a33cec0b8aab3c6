#ifndef CRIER_TEST_REGISTRY_CONFORMANCE_HPP
#define CRIER_TEST_REGISTRY_CONFORMANCE_HPP

#include <crier/concepts/registry.hpp>
#include <crier/test/fake_connection.hpp>
#include <crier/test/report.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace crier::test {

/// How registry_conformance is to go about it.
struct registry_conformance_options
{
    /// Uids to register. If the registry reads a meaning into them, give such as it takes.
    std::vector<std::string> uids{"a", "b", "uid1", "another uid that is longer than most"};

    /// What else to push to, where that is more than the uids themselves: "kitchen/", if it means all
    /// whose uids begin so.
    std::vector<std::string> asked{};

    /// Whether a message for `asked` is for connections of `uid`.
    std::function<bool(std::string_view asked, std::string_view uid)> reaches = std::equal_to<>();

    /// True if of those that a message is for only some get it, at least one: the one of the highest
    /// priority, say. False: all of them.
    bool chooses = false;

    std::size_t steps = 5000; ///< connections that come or go, at random
    std::uint32_t seed = 1;
};

namespace detail {

template <class Registry>
class registry_checks
{
public:
    registry_checks(report& found, const Registry& registry,
                    const registry_conformance_options& options)
        : found_(found),
          table_(registry),
          options_(options),
          asked_(options.uids.begin(), options.uids.end()),
          random_(options.seed)
    {
        asked_.insert(options.asked.begin(), options.asked.end());
        asked_.insert("a uid that nobody has");
    }

    void run()
    {
        if constexpr (registry_routes<Registry>)
            routes_together();
        agrees("an empty table");
        for (std::size_t step = 0; step < options_.steps; ++step) {
            if (bound_.empty() || below(bound_.size() + 20) < 20)
                comes(options_.uids[below(options_.uids.size())]);
            else
                goes(below(bound_.size()));
            if (step % 16 == 0)
                agrees("step " + std::to_string(step));
        }
        while (!bound_.empty())
            goes(below(bound_.size()));
        agrees("all have gone");
        found_.check(table_.size() == 0, [&] {
            return "all have gone, and size() is " + std::to_string(table_.size());
        });
    }

private:
    using entry = std::unique_ptr<fake_connection>;

    std::size_t below(std::size_t limit)
    {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

    /// With several threads a visit asks only the table of its route.
    void routes_together()
    {
        for (const std::string& asked : asked_) {
            const std::string route(Registry::route(asked));
            found_.check(Registry::route(asked) == route,
                         [&] { return "route(\"" + asked + "\") is not always the same"; });
            for (const std::string& uid : options_.uids)
                found_.check(!options_.reaches(asked, uid) || Registry::route(uid) == route, [&] {
                    return "a message for \"" + asked + "\" is for \"" + uid +
                           "\", and route() tells them apart: \"" + route + "\" and \"" +
                           std::string(Registry::route(uid)) + '"';
                });
        }
    }

    std::multiset<connection*> visited(std::string_view uid)
    {
        std::multiset<connection*> all;
        auto note = [&](connection& c) { all.insert(&c); };
        table_.visit(uid, note);
        return all;
    }

    std::multiset<connection*> visited_of_all()
    {
        std::multiset<connection*> all;
        auto note = [&](connection& c) { all.insert(&c); };
        table_.visit_all(note);
        return all;
    }

    void comes(const std::string& uid)
    {
        auto c = std::make_unique<fake_connection>(uid, ++last_id_);
        const auto before = visited_of_all();
        const bool taken = table_.bind(c->uid(), *c);
        const auto after = visited_of_all();
        found_.check(after.count(c.get()) == (taken ? 1u : 0u), [&] {
            return "a connection that bind() " + std::string(taken ? "took" : "refused") + " is " +
                   (taken ? "not visited exactly once" : "visited");
        });
        if (taken)
            bound_.push_back(std::move(c));
        reaches_whom_it_should("after bind()", uid, after);
        for (const entry& older : bound_)
            found_.check(
                !before.contains(older.get()) || after.contains(older.get()) || older->is_closed(),
                [&] {
                    return "bind() for \"" + uid + "\" dropped a connection without closing it";
                });
        if constexpr (registry_routes<Registry>)
            for (const entry& older : bound_)
                found_.check(!before.contains(older.get()) || after.contains(older.get()) ||
                                 Registry::route(older->uid()) == Registry::route(uid),
                             [&] {
                                 return "bind() for \"" + uid + "\" dropped a connection of \"" +
                                        std::string(older->uid()) + "\", of another route()";
                             });
    }

    void goes(std::size_t which)
    {
        std::swap(bound_[which], bound_.back());
        fake_connection& leaving = *bound_.back();
        const std::string uid(leaving.uid());
        auto expected = visited_of_all();
        const bool was_there = expected.erase(&leaving) != 0;
        table_.unbind(leaving);
        found_.check(visited_of_all() == expected, [&] {
            return "unbind() of a connection of \"" + uid + "\" that was " +
                   (was_there ? "there" : "dropped before") +
                   " left others behind than there were without it";
        });
        bound_.pop_back();
    }

    /// visit, visit_all and size tell the same, and nothing but what was bound.
    void agrees(const std::string& when)
    {
        const auto all = visited_of_all();
        for (const std::string& asked : asked_)
            reaches_whom_it_should(when, asked, all);
        found_.check(std::set<connection*>(all.begin(), all.end()).size() == all.size(),
                     [&] { return when + ": visit_all() reaches a connection twice"; });
        found_.check(table_.size() == all.size(), [&] {
            return when + ": size() is " + std::to_string(table_.size()) +
                   ", visit_all() reaches " + std::to_string(all.size());
        });
        for (connection* c : all)
            found_.check(std::any_of(bound_.begin(), bound_.end(),
                                     [&](const entry& e) { return e.get() == c; }),
                         [&] { return when + ": a connection is visited that is not bound"; });
    }

    /// visit reaches, of `all` who are there, each whom a message for `asked` is for, once, and no
    /// other; or some of those.
    void reaches_whom_it_should(const std::string& when, const std::string& asked,
                                const std::multiset<connection*>& all)
    {
        auto reached = visited(asked);
        const std::size_t times = reached.size();
        std::size_t meant = 0;
        const auto visit = [&] { return when + ": visit(\"" + asked + "\") reaches "; };
        for (const entry& c : bound_) {
            const std::size_t n = reached.erase(c.get());
            const bool is_for_it = all.contains(c.get()) && options_.reaches(asked, c->uid());
            meant += is_for_it;
            found_.check(is_for_it || n == 0, [&] {
                return visit() + "a connection of \"" + std::string(c->uid()) + '"' +
                       (all.contains(c.get()) ? "" : " that visit_all() does not");
            });
            found_.check(n <= 1, [&] { return visit() + "a connection twice"; });
        }
        found_.check(reached.empty(), [&] { return visit() + "a connection that is not bound"; });
        found_.check(options_.chooses ? times != 0 || meant == 0 : times >= meant, [&] {
            return visit() + std::to_string(times) + " of the " + std::to_string(meant) +
                   " connections that it is for";
        });
    }

    report& found_;
    typename Registry::table table_;
    const registry_conformance_options& options_;
    std::set<std::string> asked_;
    std::mt19937 random_;
    std::vector<entry> bound_;
    std::uint64_t last_id_ = 0;
};

} // namespace detail

/// Checks that a registry keeps the promises of `registry`, with connections that come and go at
/// random:
///
/// - who was bound with true is visited once until it is unbound or was closed by the registry; who
///   was refused is not;
/// - visit reaches each connection of that uid, once, and no other. If uids mean more than themselves,
///   the options say whom a message is for;
/// - unbind() takes out that connection and no other, also one that the table had dropped;
/// - visit, visit_all and size agree;
/// - if it has a route: it is always the same, and one for what is asked and all whom that is for.
template <registry Registry>
report registry_conformance(const Registry& registry,
                            const registry_conformance_options& options = {})
{
    report found;
    detail::registry_checks<Registry>(found, registry, options).run();
    return found;
}

} // namespace crier::test

#endif
