// The one source file of this program that has the bodies.
#include "bodies.hpp"

#include <crier/crier.hpp>
#include <crier/src.hpp>

const boost::system::error_category& category_in_bodies()
{
    return crier::error_category();
}

std::size_t push_in_bodies(two_file_server& server, std::string_view uid, std::string_view message)
{
    return server.push(uid, message).queued;
}
