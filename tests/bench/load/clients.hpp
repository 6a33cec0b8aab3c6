// The clients: each connects, says its uid, and judges every byte that it hears.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "back_ends.hpp"
#include "conversation.hpp"
#include "deflate.hpp"
#include "poll_set.hpp"
#include "websocket.hpp"

namespace bench {

class clients
{
public:
    clients(conversation& about, poll_set& polled, const back_ends& speaking)
        : about_(about), o_(about.o), polled_(polled), speaking_(speaking), clients_(o_.connections)
    {}

    // Starts as many as may connect at the same time.
    void start_more()
    {
        while (opening_ < o_.connecting && started_ < o_.connections) {
            clients_[started_].fd = connect_to(o_.clients, about_.serial++);
            polled_.watch(clients_[started_].fd, started_);
            ++opening_;
            ++started_;
        }
    }

    std::uint32_t not_open() const { return o_.connections - listening_ - gone_; }

    void on_event(std::uint32_t i, std::uint32_t events)
    {
        client& c = clients_[i];
        if (c.state == client_state::connecting) {
            if (const int error = connect_error(c.fd))
                return end(i, fault::handshake, std::strerror(error));
            if (!(events & EPOLLOUT))
                return;
            c.state = client_state::upgrading;
            const std::string request = upgrade_request(o_.clients.text, about_.target_of(i));
            send_whole(i, o_.deflate ? with_deflate_offer(request) : request);
        }
        if (means_input(events))
            read(i, means_the_end(events));
    }

    // Those that no probe has reached.
    std::vector<std::uint32_t> deaf() const
    {
        std::vector<std::uint32_t> found;
        for (std::uint32_t i = 0; i < clients_.size(); ++i)
            if (is_deaf(clients_[i]))
                found.push_back(i);
        return found;
    }
    bool any_deaf() const { return std::any_of(clients_.begin(), clients_.end(), is_deaf); }

    // How long messages took since their lines were due, if the mode asks for it.
    std::vector<std::uint64_t>& delays_ns() { return delays_ns_; }

    // When those messages arrived, if somebody wants to know.
    std::vector<std::uint64_t>& arrivals_ns() { return arrivals_ns_; }

    void report_missing()
    {
        std::vector<std::uint32_t> audiences;
        for (std::uint32_t i = 0; i < clients_.size(); ++i)
            audiences.push_back(about_.audience_of(i));
        about_.heard.report_lost(audiences);
        if (const std::uint32_t missing = not_open())
            about_.found.add(fault::handshake,
                             std::to_string(missing) + " clients did not get through it in time",
                             missing);
    }

private:
    enum class client_state : std::uint8_t { connecting, upgrading, listening, closed };

    struct client
    {
        descriptor fd;
        client_state state = client_state::connecting;
        std::uint32_t probed = 0; // the last probe that it heard
        std::string tail;         // an unfinished header or frame
        std::unique_ptr<deflate_agreement> deflate;
    };

    static bool is_deaf(const client& c) { return !c.probed && c.state != client_state::closed; }
    static std::string name(std::uint32_t i) { return "connection " + std::to_string(i); }

    // What a client says is so short that a kernel which does not take it whole is at fault.
    void send_whole(std::uint32_t i, std::string_view bytes)
    {
        if (send(clients_[i].fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size()))
            end(i, fault::closed, "cannot write to it");
    }

    void end(std::uint32_t i, fault kind, const std::string& why)
    {
        client& c = clients_[i];
        if (c.state == client_state::closed)
            return;
        about_.found.add(kind, name(i) + ": " + why);
        if (c.state == client_state::listening)
            --listening_;
        else
            --opening_;
        c.state = client_state::closed;
        c.fd.reset();
        ++gone_;
    }

    void read(std::uint32_t i, bool hung_up)
    {
        client& c = clients_[i];
        std::vector<char>& buffer = about_.buffer;
        while (c.state != client_state::closed) {
            const std::size_t have = c.tail.size();
            std::memcpy(buffer.data(), c.tail.data(), have);
            const ssize_t got = recv(c.fd.get(), buffer.data() + have, buffer.size() - have, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR))
                return;
            if (got < 0)
                return end(i, fault::closed, std::strerror(errno));
            if (got == 0)
                return end(i, fault::closed, "the server ended it");
            if (o_.mode == load_mode::latency || o_.pace)
                arrival_ns_ = now_ns();
            const std::string_view bytes{buffer.data(), have + static_cast<std::size_t>(got)};
            const std::size_t used = on_bytes(i, bytes);
            c.tail.assign(bytes.substr(used));
            if (bytes.size() < buffer.size() && !hung_up)
                return; // the socket is empty, and an edge will say when it is not
        }
    }

    std::size_t on_bytes(std::uint32_t i, std::string_view bytes)
    {
        client& c = clients_[i];
        std::size_t used = 0;
        if (c.state == client_state::upgrading) {
            used = on_upgrade(i, bytes);
            if (c.state != client_state::listening)
                return used;
        }
        while (c.state == client_state::listening) {
            const server_frame frame = read_server_frame(bytes.substr(used), c.deflate != nullptr);
            if (frame.result == server_frame::verdict::need_more)
                break;
            if (frame.result == server_frame::verdict::bad) {
                end(i, fault::framing, frame.reason);
                break;
            }
            used += frame.size;
            if (frame.opcode == 1)
                on_message(i, frame.compressed ? c.deflate->message(frame.payload) : frame.payload);
            else if (frame.opcode == 9)
                send_whole(i, client_frame(10, frame.payload));
            else if (frame.opcode == 8)
                end(i, fault::closed, "the server sent close " + close_words(frame.payload));
        }
        return used;
    }

    std::size_t on_upgrade(std::uint32_t i, std::string_view bytes)
    {
        const std::size_t at = bytes.find("\r\n\r\n");
        if (at == bytes.npos) {
            if (bytes.size() > 16 * 1024)
                end(i, fault::handshake, "the answer has no end");
            return 0;
        }
        std::string header(bytes.substr(0, at + 2)), wrong;
        if (o_.deflate) {
            clients_[i].deflate = std::make_unique<deflate_agreement>();
            wrong = clients_[i].deflate->take_from(header);
        }
        if (wrong.empty())
            wrong = judge_upgrade(header);
        if (!wrong.empty()) {
            end(i, fault::handshake, wrong);
            return at + 4;
        }
        clients_[i].state = client_state::listening;
        --opening_;
        ++listening_;
        if (o_.speaks == protocol::lines)
            send_whole(i, client_frame(1, about_.name_of(about_.uid_of(i))));
        return at + 4;
    }

    static std::string close_words(std::string_view payload)
    {
        if (payload.size() < 2)
            return "without a code";
        const int code =
            static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
        return std::to_string(code) + ' ' + std::string{payload.substr(2)};
    }

    void on_message(std::uint32_t i, std::string_view message)
    {
        if (!o_.ignore.empty() && message.starts_with(o_.ignore))
            return;
        const bool to_everyone = message.starts_with(about_.prefixes.back());
        const std::string& prefix =
            about_.prefixes[to_everyone ? about_.everyone() : about_.uid_of(i)];
        const parsed_line line = about_.format.parse(message, prefix);
        if (!line.valid) [[unlikely]] {
            const bool strayed =
                message.starts_with("{\"uid\":\"" + o_.uid_prefix) && !message.starts_with(prefix);
            return heard_wrong(strayed ? fault::misrouted : fault::altered, i, message);
        }
        if (line.b == about_.streams && to_everyone == (about_.probed_for(i) == about_.everyone()))
            return on_probe(i, line.n, message);
        if (line.b >= about_.streams || message.size() != speaking_.payload_bytes(line.b) ||
            to_everyone != (o_.mode == load_mode::broadcast))
            return heard_wrong(fault::altered, i, message);
        about_.heard.heard(i, about_.audience_of(i), line.b, line.n);
        const bool timed = o_.mode == load_mode::latency || o_.pace;
        if (timed && about_.measured && !speaking_.floods(line.b)) {
            delays_ns_.push_back(arrival_ns_ -
                                 std::min(arrival_ns_, speaking_.due_ns(line.b, line.n)));
            if (!o_.delays.empty())
                arrivals_ns_.push_back(arrival_ns_);
        }
    }

    void on_probe(std::uint32_t i, std::uint32_t n, std::string_view message)
    {
        client& c = clients_[i];
        if (n > speaking_.sent(about_.streams) ||
            message.size() != speaking_.payload_bytes(about_.streams))
            heard_wrong(fault::altered, i, message);
        else if (n <= c.probed)
            heard_wrong(n == c.probed ? fault::duplicated : fault::reordered, i, message);
        else
            c.probed = n;
    }

    void heard_wrong(fault kind, std::uint32_t i, std::string_view message)
    {
        about_.found.add(kind, name(i) + " heard " + std::string{message.substr(0, 60)});
    }

    conversation& about_;
    const options& o_;
    poll_set& polled_;
    const back_ends& speaking_;
    std::vector<client> clients_;
    std::uint32_t opening_ = 0;
    std::uint32_t started_ = 0;
    std::uint32_t listening_ = 0;
    std::uint32_t gone_ = 0;
    std::uint64_t arrival_ns_ = 0;
    std::vector<std::uint64_t> delays_ns_;
    std::vector<std::uint64_t> arrivals_ns_;
};

} // namespace bench
