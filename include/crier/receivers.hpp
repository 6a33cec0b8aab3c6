#ifndef CRIER_RECEIVERS_HPP
#define CRIER_RECEIVERS_HPP

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier {

/// Who is to be told: uids, a topic, or everybody, some uids perhaps left out.
///
/// Example (declarations):
///     void tell(crier::push_server<crier::clients<crier::tcp, crier::websocket>>& server)
///     {
///         server.push(crier::receivers::uids({"ann", "bob"}), "dinner");
///         server.push(crier::receivers::topic("news").except({"ann"}), "rain");
///     }
class receivers
{
public:
    enum kind_type : unsigned char { kind_uids, kind_topic, kind_everybody };

    /// All connections of these uids. One that stands twice counts once.
    static receivers uids(std::vector<std::string> all) { return {kind_uids, std::move(all)}; }

    /// All connections that have joined the topic (connection::join).
    static receivers topic(std::string name) { return {kind_topic, {std::move(name)}}; }

    /// All registered connections.
    static receivers everybody() { return {kind_everybody, {}}; }

    /// The same without these uids. They are compared, byte for byte, with connection::uid(), or with
    /// the names that were given to uids(); a registry that reads a meaning into uids is not asked.
    receivers except(std::vector<std::string> uids) &&
    {
        except_ = std::move(uids);
        return std::move(*this);
    }

    kind_type kind() const noexcept { return kind_; }

    /// The uids, or the topic as the only one.
    const std::vector<std::string>& names() const noexcept { return names_; }

    const std::vector<std::string>& excepted() const noexcept { return except_; }

private:
    receivers(kind_type kind, std::vector<std::string> names)
        : kind_(kind), names_(std::move(names))
    {}

    kind_type kind_;
    std::vector<std::string> names_;
    std::vector<std::string> except_;
};

} // namespace crier

#endif
