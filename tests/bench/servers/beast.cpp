// The wire contract with Boost.Beast, as its own chat examples do it: a session for each page, the
// state that they share, one shared string for each message, and in each session a queue of those that
// are not written yet. On one thread, so that neither strands nor locks are needed.
// crier_beast CLIENTS_PORT BACKEND_PORT [deflate]
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
namespace websocket = boost::beast::websocket;
using tcp = boost::asio::ip::tcp;
using message = std::shared_ptr<const std::string>;

class page_session;

/// Who is there, by uid.
class shared_state
{
public:
    explicit shared_state(bool deflate)
    {
        compression.server_enable = deflate;
        compression.msg_size_threshold = 256;
    }

    void join(const std::string& uid, page_session& page) { pages_[uid].insert(&page); }
    void leave(const std::string& uid, page_session& page)
    {
        if (const auto found = pages_.find(uid); found != pages_.end())
            if (found->second.erase(&page) && found->second.empty())
                pages_.erase(found);
    }

    /// True for ok.
    bool push(std::string_view line);

    websocket::permessage_deflate compression;

private:
    std::unordered_map<std::string, std::unordered_set<page_session*>> pages_;
};

class page_session : public std::enable_shared_from_this<page_session>
{
public:
    page_session(tcp::socket&& socket, shared_state& state) : ws_(std::move(socket)), state_(state)
    {}

    ~page_session() { state_.leave(uid_, *this); }

    void run()
    {
        ws_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
        ws_.set_option(state_.compression);
        ws_.auto_fragment(false);
        ws_.text(true);
        ws_.async_accept(beast::bind_front_handler(&page_session::on_accept, shared_from_this()));
    }

    void send(const message& m)
    {
        queue_.push_back(m);
        if (queue_.size() == 1)
            write();
    }

private:
    void on_accept(beast::error_code ec)
    {
        if (!ec)
            read();
    }

    void read()
    {
        ws_.async_read(buffer_,
                       beast::bind_front_handler(&page_session::on_read, shared_from_this()));
    }

    void on_read(beast::error_code ec, std::size_t)
    {
        if (ec)
            return;
        if (uid_.empty()) {
            uid_ = beast::buffers_to_string(buffer_.data());
            state_.join(uid_, *this);
        }
        buffer_.consume(buffer_.size());
        read();
    }

    void write()
    {
        ws_.async_write(asio::buffer(*queue_.front()),
                        beast::bind_front_handler(&page_session::on_write, shared_from_this()));
    }

    void on_write(beast::error_code ec, std::size_t)
    {
        if (ec)
            return;
        queue_.pop_front();
        if (!queue_.empty())
            write();
    }

    beast::flat_buffer buffer_;
    websocket::stream<beast::tcp_stream> ws_;
    shared_state& state_;
    std::string uid_;
    std::deque<message> queue_;
};

bool shared_state::push(std::string_view line)
{
    json::error_code ec;
    const json::value command = json::parse(line, ec);
    const json::object* const object = ec ? nullptr : command.if_object();
    if (!object)
        return false;
    const auto m = std::make_shared<const std::string>(line);
    const json::value* const uid = object->if_contains("uid");
    if (!uid) {
        const json::value* const everybody = object->if_contains("broadcast");
        if (!everybody || !everybody->is_bool() || !everybody->get_bool())
            return false;
        for (const auto& [name, pages] : pages_)
            for (page_session* page : pages)
                page->send(m);
        return true;
    }
    const std::string name = uid->is_string()  ? std::string(uid->get_string())
                             : uid->is_int64() ? std::to_string(uid->get_int64())
                                               : std::string();
    const auto found = pages_.find(name);
    if (found == pages_.end())
        return false;
    for (page_session* page : found->second)
        page->send(m);
    return true;
}

/// Reads what has come, answers all whole lines at once, and reads on when that is written.
class back_end_session : public std::enable_shared_from_this<back_end_session>
{
public:
    back_end_session(tcp::socket&& socket, shared_state& state)
        : socket_(std::move(socket)), state_(state)
    {}

    void run()
    {
        asio::async_read_until(
            socket_, asio::dynamic_buffer(lines_, 1024 * 1024), '\n',
            beast::bind_front_handler(&back_end_session::on_read, shared_from_this()));
    }

private:
    void on_read(beast::error_code ec, std::size_t)
    {
        if (ec)
            return;
        std::size_t first = 0;
        for (std::size_t end; (end = lines_.find('\n', first)) != std::string::npos;
             first = end + 1)
            replies_ += state_.push(std::string_view(lines_).substr(first, end - first)) ? "ok\n"
                                                                                         : "fail\n";
        lines_.erase(0, first);
        asio::async_write(
            socket_, asio::buffer(replies_),
            beast::bind_front_handler(&back_end_session::on_write, shared_from_this()));
    }

    void on_write(beast::error_code ec, std::size_t)
    {
        if (ec)
            return;
        replies_.clear();
        run();
    }

    tcp::socket socket_;
    shared_state& state_;
    std::string lines_, replies_;
};

template <class Session>
class listener
{
public:
    listener(asio::io_context& context, std::uint16_t port, shared_state& state)
        : acceptor_(context, {asio::ip::address_v4::loopback(), port}), state_(state)
    {
        accept();
    }

private:
    void accept()
    {
        acceptor_.async_accept([this](beast::error_code ec, tcp::socket socket) {
            if (!ec) {
                socket.set_option(tcp::no_delay(true), ec);
                std::make_shared<Session>(std::move(socket), state_)->run();
            }
            accept();
        });
    }

    tcp::acceptor acceptor_;
    shared_state& state_;
};

} // namespace

int main(int argc, char** argv)
{
    const bool deflate = argc == 4 && std::string_view(argv[3]) == "deflate";
    if (argc != 3 && !deflate) {
        std::cerr << "usage: crier_beast CLIENTS_PORT BACKEND_PORT [deflate]\n";
        return 2;
    }
    const auto port = [&](int i) { return static_cast<std::uint16_t>(std::atoi(argv[i])); };
    try {
        shared_state state(deflate);
        asio::io_context context(1);
        const listener<page_session> pages(context, port(1), state);
        const listener<back_end_session> back_ends(context, port(2), state);
        asio::signal_set signals(context, SIGINT, SIGTERM);
        signals.async_wait([&](beast::error_code, int) { context.stop(); });
        context.run();
    } catch (const std::exception& e) {
        std::cerr << "crier_beast: " << e.what() << '\n';
        return 1;
    }
}
