// The wire contract with websocketpp on Asio, one thread: crier_websocketpp CLIENTS_PORT BACKEND_PORT
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using tcp = boost::asio::ip::tcp;
using error_code = boost::system::error_code;
using endpoint = websocketpp::server<websocketpp::config::asio>;
using websocketpp::connection_hdl;

class pages
{
public:
    pages(asio::io_context& context, std::uint16_t port)
    {
        endpoint_.clear_access_channels(websocketpp::log::alevel::all);
        endpoint_.clear_error_channels(websocketpp::log::elevel::all);
        endpoint_.init_asio(&context);
        endpoint_.set_reuse_addr(true);
        endpoint_.set_listen_backlog(4096);
        endpoint_.set_tcp_pre_init_handler([this](connection_hdl page) {
            error_code ec;
            endpoint_.get_con_from_hdl(page)->get_raw_socket().set_option(tcp::no_delay(true), ec);
        });
        endpoint_.set_message_handler(
            [this](connection_hdl page, const endpoint::message_ptr& message) {
                if (uids_.emplace(page, message->get_payload()).second)
                    pages_[message->get_payload()].insert(endpoint_.get_con_from_hdl(page));
            });
        endpoint_.set_close_handler([this](connection_hdl page) { leave(page); });
        endpoint_.listen(tcp::endpoint(asio::ip::address_v4::loopback(), port));
        endpoint_.start_accept();
    }

    /// True for ok.
    bool push(const std::string& line)
    {
        json::error_code ec;
        const json::value command = json::parse(line, ec);
        const json::object* const object = ec ? nullptr : command.if_object();
        if (!object)
            return false;
        const json::value* const uid = object->if_contains("uid");
        if (!uid) {
            const json::value* const everybody = object->if_contains("broadcast");
            if (!everybody || !everybody->is_bool() || !everybody->get_bool())
                return false;
            for (const auto& [name, all] : pages_)
                send(all, line);
            return true;
        }
        const auto found = pages_.find(uid->is_string()  ? std::string(uid->get_string())
                                       : uid->is_int64() ? std::to_string(uid->get_int64())
                                                         : std::string());
        if (found == pages_.end())
            return false;
        send(found->second, line);
        return true;
    }

private:
    using connections = std::set<endpoint::connection_ptr>;

    static void send(const connections& to, const std::string& line)
    {
        for (const endpoint::connection_ptr& page : to)
            page->send(line, websocketpp::frame::opcode::text);
    }

    void leave(connection_hdl page)
    {
        const auto uid = uids_.find(page);
        if (uid == uids_.end())
            return;
        const auto found = pages_.find(uid->second);
        found->second.erase(endpoint_.get_con_from_hdl(page));
        if (found->second.empty())
            pages_.erase(found);
        uids_.erase(uid);
    }

    endpoint endpoint_;
    std::map<connection_hdl, std::string, std::owner_less<connection_hdl>> uids_;
    std::unordered_map<std::string, connections> pages_;
};

/// Reads what has come, answers all whole lines at once, and reads on when that is written.
class back_end_session : public std::enable_shared_from_this<back_end_session>
{
public:
    back_end_session(tcp::socket&& socket, pages& all) : socket_(std::move(socket)), pages_(all) {}

    void run()
    {
        asio::async_read_until(socket_, asio::dynamic_buffer(lines_, 1024 * 1024), '\n',
                               [self = shared_from_this()](error_code ec, std::size_t) {
                                   if (!ec)
                                       self->answer();
                               });
    }

private:
    void answer()
    {
        std::size_t first = 0;
        for (std::size_t end; (end = lines_.find('\n', first)) != std::string::npos;
             first = end + 1)
            replies_ += pages_.push(lines_.substr(first, end - first)) ? "ok\n" : "fail\n";
        lines_.erase(0, first);
        asio::async_write(socket_, asio::buffer(replies_),
                          [self = shared_from_this()](error_code ec, std::size_t) {
                              self->replies_.clear();
                              if (!ec)
                                  self->run();
                          });
    }

    tcp::socket socket_;
    pages& pages_;
    std::string lines_, replies_;
};

void accept(tcp::acceptor& acceptor, pages& all)
{
    acceptor.async_accept([&](error_code ec, tcp::socket socket) {
        if (!ec) {
            socket.set_option(tcp::no_delay(true), ec);
            std::make_shared<back_end_session>(std::move(socket), all)->run();
        }
        accept(acceptor, all);
    });
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: crier_websocketpp CLIENTS_PORT BACKEND_PORT\n";
        return 2;
    }
    const auto port = [&](int i) { return static_cast<std::uint16_t>(std::atoi(argv[i])); };
    try {
        asio::io_context context(1);
        pages all(context, port(1));
        tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port(2)});
        accept(acceptor, all);
        asio::signal_set signals(context, SIGINT, SIGTERM);
        signals.async_wait([&](error_code, int) { context.stop(); });
        context.run();
    } catch (const std::exception& e) {
        std::cerr << "crier_websocketpp: " << e.what() << '\n';
        return 1;
    }
}
