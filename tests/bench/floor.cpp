// crier_floor: the least that a server of the wire contract can do on epoll, the yardstick of the
// bench. It does not parse JSON: a fixed scan finds the uid, a hash finds the connections, the
// frame is built once into the turn's arena, and each connection that has something to hear gets
// one write per turn. Replies leave in one write per read, before the deliveries, because then the
// back end is awake already when the rest comes.
//
// It is lean, not careless: bytes that the kernel does not take wait for their turn. What it leaves
// out it refuses: a fragmented or over-long client message ends that connection.

#include <algorithm>
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
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor/accept_key.hpp"

namespace {

constexpr std::size_t max_header_bytes = 8 * 1024;
constexpr std::size_t max_uid_bytes = 256;
constexpr std::size_t max_line_bytes = 64 * 1024;
constexpr std::size_t max_pending_bytes = 16 * 1024 * 1024;
constexpr std::size_t max_pending_replies = 1024 * 1024;
constexpr int accepts_per_turn = 64;
constexpr std::uint32_t none = ~std::uint32_t{0};

[[noreturn]] void give_up(const std::string& what)
{
    std::fprintf(stderr, "crier_floor: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

enum class role : std::uint8_t { client_listener, backend_listener, client, backend };

struct connection
{
    int fd = -1;
    role what = role::client;
    bool upgraded = false;
    bool dead = false;
    bool hung_up = false;
    bool queued_again = false;
    bool paused = false;

    // The ranges of this turn's arena that it will be sent, a list by index.
    std::uint32_t first_range = none;
    std::uint32_t last_range = none;

    // Registry: a chain of its bucket, and its place among all registered.
    std::uint32_t hash = 0;
    std::uint32_t place = none;
    connection* next_in_bucket = nullptr;

    std::string uid;
    std::unique_ptr<std::string> tail;    // an unfinished line, frame or header
    std::unique_ptr<std::string> pending; // what the kernel did not take yet
};

struct range
{
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t next;
};

std::uint32_t hash_of(std::string_view uid)
{
    std::uint64_t value = 0x9e3779b97f4a7c15 ^ uid.size();
    while (uid.size() >= 8) {
        std::uint64_t word;
        std::memcpy(&word, uid.data(), 8);
        value = (value ^ word) * 0xff51afd7ed558ccd;
        value ^= value >> 32;
        uid.remove_prefix(8);
    }
    std::uint64_t word = 0;
    for (const char c : uid)
        word = word << 8 | static_cast<unsigned char>(c);
    value = (value ^ word) * 0xff51afd7ed558ccd;
    return static_cast<std::uint32_t>(value >> 32);
}

// uid -> connections. Connections are the nodes themselves; those that share a uid share a bucket.
class registry
{
public:
    void bind(connection& c, std::string_view uid)
    {
        if (everyone_.size() >= buckets_.size())
            grow();
        c.uid = uid;
        c.hash = hash_of(uid);
        link(c);
        c.place = static_cast<std::uint32_t>(everyone_.size());
        everyone_.push_back(&c);
    }

    void unbind(connection& c)
    {
        if (c.place == none)
            return;
        connection** at = &bucket(c.hash);
        while (*at != &c)
            at = &(*at)->next_in_bucket;
        *at = c.next_in_bucket;
        everyone_[c.place] = everyone_.back();
        everyone_[c.place]->place = c.place;
        everyone_.pop_back();
        c.place = none;
    }

    template <class Function>
    bool visit(std::string_view uid, Function&& function)
    {
        bool found = false;
        const std::uint32_t hash = hash_of(uid);
        for (connection* c = bucket(hash); c; c = c->next_in_bucket)
            if (c->hash == hash && c->uid == uid) {
                function(*c);
                found = true;
            }
        return found;
    }

    const std::vector<connection*>& everyone() const { return everyone_; }

private:
    connection*& bucket(std::uint32_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }

    void link(connection& c)
    {
        connection*& head = bucket(c.hash);
        c.next_in_bucket = head;
        head = &c;
    }

    void grow()
    {
        buckets_.assign(buckets_.size() * 2, nullptr);
        for (connection* c : everyone_)
            link(*c);
    }

    std::vector<connection*> buckets_ = std::vector<connection*>(1024, nullptr);
    std::vector<connection*> everyone_;
};

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
            for (int i = 0; i < count; ++i)
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
        unsigned char header[10] = {0x81};
        std::size_t header_bytes = 2;
        if (line.size() < 126) {
            header[1] = static_cast<unsigned char>(line.size());
        } else if (line.size() < 65536) {
            header[1] = 126;
            header[2] = static_cast<unsigned char>(line.size() >> 8);
            header[3] = static_cast<unsigned char>(line.size());
            header_bytes = 4;
        } else {
            header[1] = 127;
            for (std::size_t i = 0; i < 8; ++i)
                header[2 + i] =
                    static_cast<unsigned char>(std::uint64_t{line.size()} >> (56 - 8 * i));
            header_bytes = 10;
        }
        arena_.append(reinterpret_cast<const char*>(header), header_bytes);
        arena_.append(line);
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
            const std::size_t step = on_frame(c, bytes.substr(used));
            if (step == 0)
                break;
            used += step;
        }
        return used;
    }

    void upgrade(connection& c, std::string_view header)
    {
        static constexpr std::string_view name = "\nsec-websocket-key:";
        const auto same = [](char a, char b) {
            return a == b || (a >= 'A' && a <= 'Z' && a + ('a' - 'A') == b);
        };
        const auto at = std::search(header.begin(), header.end(), name.begin(), name.end(), same);
        if (at == header.end()) {
            const std::string_view answer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
                                            "Content-Length: 0\r\n\r\n";
            send_bytes(c, answer.data(), answer.size());
            return drop(c);
        }
        std::string_view key{at + name.size(), header.end()};
        key = key.substr(0, key.find('\r'));
        while (!key.empty() && key.front() == ' ')
            key.remove_prefix(1);
        while (!key.empty() && key.back() == ' ')
            key.remove_suffix(1);
        const std::string answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                   "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                                   bench::accept_key(key) + "\r\n\r\n";
        send_bytes(c, answer.data(), answer.size());
        c.upgraded = true;
    }

    // Answers the bytes of one whole frame, 0 when it is not all there yet.
    std::size_t on_frame(connection& c, std::string_view bytes)
    {
        if (bytes.size() < 2)
            return 0;
        const auto first = static_cast<unsigned char>(bytes[0]);
        const auto second = static_cast<unsigned char>(bytes[1]);
        std::size_t size = second & 0x7f;
        std::size_t at = 2;
        if (size == 126) {
            if (bytes.size() < 4)
                return 0;
            size = std::size_t{static_cast<unsigned char>(bytes[2])} << 8 |
                   static_cast<unsigned char>(bytes[3]);
            at = 4;
        }
        if (!(second & 0x80) || !(first & 0x80) || size == 127) {
            drop(c);
            return 0;
        }
        if (bytes.size() < at + 4 + size)
            return 0;
        std::string payload{bytes.substr(at + 4, size)};
        for (std::size_t i = 0; i < size; ++i)
            payload[i] = static_cast<char>(payload[i] ^ bytes[at + i % 4]);
        on_message(c, first & 0x0f, payload);
        return at + 4 + size;
    }

    void on_message(connection& c, unsigned opcode, std::string& payload)
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

sockaddr_in address_of(const std::string& text)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    const std::size_t colon = text.rfind(':');
    const int port = colon == text.npos ? 0 : std::atoi(text.c_str() + colon + 1);
    if (port < 1 || port > 65535 ||
        inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1)
    {
        std::fprintf(stderr, "crier_floor: %s is not an IPv4 ADDRESS:PORT\n", text.c_str());
        std::exit(2);
    }
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

constexpr const char* usage =
    "crier_floor: the bare epoll server that the others are measured against\n"
    "\n"
    "  --clients ADDRESS:PORT   WebSocket clients (default 127.0.0.1:1234)\n"
    "  --backend ADDRESS:PORT   back ends, text lines (default 127.0.0.1:5678)\n"
    "  --read-bytes N           the most that one read takes (default 262144)\n"
    "  --help\n";

} // namespace

int main(int argc, char** argv)
{
    std::string clients = "127.0.0.1:1234";
    std::string backend = "127.0.0.1:5678";
    std::size_t read_bytes = 256 * 1024;
    for (int i = 1; i < argc; ++i) {
        const std::string_view flag = argv[i];
        if (flag == "--help") {
            std::fputs(usage, stdout);
            return 0;
        }
        if (i + 1 < argc && flag == "--clients") {
            clients = argv[++i];
        } else if (i + 1 < argc && flag == "--backend") {
            backend = argv[++i];
        } else if (i + 1 < argc && flag == "--read-bytes") {
            read_bytes = std::clamp(std::strtoul(argv[++i], nullptr, 10), 1ul, 1ul << 30);
        } else {
            std::fprintf(stderr, "crier_floor: what is %s?\n\n%s", argv[i], usage);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    server s{address_of(clients), address_of(backend), read_bytes};
    s.run();
}
