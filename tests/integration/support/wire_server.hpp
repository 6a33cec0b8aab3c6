#ifndef CRIER_TESTS_INTEGRATION_WIRE_SERVER_HPP
#define CRIER_TESTS_INTEGRATION_WIRE_SERVER_HPP

#include <crier/counters.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "line_client.hpp"
#include "websocket_client.hpp"

namespace support {

/// The README's server with its default options, on a thread of its own and on ports that the
/// system chose. Not a template, so that tests of what is on the wire compile without crier.
class wire_server
{
public:
    enum variant {
        as_in_readme,
        latest_only, ///< with that registry
        answering,   ///< with a hook that answers in kind: "text: ..." or "binary: ..."
    };

    explicit wire_server(variant what = as_in_readme);
    ~wire_server();

    /// A page that is registered.
    websocket_client page(std::string_view uid);

    /// A page that has not said its uid.
    websocket_client silent_page();

    line_client back_end();

    std::string clients_address() const;

    crier::counters counts();

    /// Waits until a counter has reached a value; says which it has, if it never does.
    void wait_for(std::uint64_t crier::counters::*counter, std::uint64_t value);

    struct host;

private:
    std::unique_ptr<host> host_;
};

} // namespace support

#endif
