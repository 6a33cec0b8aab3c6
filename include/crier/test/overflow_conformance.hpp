#ifndef CRIER_TEST_OVERFLOW_CONFORMANCE_HPP
#define CRIER_TEST_OVERFLOW_CONFORMANCE_HPP

#include <crier/backlog.hpp>
#include <crier/concepts/overflow.hpp>
#include <crier/frame.hpp>
#include <crier/test/report.hpp>
#include <crier/test/watched_outbox.hpp>
#include <crier/utf8.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace crier::test {

/// How overflow_conformance is to go about it.
struct overflow_conformance_options
{
    /// For a conflating policy: messages as it knows them, at least one of them with a key.
    std::vector<std::string> messages{};

    /// False for a policy that makes more room than the one message needs: half of all at once, say.
    bool gives_up_no_more_than_needed = true;

    std::size_t steps = 5000; ///< messages, pings and writes, at random
    std::uint32_t seed = 1;
};

namespace detail {

/// Runs f() in a process of its own, for a second of computing at most. Returns what went wrong.
template <class F>
std::string ends_badly(F f)
{
    const pid_t child = ::fork();
    if (child < 0)
        return {};
    if (child == 0) {
        for (const int number : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGXCPU})
            std::signal(number, SIG_DFL);
        const rlimit second{1, 2}, no_file{0, 0};
        ::setrlimit(RLIMIT_CPU, &second);
        ::setrlimit(RLIMIT_CORE, &no_file);
        f();
        ::_exit(0);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        return "does not return";
    if (WIFSIGNALED(status))
        return "ends the program by signal " + std::to_string(WTERMSIG(status));
    return WEXITSTATUS(status) == 0 ? std::string() : "ends the program";
}

template <class Overflow>
class overflow_checks
{
public:
    /// What the policy has said, call by call.
    struct said
    {
        overflow_action::kind_type kind;
        std::size_t dropped;
        friend bool operator==(const said&, const said&) = default;
    };

    overflow_checks(report& found, const Overflow& policy,
                    const overflow_conformance_options& options)
        : found_(found), policy_(policy), options_(options), random_(options.seed)
    {
        for (std::size_t i = 0; i < open_.size(); ++i)
            reopen(i);
    }

    /// Asked when too little may go, or nothing. False if it does not come back.
    bool comes_back()
    {
        const std::string wrong = ends_badly([&] {
            for (const std::size_t untouched : {0u, 1u, 3u})
                for (const bool pinned : {false, true}) {
                    watched_outbox& half_written =
                        *all_.emplace_back(std::make_unique<watched_outbox>(100, 1));
                    half_written.push(some_frame(300), 2);
                    half_written.push(some_frame(2), 0);
                    if (pinned)
                        half_written.pin(1);
                    else
                        half_written.write(1);
                    for (std::size_t i = 0; i < untouched; ++i)
                        half_written.push(some_frame(10), 1);
                    try {
                        policy_.make_room(half_written.ask(200));
                    } catch (...) { // is noticed later
                    }
                }
        });
        return found_.check(wrong.empty(), [&] {
            return "make_room() " + wrong +
                   " where no room can be made. drop_oldest() is false "
                   "when there is nothing that may be dropped";
        });
    }

    std::vector<said> run()
    {
        for (std::size_t step = 0; step < options_.steps && in_step_; ++step)
            one_step();
        std::size_t waiting = 0, dropped = 0;
        for (const auto& at : all_) {
            waiting += at->messages();
            dropped += at->dropped();
        }
        if (in_step_) {
            found_.check(dropped == evicted_, [&] {
                return "it dropped " + std::to_string(evicted_) + " messages while it was asked, " +
                       std::to_string(dropped) + " in all: it uses a backlog longer than its call";
            });
            found_.check(queued_ == sent_ + evicted_ + replaced_ + waiting, [&] {
                return "of " + std::to_string(queued_) + " messages queued, " +
                       std::to_string(sent_) + " are sent, " +
                       std::to_string(evicted_ + replaced_) + " given up, and " +
                       std::to_string(waiting) + " wait";
            });
        }
        return said_;
    }

private:
    std::size_t below(std::size_t limit)
    {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
    }

    template <class T, std::size_t N>
    T one_of(const T (&all)[N])
    {
        return all[below(N)];
    }

    static frame some_frame(std::size_t size)
    {
        return frame::build(size, [](char*) {});
    }

    /// No connection is destroyed before the end, see watched_outbox::ask.
    void reopen(std::size_t which)
    {
        open_[which] = all_.emplace_back(std::make_unique<watched_outbox>(
                                             one_of<std::size_t>({1, 50, 1000, 4000}),
                                             one_of<std::size_t>({0, 0, 1, 2, 7, 30})))
                           .get();
    }

    void one_step()
    {
        const std::size_t which = below(open_.size());
        watched_outbox& at = *open_[which];
        switch (below(12)) {
        case 0:
        case 1:
            if (at.bytes() != 0)
                sent_ += at.write(1 + below(at.bytes()));
            break;
        case 2:
            if (at.bytes() != 0)
                at.pin(1 + below(at.bytes()));
            break;
        case 3:
            at.push(some_frame(2 + below(10)), 0); // a ping
            break;
        case 4:
            batch(at);
            break;
        case 5:
            if (below(20) == 0)
                reopen(which);
            break;
        default:
            if (!offer(at))
                reopen(which);
        }
        if (in_step_)
            in_step_ = found_.check(at.is_as_expected(), [] {
                return "what is queued for a connection is not what was left of it";
            });
    }

    std::size_t some_size(const watched_outbox& at)
    {
        return 1 + below(below(20) == 0 ? 2 * at.max_bytes() : at.max_bytes() / 3 + 1);
    }

    /// Several broadcasts in one piece, as the server queues them if they fit.
    void batch(watched_outbox& at)
    {
        if constexpr (!overflow_conflates<Overflow>) {
            frame f = some_frame(some_size(at));
            const std::size_t n = 2 + below(4);
            if (!at.has_room_for(f.size(), n))
                return;
            at.push(std::move(f), n);
            queued_ += n;
        }
    }

    /// False if the policy closes the connection.
    bool offer(watched_outbox& at)
    {
        frame f = some_frame(some_size(at));
        if constexpr (overflow_conflates<Overflow>) {
            const std::string& like = options_.messages[below(options_.messages.size())];
            if (const std::string_view key = Overflow::key(like); !key.empty())
                f = std::move(f).with_key(key);
            replaced_ += at.make_place_for(f);
        }
        backlog& b = at.ask(f.size());
        overflow_action::kind_type kind = overflow_action::kind_queue;
        if (!b.has_room())
            kind = make_room(at, b);
        if (kind == overflow_action::kind_queue && b.has_room()) {
            at.push(std::move(f), 1);
            ++queued_;
        }
        return kind != overflow_action::kind_close;
    }

    overflow_action::kind_type make_room(watched_outbox& at, backlog& b)
    {
        const std::string asked = "asked to make room for " + std::to_string(b.incoming_bytes()) +
                                  " bytes, with " + std::to_string(b.messages()) + " messages of " +
                                  std::to_string(b.bytes()) +
                                  " bytes queued (bounds: " + std::to_string(b.max_bytes()) +
                                  " bytes, " + std::to_string(b.max_messages()) + " messages), it ";
        const auto check = [&](bool right, std::string_view words) {
            return found_.check(right, [&] { return asked + std::string(words); });
        };
        overflow_action action = overflow_action::drop();
        try {
            action = policy_.make_room(b);
        } catch (...) {
            check(false, "throws");
        }
        const std::size_t dropped = b.dropped();
        said_.push_back({action.kind, dropped});
        evicted_ += dropped;

        const watched_outbox::entry last = at.forget(dropped);
        for (const watched_outbox* each : open_)
            in_step_ = check(each->is_as_expected(),
                             "drops through another backlog than the one it was given: that is of "
                             "no use any longer than its call") &&
                       in_step_;
        if (in_step_)
            judge(action, b, last, at.may_drop_more(), check);
        return action.kind;
    }

    template <class Check>
    void judge(const overflow_action& action, const backlog& b, const watched_outbox::entry& last,
               bool more_to_drop, Check check)
    {
        const bool room = b.has_room();
        switch (action.kind) {
        case overflow_action::kind_queue:
            check(room, "says queue(), and there is no room: the message is lost");
            break;
        case overflow_action::kind_drop:
            break;
        case overflow_action::kind_close:
            check(action.code == close_code::none ||
                      is_sendable(static_cast<std::uint16_t>(action.code)),
                  "closes with a code that no close frame may carry");
            check(action.reason.size() <= 123 && is_valid_utf8(action.reason),
                  "closes with a reason that no close frame can carry: more than 123 bytes, or not "
                  "UTF-8");
            break;
        default:
            check(false, "says none of queue(), drop() and close()");
        }
        if (b.dropped() == 0)
            return;
        if (action.kind != overflow_action::kind_queue || !room)
            check(!room && !more_to_drop,
                  "drops messages for one that is not queued then: they are lost for nothing");
        else if (options_.gives_up_no_more_than_needed)
            check(b.bytes() + last.content.size() + b.incoming_bytes() > b.max_bytes() ||
                      (b.max_messages() != 0 && b.messages() + last.messages >= b.max_messages()),
                  "drops more than it needs to");
    }

    report& found_;
    Overflow policy_;
    const overflow_conformance_options& options_;
    std::mt19937 random_;
    std::vector<std::unique_ptr<watched_outbox>> all_;
    std::array<watched_outbox*, 3> open_{};
    std::vector<said> said_;
    bool in_step_ = true; // the outboxes and what is expected of them
    std::size_t queued_ = 0, sent_ = 0, evicted_ = 0, replaced_ = 0;
};

/// The keys that a conflating policy finds. False if it finds none, or throws.
template <class Overflow>
bool check_keys(report& found, const std::vector<std::string>& messages)
{
    std::vector<std::string_view> keys;
    std::vector<std::string> copies;
    const auto twice = [&](std::string_view message) {
        const std::vector<char> elsewhere(message.begin(), message.end());
        const std::string_view same(elsewhere.data(), elsewhere.size());
        const std::string first(Overflow::key(message));
        found.check(Overflow::key(same) == first, [&] {
            return "the key of \"" + readable(message) + "\" was \"" + readable(first) +
                   "\", and then another";
        });
    };
    try {
        for (const std::string& message : messages) {
            keys.push_back(Overflow::key(message));
            copies.emplace_back(keys.back());
        }
        for (std::size_t i = 0; i < messages.size(); ++i)
            found.check(keys[i] == copies[i], [&] {
                return "the key of \"" + readable(messages[i]) +
                       "\" changed when others were asked for: it points neither into the message "
                       "nor to what lives as long";
            });
        for (auto message = messages.rbegin(); message != messages.rend(); ++message)
            for (std::size_t size = message->size() + 1; size-- > 0;)
                twice(std::string_view(*message).substr(0, size));
    } catch (...) {
        return found.check(false, [] { return std::string("key() throws"); });
    }
    return found.check(std::any_of(copies.begin(), copies.end(),
                                   [](const std::string& key) { return !key.empty(); }),
                       [] {
                           return std::string("none of the options' messages has a key, so that "
                                              "nothing is known of those that have");
                       });
}

} // namespace detail

/// Checks that an overflow policy keeps the promises of `overflow`, with outboxes of several bounds
/// that fill and empty at random: messages, several in one piece, pings; the first of them half
/// written, or pinned by a TLS stream.
///
/// - make_room returns, also where no room can be made, and does not throw. The program forks to find
///   out.
/// - It says queue() only if there is room then. The bounds hold.
/// - It drops no more than the message needs (see the options), and nothing if the message is not
///   queued after all; unless it found no room with all dropped that may be.
/// - It closes with a code and a reason that a close frame can carry.
/// - What is left stands in its order, with what is half written and all pings, and nothing happens to
///   another connection: a backlog is of no use after its call. Each message is sent, given up or
///   waits.
/// - A copy of it, asked the same, says the same: there is one for each listener.
/// - key(), if it has one, finds the same key in the same bytes, whole messages or cut ones, whatever
///   it was asked before, and the key stays as long as the message. The newest of a key takes the
///   place of the one before, and the others stay.
template <overflow Overflow>
report overflow_conformance(const Overflow& policy,
                            const overflow_conformance_options& options = {})
{
    report found;
    if constexpr (overflow_conflates<Overflow>)
        if (!detail::check_keys<Overflow>(found, options.messages))
            return found;
    if (!detail::overflow_checks<Overflow>(found, policy, options).comes_back())
        return found;
    report of_copy;
    const auto said = detail::overflow_checks<Overflow>(found, policy, options).run();
    const auto copy_said = detail::overflow_checks<Overflow>(of_copy, policy, options).run();
    found.check(said == copy_said, [] {
        return std::string("two copies of it, asked the same, say different things");
    });
    return found;
}

} // namespace crier::test

#endif
