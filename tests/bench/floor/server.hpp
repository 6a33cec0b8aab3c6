// The floor: one epoll set, one turn after the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.hpp"
#include "registry.hpp"
#include "websocket.hpp"

namespace bench {

constexpr std::size_t max_header_bytes = 8 * 1024;
constexpr std::size_t max_uid_bytes = 256;
constexpr std::size_t max_line_bytes = 64 * 1024;
constexpr std::size_t max_pending_bytes = 16 * 1024 * 1024;
constexpr std::size_t max_pending_replies = 1024 * 1024;
constexpr int accepts_per_turn = 64;

[[noreturn]] inline void give_up(const std::string& what)
{
    std::fprintf(stderr, "crier_floor: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

class server
{
public:
    server(const sockaddr_in& clients, const sockaddr_in& backend, std::size_t read_bytes)
        : buffer_(read_bytes + max_line_bytes + 16)
    {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        if (epoll_ < 0)
            give_up("epoll_create1");
        listen_on(client_listener_, clients, role::client_listener);
        listen_on(backend_listener_, backend, role::backend_listener);
    }

    [[noreturn]] void run()
    {
        std::vector<epoll_event> events(512);
        std::vector<connection*> again;
        for (;;) {
            const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                         again_.empty() ? -1 : 0);
            if (count < 0 && errno != EINTR)
                give_up("epoll_wait");
            again.swap(again_);
            for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i)
                dispatch(*static_cast<connection*>(events[i].data.ptr), events[i].events);
            for (connection* c : again) {
                c->queued_again = false;
                read(*c);
            }
            again.clear();
            flush_turn();
        }
    }

private:
    void listen_on(connection& c, const sockaddr_in& address, role what)
    {
        c.what = what;
        c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        const int on = 1;
        setsockopt(c.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        char text[INET_ADDRSTRLEN] = "";
        inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
        const std::string name = std::string{text} + ':' + std::to_string(ntohs(address.sin_port));
        if (bind(c.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            give_up("bind " + name);
        if (listen(c.fd, 4096) != 0)
            give_up("listen " + name);
        epoll_event event{};
        event.events = EPOLLIN; // level: what one turn leaves unaccepted comes up again
        event.data.ptr = &c;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &event);
    }

    void accept_some(const connection& listener)
    {
        for (int i = 0; i < accepts_per_turn; ++i) {
            const int fd = accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                // Out of descriptors: the level stays up, so breathe instead of spinning.
                if (errno == EMFILE || errno == ENFILE)
                    usleep(1000);
                return;
            }
            const int on = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            auto* c = new connection;
            c->fd = fd;
            c->what = listener.what == role::client_listener ? role::client : role::backend;
            epoll_event event{};
            event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
            event.data.ptr = c;
            epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
        }
    }

    void dispatch(connection& c, std::uint32_t events)
    {
        if (c.what == role::client_listener || c.what == role::backend_listener)
            return accept_some(c);
        if (c.dead)
            return;
        if ((events & EPOLLOUT) && c.pending)
            write_pending(c);
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            c.hung_up = true;
        if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
            read(c);
    }

    // Edge-triggered: a short read has emptied the socket. One that fills the buffer, or that has a
    // hang-up behind it, is taken up again in the next turn, so that no peer holds up the others.
    void read(connection& c)
    {
        if (c.dead || c.paused)
            return;
        std::size_t have = 0;
        if (c.tail) {
            have = c.tail->size();
            std::memcpy(buffer_.data(), c.tail->data(), have);
        }
        const ssize_t got = recv(c.fd, buffer_.data() + have, buffer_.size() - have, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0)
            return drop(c);
        const std::size_t end = have + static_cast<std::size_t>(got);
        const std::string_view bytes{buffer_.data(), end};
        const std::size_t used = c.what == role::backend ? on_lines(c, bytes) : on_client(c, bytes);
        if (c.dead)
            return;
        if (used == bytes.size())
            c.tail.reset();
        else
            c.tail = std::make_unique<std::string>(bytes.substr(used));
        if (end == buffer_.size() || c.hung_up)
            queue_again(c);
    }

    void queue_again(connection& c)
    {
        if (!c.queued_again) {
            c.queued_again = true;
            again_.push_back(&c);
        }
    }

    std::size_t on_lines(connection& c, std::string_view bytes)
    {
        replies_.clear();
        std::size_t used = 0;
        while (const void* found = std::memchr(bytes.data() + used, '\n', bytes.size() - used)) {
            const auto end =
                static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
            std::string_view line = bytes.substr(used, end - used);
            used = end + 1;
            while (!line.empty() && line.back() == '\r')
                line.remove_suffix(1);
            replies_ += push(line) ? "ok\n" : "fail\n";
        }
        const bool over_long = bytes.size() - used > max_line_bytes;
        if (over_long)
            replies_ += "fail\n";
        if (!replies_.empty())
            send_bytes(c, replies_.data(), replies_.size());
        if (over_long)
            drop(c);
        if (c.pending && c.pending->size() > max_pending_replies)
            c.paused = true; // it does not read its replies, so it is not read either
        return used;
    }

    bool push(std::string_view line)
    {
        // {"uid":"..." in front is where every back end has it; elsewhere takes the scan.
        static constexpr std::string_view key = "\"uid\":\"";
        if (line.size() > max_line_bytes)
            return false;
        std::size_t at = line.starts_with("{\"uid\":\"") ? 1 : line.find(key);
        if (at != line.npos) {
            at += key.size();
            const std::size_t end = line.find('"', at);
            if (end == line.npos)
                return false;
            range framed{none, none, none};
            return registry_.visit(line.substr(at, end - at), [&](connection& c) {
                if (framed.begin == none)
                    framed = frame(line);
                deliver(c, framed);
            });
        }
        if (line.find("\"broadcast\":true") == line.npos)
            return false;
        const range framed = frame(line);
        for (connection* c : registry_.everyone())
            deliver(*c, framed);
        return true;
    }

    range frame(std::string_view line)
    {
        const auto begin = static_cast<std::uint32_t>(arena_.size());
        append_text_frame(arena_, line);
        return {begin, static_cast<std::uint32_t>(arena_.size()), none};
    }

    void deliver(connection& c, const range& framed)
    {
        const auto index = static_cast<std::uint32_t>(ranges_.size());
        if (c.first_range == none) {
            c.first_range = c.last_range = index;
            dirty_.push_back(&c);
        } else if (ranges_[c.last_range].end == framed.begin) {
            ranges_[c.last_range].end = framed.end; // neighbours, as broadcasts are: one piece
            return;
        } else {
            ranges_[c.last_range].next = index;
            c.last_range = index;
        }
        ranges_.push_back(framed);
    }

    void flush_turn()
    {
        for (connection* c : dirty_) {
            if (!c->dead)
                flush(*c);
            c->first_range = c->last_range = none;
        }
        dirty_.clear();
        ranges_.clear();
        arena_.clear();
        std::erase_if(dead_, [](connection* c) {
            if (c->queued_again)
                return false; // the next turn still looks at it
            delete c;
            return true;
        });
    }

    // Copying small frames together costs less than a long gather list.
    void flush(connection& c)
    {
        const range& first = ranges_[c.first_range];
        if (first.next == none)
            return send_bytes(c, arena_.data() + first.begin, first.end - first.begin);
        gathered_.clear();
        for (std::uint32_t i = c.first_range; i != none; i = ranges_[i].next)
            gathered_.append(arena_, ranges_[i].begin, ranges_[i].end - ranges_[i].begin);
        send_bytes(c, gathered_.data(), gathered_.size());
    }

    void send_bytes(connection& c, const char* data, std::size_t size)
    {
        if (c.pending) {
            c.pending->append(data, size); // earlier bytes go first
        } else {
            ssize_t sent = send(c.fd, data, size, MSG_NOSIGNAL);
            if (sent == static_cast<ssize_t>(size))
                return;
            if (sent < 0) {
                if (errno != EAGAIN && errno != EINTR)
                    return drop(c);
                sent = 0;
            }
            const auto taken = static_cast<std::size_t>(sent);
            c.pending = std::make_unique<std::string>(data + taken, size - taken);
        }
        if (c.what == role::client && c.pending->size() > max_pending_bytes)
            drop(c); // it does not listen any more
    }

    void write_pending(connection& c)
    {
        const ssize_t sent = send(c.fd, c.pending->data(), c.pending->size(), MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN && errno != EINTR)
                drop(c);
            return;
        }
        c.pending->erase(0, static_cast<std::size_t>(sent));
        if (!c.pending->empty())
            return;
        c.pending.reset();
        if (c.paused) {
            c.paused = false;
            queue_again(c);
        }
    }

    std::size_t on_client(connection& c, std::string_view bytes)
    {
        std::size_t used = 0;
        if (!c.upgraded) {
            const std::size_t end = bytes.find("\r\n\r\n");
            if (end == bytes.npos || end > max_header_bytes) {
                if (bytes.size() > max_header_bytes)
                    drop(c);
                return 0;
            }
            used = end + 4;
            upgrade(c, bytes.substr(0, used));
        }
        while (!c.dead) {
            client_frame frame = read_client_frame(bytes.substr(used));
            if (frame.result == client_frame::verdict::need_more)
                break;
            if (frame.result == client_frame::verdict::refused) {
                drop(c);
                break;
            }
            on_message(c, frame.opcode, frame.payload);
            used += frame.size;
        }
        return used;
    }

    void upgrade(connection& c, std::string_view header)
    {
        const std::string answer = upgrade_answer(header);
        if (answer.empty()) {
            const std::string_view refusal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                                             "Content-Length: 0\r\n\r\n";
            send_bytes(c, refusal.data(), refusal.size());
            return drop(c);
        }
        send_bytes(c, answer.data(), answer.size());
        c.upgraded = true;
    }

    void on_message(connection& c, unsigned opcode, const std::string& payload)
    {
        if (opcode == 1) {
            if (c.place != none)
                return; // later messages are ignored
            if (payload.empty() || payload.size() > max_uid_bytes)
                return close_with(c, 0x88, "\x03\xf0"); // 1008
            registry_.bind(c, payload);
        } else if (opcode == 8) {
            close_with(c, 0x88, payload);
        } else if (opcode == 9 && payload.size() < 126) {
            // A pong may not overtake what this turn has queued: it joins the arena.
            const auto begin = static_cast<std::uint32_t>(arena_.size());
            arena_ += {'\x8a', static_cast<char>(payload.size())};
            arena_ += payload;
            deliver(c, {begin, static_cast<std::uint32_t>(arena_.size()), none});
        } else if (opcode != 10) {
            drop(c);
        }
    }

    void close_with(connection& c, unsigned char opcode, std::string_view payload)
    {
        if (c.first_range != none)
            flush(c);
        std::string frame{static_cast<char>(opcode), static_cast<char>(payload.size() & 0x7f)};
        frame += payload.substr(0, 125);
        if (!c.dead)
            send_bytes(c, frame.data(), frame.size());
        drop(c);
    }

    void drop(connection& c)
    {
        if (c.dead)
            return;
        c.dead = true;
        registry_.unbind(c);
        close(c.fd);
        // An entry of this turn's events or lists may still point at it.
        dead_.push_back(&c);
    }

    int epoll_ = -1;
    connection client_listener_;
    connection backend_listener_;
    registry registry_;
    std::vector<char> buffer_;
    std::string arena_;    // the frames of this turn
    std::string gathered_; // several frames for one connection
    std::string replies_;
    std::vector<range> ranges_;
    std::vector<connection*> dirty_;
    std::vector<connection*> again_;
    std::vector<connection*> dead_;
};

} // namespace bench
