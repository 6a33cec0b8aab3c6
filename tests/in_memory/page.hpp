#ifndef CRIER_TESTS_IN_MEMORY_PAGE_HPP
#define CRIER_TESTS_IN_MEMORY_PAGE_HPP

#include <crier/test/memory_page.hpp>

#include <string_view>

namespace support {

using crier::test::page_request;
using page = crier::test::memory_page;

/// A page that says its uid, all in one go with its request. It is heard when the network settles.
inline page open(crier::test::memory_network& network, std::string_view uid,
                 const page_request& request = {})
{
    page p(network, request);
    p.say(uid);
    return p;
}

} // namespace support

#endif
