#ifndef CRIER_OPENING_HPP
#define CRIER_OPENING_HPP

#include <crier/config.hpp>
#include <crier/error.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace crier {

/// A client's HTTP request, as read by a codec that opens with one.
///
/// Lifetime: handed out by reference for the length of one call; the views point into it.
/// Thread safety: none.
class opening_request
{
public:
    opening_request() = default;
    opening_request(const opening_request&) = delete;
    opening_request& operator=(const opening_request&) = delete;

    /// Reads a whole header block, its empty line included, and judges it by the rules of RFC 7230
    /// and RFC 6455 section 4.2.1. Returns no error if it is a WebSocket upgrade (`is_upgrade()`),
    /// or another GET request that a server may answer.
    ///
    /// Errors: bad_request, method_not_allowed, upgrade_required (a WebSocket version other than
    /// 13), bad_key.
    CRIER_DECL error_code parse(std::string_view header_block);

    /// True for a WebSocket upgrade, false for a plain HTTP request.
    bool is_upgrade() const noexcept { return !key_.empty(); }

    /// "GET" for all that parse() lets pass; known also if it refused another one.
    std::string_view method() const noexcept { return method_; }

    /// The path and query, as the client wrote them: "/", "/room?id=3".
    std::string_view target() const noexcept { return target_; }

    /// The target without its query.
    std::string_view path() const noexcept { return target_.substr(0, target_.find('?')); }

    /// The value of a header field, without the white space around it, or an empty view. The name's
    /// case does not matter. If the field stands more than once, the first one.
    CRIER_DECL std::string_view field(std::string_view name) const noexcept;

    /// All header fields in their order, as (name, value).
    const std::vector<std::pair<std::string_view, std::string_view>>& fields() const noexcept
    {
        return fields_;
    }

    /// The subprotocols that the client offers, most wanted first (RFC 6455 section 11.3.4).
    CRIER_DECL std::vector<std::string_view> subprotocols() const;

    /// The value of Sec-WebSocket-Key; empty for a plain request.
    std::string_view websocket_key() const noexcept { return key_; }

private:
    CRIER_DECL error_code judge_upgrade();

    std::string text_;
    std::string_view method_;
    std::string_view target_;
    std::string_view key_;
    std::vector<std::pair<std::string_view, std::string_view>> fields_;
};

/// An HTTP response to a request that becomes no WebSocket connection. It is always sent with
/// `Connection: close` and a Content-Length.
struct http_response
{
    unsigned status = 200; ///< 200 to 599
    std::string content_type = "text/plain; charset=utf-8";
    std::string body{};
    /// Further fields, each "Name: value\r\n". They must not come from a client's bytes unchecked.
    std::string more_fields{};
};

/// What becomes of an opening request.
struct opening_answer
{
    bool accepted = false;
    std::string subprotocol{}; ///< if accepted: one that the client offered, or empty for none
    http_response response{};  ///< if not accepted

    /// Makes it a WebSocket connection. Accepting a plain HTTP request answers it with 426.
    static opening_answer accept(std::string subprotocol = {})
    {
        return {.accepted = true, .subprotocol = std::move(subprotocol)};
    }

    /// Answers with an HTTP response and closes.
    static opening_answer respond(http_response response)
    {
        return {.accepted = false, .subprotocol = {}, .response = std::move(response)};
    }
};

/// The response for a request that parse() refused, or for a plain request that nobody serves
/// (upgrade_required): 400, 405, 426 or 431 with one line that says why.
CRIER_DECL http_response refusal(error_code why);

/// The response's bytes.
CRIER_DECL std::string to_bytes(const http_response& response);

/// The bytes that accept a WebSocket upgrade (101, RFC 6455 section 4.2.2).
CRIER_DECL std::string switching_protocols(const opening_request& request,
                                           std::string_view subprotocol);

} // namespace crier

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/opening.ipp>
#endif

#endif
