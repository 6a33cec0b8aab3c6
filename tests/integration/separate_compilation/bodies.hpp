#ifndef CRIER_TESTS_INTEGRATION_SEPARATE_COMPILATION_BODIES_HPP
#define CRIER_TESTS_INTEGRATION_SEPARATE_COMPILATION_BODIES_HPP

#include <crier/crier.hpp>

#include <cstddef>
#include <string_view>

using two_file_server = crier::push_server<crier::clients<crier::tcp, crier::websocket>,
                                           crier::backend<crier::tcp, crier::text_line>>;

const boost::system::error_category& category_in_bodies();

/// How many connections were queued the message.
std::size_t push_in_bodies(two_file_server& server, std::string_view uid, std::string_view message);

#endif
