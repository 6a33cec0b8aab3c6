#ifndef CRIER_TEST_REGISTRY_CONFORMANCE_HPP
#define CRIER_TEST_REGISTRY_CONFORMANCE_HPP

#include <crier/concepts/registry.hpp>
#include <crier/test/fake_connection.hpp>
#include <crier/test/report.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace crier::test {

/// How registry_conformance is to go about it.
struct registry_conformance_options
{
    /// Uids to register. If the registry reads a meaning into them, give such as it takes.
    std::vector<std::string> uids{"a", "b", "uid1", "another uid that is longer than most"};
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
        : found_(found), table_(registry), options_(options), random_(options.seed)
    {}

    void run()
    {
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
        const auto before = visited(uid);
        const bool taken = table_.bind(c->uid(), *c);
        const auto after = visited(uid);
        found_.check(after.count(c.get()) == (taken ? 1u : 0u), [&] {
            return "a connection that bind() " + std::string(taken ? "took" : "refused") + " is " +
                   (taken ? "not visited exactly once" : "visited");
        });
        for (connection* older : before)
            found_.check(
                after.contains(older) || static_cast<fake_connection*>(older)->is_closed(), [&] {
                    return "bind() for \"" + uid + "\" dropped a connection without closing it";
                });
        if (taken)
            bound_.push_back(std::move(c));
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
        std::multiset<connection*> by_uid;
        std::set<std::string> uids(options_.uids.begin(), options_.uids.end());
        for (const std::string& uid : uids) {
            for (connection* c : visited(uid)) {
                found_.check(c->uid() == uid, [&] {
                    return when + ": visit(\"" + uid + "\") reaches a connection of \"" +
                           std::string(c->uid()) + '"';
                });
                by_uid.insert(c);
            }
        }
        found_.check(by_uid == all, [&] {
            return when + ": visit_all() reaches " + std::to_string(all.size()) +
                   " connections, the visits of all uids " + std::to_string(by_uid.size());
        });
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
        found_.check(visited("a uid that nobody has").empty(),
                     [&] { return when + ": visit() of an unknown uid reaches somebody"; });
    }

    report& found_;
    typename Registry::table table_;
    const registry_conformance_options& options_;
    std::mt19937 random_;
    std::vector<entry> bound_;
    std::uint64_t last_id_ = 0;
};

} // namespace detail

/// Checks that a registry keeps the promises of `registry`, with connections that come and go at
/// random:
///
/// - who was bound with true is visited once, under its own uid, until it is unbound or was closed by
///   the registry; who was refused is not;
/// - unbind() takes out that connection and no other, also one that the table had dropped;
/// - visit, visit_all and size agree.
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
