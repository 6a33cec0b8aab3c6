#ifndef CRIER_TESTS_FUZZ_SERVER_PEERS_HPP
#define CRIER_TESTS_FUZZ_SERVER_PEERS_HPP

#include <crier/codec/websocket/deflate_message.hpp>
#include <crier/command.hpp>
#include <crier/counters.hpp>
#include <crier/test/memory_network.hpp>
#include <crier/utf8.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "readable.hpp"
#include "require.hpp"
#include "websocket_script.hpp"

namespace fuzz {

/// What was said by all, so that it can be told who may hear what.
struct world
{
    std::size_t opened = 0, ended = 0; // on_open, on_close
    std::set<std::string> lines;       // of back ends, whole ones
    std::set<std::string> program;     // what the program has pushed
    std::set<std::string> topics;      // that anybody has joined
    std::uint64_t said = 0;
    std::size_t answers_ok = 0, answers_fail = 0; // that were heard
    bool answers_lost = false;                    // some may not have been heard

    std::uint64_t next() { return ++said; }

    std::string from_program()
    {
        return *program.insert("_program " + std::to_string(next())).first;
    }

    void check_lines(const crier::counters& c) const
    {
        require(answers_ok <= c.lines_ok && answers_fail <= c.lines_failed,
                "each answer that was heard was counted");
        require(answers_lost || (answers_ok == c.lines_ok && answers_fail == c.lines_failed),
                "each line that was counted was answered");
    }
};

/// A client of the server: it says what it is told to, and judges all that it hears.
class peer
{
public:
    enum kind { page, program, back_end };

    peer(world& all, kind what, crier::test::memory_client client)
        : world_(&all), kind_(what), client_(std::move(client)), name_(all.next())
    {}

    ~peer()
    {
        if (kind_ == back_end)
            world_->answers_lost = true; // it vanishes
    }

    /// Registers, as the first thing that it says.
    void say_who(const std::string& uid, bool compressed)
    {
        if (kind_ == back_end)
            return;
        own_uid_ = uid;
        if (kind_ == page) {
            std::string request(support::upgrade_request);
            if (compressed)
                request.insert(request.size() - 2,
                               "Sec-WebSocket-Extensions: permessage-deflate\r\n");
            send(request + support::client_frame(support::fin | support::op::text, uid));
        } else {
            send(support::big_endian(uid.size(), 2) + uid);
        }
    }

    void say(std::string_view bytes)
    {
        std::string data(bytes);
        // So that nobody says what only say_line and the program say.
        std::replace(data.begin(), data.end(), '_', '-');
        send(data);
    }

    void say_frame(unsigned first, std::string_view payload)
    {
        if (kind_ == page)
            say(support::frame_front(first, payload.size(),
                                     support::minimal_length_bytes(payload.size()), true) +
                std::string(4, '\0') + std::string(payload));
        else if (kind_ == program)
            say(support::big_endian(payload.size(), 2) + std::string(payload));
        else
            say(std::string(payload) + '\n');
    }

    void say_line(unsigned number, std::uint64_t serial)
    {
        if (kind_ != back_end)
            return;
        const std::string uid = "\"u" + std::to_string(number / 8 % 4) + '"';
        static constexpr std::array<std::string_view, 8> fronts{
            R"({"uid":%)",
            R"({"broadcast":true)",
            R"({"uid":[%,"u0"])",
            R"({"topic":"t0")",
            R"({"broadcast":true,"except":%)",
            R"({"join":"t0","members":[%,"u1"])",
            R"({"leave":"t0","members":%)",
            R"({"uid":%,"long":"--------------------------------------------------------------")"};
        std::string line(fronts[number % 8]);
        if (const auto at = line.find('%'); at != std::string::npos)
            line.replace(at, 1, uid);
        send(line + ",\"_from\":" + std::to_string(name_) + ",\"n\":" + std::to_string(serial) +
             (number & 0x80 ? "}\r\n" : "}\n"));
    }

    /// Takes up to so many bytes, and judges them. False if there were none.
    bool hear(std::size_t most)
    {
        const std::string got = client_.receive(most);
        unread_ += got;
        if (kind_ == back_end)
            hear_answers();
        else if (kind_ == program)
            hear_prefixed();
        else
            hear_page();
        return !got.empty();
    }

    void finish() { client_.finish(); }

    void reset()
    {
        client_.reset();
        world_->answers_lost |= kind_ == back_end;
    }

    bool is_closed(std::size_t never_accepted) const
    {
        return client_.closed() || never_accepted != 0;
    }

    /// When all was heard that there is.
    void check_answers()
    {
        if (kind_ != back_end)
            return;
        if (client_.ended())
            world_->answers_lost = true;
        require(answers_ <= most_answers(), "no answer without a line");
    }

private:
    void send(const std::string& bytes)
    {
        client_.send(bytes);
        if (kind_ != back_end)
            return;
        if (first_.size() < 65'536)
            first_ += bytes;
        line_ += bytes;
        if (is_http() || is_tls())
            return; // of which nothing is a line
        for (std::size_t end; (end = line_.find('\n')) != std::string::npos;) {
            std::string line = line_.substr(0, end);
            line_.erase(0, end + 1);
            while (line.ends_with('\r'))
                line.pop_back();
            world_->lines.insert(line);
            ++whole_lines_;
        }
    }

    /// A word, and a path.
    bool is_http() const
    {
        const std::size_t blank = first_.find(' ');
        if (blank == std::string::npos || blank == 0)
            return false;
        for (const char c : first_.substr(0, blank))
            if (c <= ' ' || c == 0x7f ||
                std::string_view("\"(),/:;<=>?@[\\]{}").find(c) != std::string_view::npos)
                return false;
        const std::string path = first_.substr(blank + 1);
        return path.starts_with('/') || path.starts_with('*') || path.starts_with("http");
    }

    bool is_tls() const
    {
        return first_.size() > 5 && first_.starts_with("\x16\x03") && first_[2] >= 0 &&
               first_[2] <= 4 && first_[5] == 1;
    }

    /// Two bytes of what begins TLS may end lines.
    std::size_t most_answers() const { return is_http() ? 1 : is_tls() ? 3 : whole_lines_; }

    void hear_answers()
    {
        for (std::size_t end; (end = unread_.find('\n')) != std::string::npos;) {
            const std::string answer = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            require(answer == "ok" || answer == "fail", "a back end hears ok or fail");
            ++(answer == "ok" ? world_->answers_ok : world_->answers_fail);
            ++answers_;
        }
        require(std::string_view("ok").starts_with(unread_) ||
                    std::string_view("fail").starts_with(unread_),
                "a back end hears ok or fail");
        require(answers_ <= most_answers(), "no answer without a line");
    }

    void hear_prefixed()
    {
        for (;;) {
            if (unread_.size() < 2)
                return;
            const std::size_t size = static_cast<unsigned char>(unread_[0]) * 256u +
                                     static_cast<unsigned char>(unread_[1]);
            if (unread_.size() < 2 + size)
                return;
            hear_message(unread_.substr(2, size));
            unread_.erase(0, 2 + size);
        }
    }

    void hear_page()
    {
        if (!has_head_) {
            const auto end = unread_.find("\r\n\r\n");
            if (end == std::string::npos)
                return;
            const std::string head = unread_.substr(0, end + 4);
            require(head.starts_with("HTTP/1.1 "), "a page hears HTTP first");
            has_head_ = true;
            upgraded_ = head.starts_with("HTTP/1.1 101 ");
            compresses_ = head.find("permessage-deflate") != std::string::npos;
            unread_.erase(0, end + 4);
        }
        while (upgraded_ && hear_frame()) {
        }
    }

    bool hear_frame()
    {
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(unread_[i]); };
        if (unread_.size() < 2)
            return false;
        require(!goodbye_, "nothing comes behind a close frame");
        std::size_t size = at(1);
        require(size < 0x80, "a server's frame has no mask");
        const std::size_t front = size < 126 ? 2 : size == 126 ? 4 : 10;
        if (unread_.size() < front)
            return false;
        if (front > 2) {
            size = 0;
            for (std::size_t i = 2; i < front; ++i)
                size = size << 8 | at(i);
        }
        if (unread_.size() - front < size)
            return false;
        const unsigned first = at(0), code = first & 0x0F;
        const std::string payload = unread_.substr(front, size);
        unread_.erase(0, front + size);
        require((first & 0xB0) == 0x80, "a server's frames are whole messages");
        require(!(first & 0x40) || (compresses_ && code <= 2), "RSV1 only as it was agreed");
        require(code == 1 || code == 2 || (code >= 8 && code <= 10), "a known opcode");
        if (code == 8) {
            require(size != 1 && size <= 125, "a close frame's payload");
            goodbye_ = true;
        } else if (code < 8 && (first & 0x40)) {
            const auto inflated = crier::inflate_message(payload, 1 << 20);
            require(inflated.status == crier::inflated_message::whole, "compressed data");
            hear_message(std::string(inflated.view()));
        } else if (code < 8) {
            hear_message(payload);
        }
        return true;
    }

    /// Nobody hears what is not for it, twice, or before what was said earlier.
    void hear_message(const std::string& m)
    {
        if (m.starts_with("echo:"))
            return;
        if (m.starts_with("_program ")) {
            require(world_->program.contains(m), "what the program has said");
            return in_order(0, std::stoull(m.substr(9)));
        }
        require(world_->lines.contains(m), "a message is a line, byte for byte",
                [&] { return support::readable(m); });
        crier::command_parser parser(256);
        const crier::command c = parser.parse(m);
        std::set<std::string> named;
        if (c.kind == crier::command::unicast)
            named.emplace(c.name);
        for (const std::string_view one : c.uids)
            named.emplace(one);
        switch (c.kind) {
        case crier::command::unicast:
        case crier::command::multicast:
            narrow(named, m);
            break;
        case crier::command::publish:
            require(world_->topics.contains(std::string(c.name)) || joined_by_line(c.name),
                    "nobody hears a topic that nobody has joined");
            [[fallthrough]];
        case crier::command::broadcast:
            for (const std::string_view one : c.except)
                require(own_uid_.empty() || one != own_uid_, "nobody hears what excepts it");
            break;
        default:
            broken("nobody hears a line that is no message: " + support::readable(m));
        }
        if (const auto from = m.find(",\"_from\":"); from != std::string::npos) {
            const std::size_t n = m.find(",\"n\":", from);
            in_order(std::stoull(m.substr(from + 9)), std::stoull(m.substr(n + 5)));
        }
    }

    bool joined_by_line(std::string_view topic) const
    {
        crier::command_parser parser(256);
        return std::any_of(world_->lines.begin(), world_->lines.end(), [&](const std::string& l) {
            const crier::command c = parser.parse(l);
            return c.kind == crier::command::join && c.name == topic;
        });
    }

    /// All that a client hears is for one and the same uid.
    void narrow(const std::set<std::string>& named, const std::string& m)
    {
        if (!own_uid_.empty())
            return require(named.contains(own_uid_), "nobody hears what is for another",
                           [&] { return own_uid_ + " hears " + support::readable(m); });
        if (!narrowed_) {
            possible_ = named;
        } else {
            std::set<std::string> both;
            std::set_intersection(named.begin(), named.end(), possible_.begin(), possible_.end(),
                                  std::inserter(both, both.end()));
            possible_ = std::move(both);
        }
        narrowed_ = true;
        require(!possible_.empty(), "all that a client hears is for one uid",
                [&] { return support::readable(m); });
    }

    void in_order(std::uint64_t from, std::uint64_t serial)
    {
        std::uint64_t& last = heard_[from];
        require(last < serial, "each message once, and in order");
        last = serial;
    }

    world* world_;
    kind kind_;
    crier::test::memory_client client_;
    std::uint64_t name_;
    std::string unread_;
    std::string own_uid_; // if it has said it properly
    std::string first_;   // of a back end, what it began with
    std::string line_;    // of a back end, begun
    std::size_t whole_lines_ = 0, answers_ = 0;
    std::set<std::string> possible_; // uids that it may have
    std::map<std::uint64_t, std::uint64_t> heard_;
    bool narrowed_ = false, has_head_ = false, upgraded_ = false, compresses_ = false,
         goodbye_ = false;
};

} // namespace fuzz

#endif
