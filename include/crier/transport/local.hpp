#ifndef CRIER_TRANSPORT_LOCAL_HPP
#define CRIER_TRANSPORT_LOCAL_HPP

#include <crier/concepts/transport.hpp>
#include <crier/detail/descriptor_stream.hpp>

#include <optional>
#include <string>

#include <unistd.h>

namespace crier {

/// Transport: local (Unix domain) stream sockets. Who may connect is a matter of the file's mode.
///
/// A socket file that nobody listens on any more is replaced; any other file there is an error. The
/// file is removed when the listener closes.
///
/// Models: transport.
struct local
{
    std::string path{};   ///< of the socket file; at most 107 bytes
    unsigned mode = 0660; ///< its permissions
    int backlog = 4096;   ///< connections waiting to be accepted; the system may allow fewer

    using stream = detail::descriptor_stream;
    class acceptor;
};

/// Listens. Throws boost::system::system_error whose text names the path and the reason.
class local::acceptor : public detail::descriptor_acceptor
{
public:
    acceptor(executor ex, const local& options)
        : descriptor_acceptor(ex, detail::listen_local(options.path, options.backlog, options.mode))
    {}

    acceptor(const acceptor&) = delete;
    acceptor& operator=(const acceptor&) = delete;
    ~acceptor() { close(); }

    void close() noexcept
    {
        if (open_)
            ::unlink(address().c_str());
        open_ = false;
        descriptor_acceptor::close();
    }

private:
    bool open_ = true;
};

static_assert(transport<local> && stream_moves<local>);

} // namespace crier

#endif
