#include "web.hpp"

#include <string>

namespace push_server {
namespace {

std::string content_type(std::string_view path)
{
    if (path.ends_with(".html"))
        return "text/html; charset=utf-8";
    if (path.ends_with(".css"))
        return "text/css; charset=utf-8";
    if (path.ends_with(".js"))
        return "text/javascript; charset=utf-8";
    if (path.ends_with(".svg"))
        return "image/svg+xml";
    return "text/plain; charset=utf-8";
}

// The page loads and connects to nothing but this server, and stands in nobody's frame.
constexpr const char* page_fields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cache-Control: no-cache\r\n";

} // namespace

crier::http_response web_response(std::string_view path)
{
    if (path == "/")
        path = "/index.html";
    // Only exactly these names: nothing that a client writes ever reaches a file system.
    for (const web_file& file : web_files)
        if (file.path == path)
            return {.status = 200,
                    .content_type = content_type(path),
                    .body = std::string(file.bytes),
                    .more_fields = page_fields};
    return {.status = 404, .body = "not found\n", .more_fields = {}};
}

} // namespace push_server
