#ifndef CRIER_EXAMPLES_PUSH_SERVER_ANY_ADDRESS_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_ANY_ADDRESS_HPP

#include <crier/concepts/transport.hpp>
#include <crier/transport/local.hpp>
#include <crier/transport/tcp.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace push_server {

/// Transport: any number of addresses, each tcp or local, chosen when the program runs.
///
/// Models: crier::transport.
struct any_address
{
    std::vector<std::variant<crier::tcp, crier::local>> addresses{};

    using stream = crier::tcp::stream;
    static_assert(std::same_as<stream, crier::local::stream>);
    class acceptor;
};

/// Listens on all of them. Throws boost::system::system_error whose text names the address that it
/// cannot listen on.
class any_address::acceptor
{
public:
    acceptor(crier::executor ex, const any_address& options)
    {
        for (const auto& address : options.addresses)
            std::visit(
                [&]<class Transport>(const Transport& transport) {
                    all_.push_back(std::make_unique<one>(
                        std::in_place_type<typename Transport::acceptor>, ex, transport));
                },
                address);
    }

    void watch(crier::watcher& w)
    {
        for (const auto& each : all_)
            std::visit([&](auto& a) { a.watch(w); }, *each);
    }

    /// From one after the other, so that a flood at one address does not hold up the others.
    std::optional<stream> accept(crier::error_code& ec)
    {
        ec = {};
        for (std::size_t asked = 0; asked < all_.size(); ++asked) {
            next_ = (next_ + 1) % all_.size();
            auto found = std::visit([&](auto& a) { return a.accept(ec); }, *all_[next_]);
            if (found || ec)
                return found;
        }
        return std::nullopt;
    }

    std::string address() const
    {
        std::string list;
        for (const auto& each : all_)
            list += (list.empty() ? "" : ", ") +
                    std::visit([](const auto& a) { return a.address(); }, *each);
        return list;
    }

    bool is_private() const noexcept
    {
        return std::all_of(all_.begin(), all_.end(), [](const auto& each) {
            return std::visit([](const auto& a) { return a.is_private(); }, *each);
        });
    }

    void close() noexcept
    {
        for (const auto& each : all_)
            std::visit([](auto& a) { a.close(); }, *each);
    }

private:
    using one = std::variant<crier::tcp::acceptor, crier::local::acceptor>;

    std::vector<std::unique_ptr<one>> all_; // an acceptor stays where it is
    std::size_t next_ = 0;
};

static_assert(crier::check_transport<any_address>());

} // namespace push_server

#endif
