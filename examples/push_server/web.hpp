#ifndef CRIER_EXAMPLES_PUSH_SERVER_WEB_HPP
#define CRIER_EXAMPLES_PUSH_SERVER_WEB_HPP

#include <crier/opening.hpp>

#include <span>
#include <string_view>

namespace push_server {

/// A file of the demo page, as it was when the program was built.
struct web_file
{
    std::string_view path; ///< "/style.css"
    std::string_view bytes;
};

/// All of them; embed.cmake writes the definition.
extern const std::span<const web_file> web_files;

/// The answer to a plain GET request for this path: a file of the demo page, or 404.
crier::http_response web_response(std::string_view path);

} // namespace push_server

#endif
