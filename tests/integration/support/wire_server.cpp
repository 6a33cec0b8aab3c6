#include "wire_server.hpp"

#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket.hpp>
#include <crier/push_server.hpp>
#include <crier/registry/latest_only.hpp>
#include <crier/registry/uid_registry.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/asio/use_future.hpp>

#include <chrono>
#include <stdexcept>
#include <vector>

#include "patience.hpp"
#include "server_thread.hpp"
#include "three_threads.hpp"
#include "within_patience.hpp"

namespace support {

struct wire_server::host
{
    virtual ~host() = default;
    virtual crier::counters counts() = 0;

    std::vector<std::string> addresses;
};

namespace {

struct answering_hooks : crier::hooks
{
    void on_message(crier::connection& c, crier::message_view message)
    {
        const bool text = message.kind == crier::message_kind::text;
        const std::string answer = (text ? "text: " : "binary: ") + std::string(message.data);
        c.send({answer, message.kind});
    }
};

template <class... Others>
struct host_of final : wire_server::host
{
    using server = as_compiled<crier::push_server, crier::clients<crier::tcp, crier::websocket>,
                               crier::backend<crier::tcp, crier::text_line>, Others...>;

    host_of()
    {
        addresses = thread.ask([this] { return s.addresses(); });
    }

    crier::counters counts() override
    {
        return within_patience(s.async_counts(boost::asio::use_future));
    }

    server s{{.transport = {.address = "127.0.0.1"}}, {}};
    server_thread<server> thread{s};
};

} // namespace

wire_server::wire_server(variant what)
{
    switch (what) {
    case as_in_readme:
        host_ = std::make_unique<host_of<crier::uid_registry>>();
        break;
    case latest_only:
        host_ = std::make_unique<host_of<crier::latest_only>>();
        break;
    case answering:
        host_ = std::make_unique<host_of<answering_hooks>>();
        break;
    }
}

wire_server::~wire_server() = default;

websocket_client wire_server::page(std::string_view uid)
{
    websocket_client client = silent_page();
    client.register_as(uid);
    return client;
}

websocket_client wire_server::silent_page()
{
    return websocket_client(clients_address());
}

line_client wire_server::back_end()
{
    return line_client(host_->addresses.at(1));
}

std::string wire_server::clients_address() const
{
    return host_->addresses.at(0);
}

crier::counters wire_server::counts()
{
    return host_->counts();
}

void wire_server::wait_for(std::uint64_t crier::counters::*counter, std::uint64_t value)
{
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::uint64_t is = 0;
    while ((is = counts().*counter) != value)
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("the counter is " + std::to_string(is) + ", not " +
                                     std::to_string(value));
}

} // namespace support
