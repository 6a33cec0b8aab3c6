#ifndef CRIER_DETAIL_ORDERED_DESK_HPP
#define CRIER_DETAIL_ORDERED_DESK_HPP

#include <crier/command.hpp>
#include <crier/concepts/reply.hpp>
#include <crier/config.hpp>
#include <crier/detail/announcement.hpp>
#include <crier/detail/delivery.hpp>
#include <crier/detail/session_base.hpp>
#include <crier/message.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace crier::detail {

class answer_sink;

/// Which line of which back end a result is for.
struct return_address
{
    answer_sink* sink = nullptr;
    std::uint64_t session = 0; ///< connection::id()
    std::uint64_t number = 0;  ///< of the line
};

/// Takes the results of what other shards were asked for.
class answer_sink
{
public:
    /// One result; settle() follows, after one or more of them.
    virtual void answered(const return_address& to, delivered result) = 0;
    virtual void settle() = 0;

protected:
    ~answer_sink() = default;
};

/// Answers each back end's lines in their order, though other shards carry some of them out. A back
/// end with too many lines under way is not read from until some are answered.
template <class Role, class Board>
class ordered_desk final : public answer_sink
{
public:
    ordered_desk(Role& r, Board& board) : role_(r), board_(board) {}

    /// True if others take part in it: the answer comes later, by itself.
    bool sends(session_base& s, const command& asked, message_view message)
    {
        if (board_.is_alone() || asked.kind == command::invalid)
            return false;
        if (asked.kind == command::unicast) {
            const std::size_t to = board_.owner(asked.name);
            if (to == board_.place())
                return false;
            board_.send(to, asked.name, message.data, [&] { return expect(s, message, 1, false); });
            return true;
        }
        const bool to_all = asked.kind == command::broadcast;
        if (to_all && Role::answers_alike && asked.except.empty())
            board_.collect(message, [&] { return expect(s, message, board_.places(), true); });
        else
            send_request(s, asked, message, to_all);
        return true;
    }

    /// True if older lines of the session are not answered yet: this one has to wait for them.
    bool keeps(session_base& s, const line_result& result)
    {
        queue* const q = find(s.id());
        if (!q || q->lines.empty())
            return false;
        add(s, *q, {result, {}, 0, 0, false});
        return true;
    }

    /// True if older lines of the session are not answered yet: the goodbye is said behind the
    /// answers.
    bool keeps_goodbye(session_base& s, std::string_view bytes)
    {
        queue* const q = find(s.id());
        if (!q || q->lines.empty())
            return false;
        q->goodbye = bytes;
        return true;
    }

    void forget(session_base& s) noexcept
    {
        queue* const q = find(s.id());
        if (!q)
            return;
        if (touched_ == q)
            touched_ = nullptr;
        last_ = nullptr;
        queues_.erase(s.id());
    }

    void answered(const return_address& to, delivered result) override
    {
        queue* const q = find(to.session);
        if (q != touched_)
            settle();
        touched_ = q;
        if (!q)
            return; // it has gone
        line& l = q->lines[to.number - q->first];
        l.sum += result;
        if (--l.missing == 0)
            l.result = {Role::result_of(l.sum, l.to_all)};
    }

    void settle() override
    {
        queue* q = std::exchange(touched_, nullptr);
        if (!q || q->lines.empty() || q->lines.front().missing != 0)
            return;
        session_base& s = *q->session;
        const std::uint64_t id = s.id();
        bool through = false;
        s.begin_late_answers();
        s.guarded([&] {
            while (!q->lines.empty() && q->lines.front().missing == 0) {
                const line_result result = q->lines.front().result;
                q->bytes -= q->lines.front().bytes;
                q->lines.pop_front();
                ++q->first;
                role_.give(s, result);
            }
            through = true;
        });
        q = find(id); // or it was closed
        std::string goodbye;
        if (q && (!through || q->lines.empty()))
            goodbye.swap(q->goodbye);
        if (q && !through) { // it has ended, and gets no more answers
            forget(s);
            s.owe(false);
        }
        s.guarded([&] { s.reply(goodbye); });
        s.end_late_answers();
        q = find(id);
        if (!q)
            return;
        if (q->lines.empty())
            s.owe(false);
        if (q->full && q->lines.size() <= most_lines() / 2 && q->bytes < most_bytes / 2) {
            q->full = false;
            s.resume();
        }
    }

private:
    // What one back end may have under way: enough for any number of shards, and little memory.
    std::size_t most_lines() const noexcept { return role_.options().max_lines_under_way; }
    static constexpr std::size_t most_bytes = 1024 * 1024;

    struct line
    {
        line_result result;
        delivered sum;
        std::size_t missing; // results
        std::size_t bytes;
        bool to_all;
    };

    struct queue
    {
        session_base* session;
        std::uint64_t first = 0; // the number of the first line
        std::deque<line> lines{};
        std::size_t bytes = 0; // of all of them
        std::string goodbye{}; // to be said when there are none
        bool full = false;
    };

    return_address expect(session_base& s, message_view message, std::size_t results, bool to_all)
    {
        queue* q = find(s.id());
        if (!q)
            q = last_ = &queues_.try_emplace(s.id(), queue{&s}).first->second;
        add(s, *q, {{}, {}, results, message.data.size(), to_all});
        return {this, s.id(), q->first + q->lines.size() - 1};
    }

    void add(session_base& s, queue& q, const line& l)
    {
        q.lines.push_back(l);
        q.bytes += l.bytes;
        if (q.lines.size() == 1)
            s.owe(true);
        if ((q.lines.size() >= most_lines() || q.bytes >= most_bytes) && !q.full) {
            q.full = true;
            ++s.home().counts.read_pauses;
            s.pause();
        }
    }

    CRIER_COLD void send_request(session_base& s, const command& asked, message_view message,
                                 bool to_all)
    {
        using request = typename Board::request;
        auto what = std::make_shared<request>(request{asked.kind,
                                                      std::string(asked.name),
                                                      {asked.uids.begin(), asked.uids.end()},
                                                      {asked.except.begin(), asked.except.end()}});
        if (asked.kind != command::join && asked.kind != command::leave)
            what->message = std::make_shared<announcement>(message);
        board_.send_all(std::move(what),
                        [&] { return expect(s, message, board_.places(), to_all); });
    }

    queue* find(std::uint64_t session)
    {
        if (last_ && last_->session->id() == session)
            return last_;
        const auto found = queues_.find(session);
        return found == queues_.end() ? nullptr : last_ = &found->second;
    }

    Role& role_;
    Board& board_;
    std::unordered_map<std::uint64_t, queue> queues_; // by connection id
    queue* last_ = nullptr;                           // that was found
    queue* touched_ = nullptr;                        // to be settled
};

} // namespace crier::detail

#endif
