#ifndef CRIER_IMPL_OPENING_IPP
#define CRIER_IMPL_OPENING_IPP

#include <crier/codec/websocket/accept_key.hpp>
#include <crier/detail/http_grammar.hpp>
#include <crier/opening.hpp>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/status.hpp>

#include <cstdint>

namespace crier {
namespace detail {

/// Beast reads the HTTP; this only writes down what it found, as views into the block it read.
class request_reader final : public boost::beast::http::basic_parser<true>
{
public:
    using view = boost::beast::string_view;
    using size_hint = boost::optional<std::uint64_t>;

    std::string_view method, target;
    int version = 0;
    std::vector<std::pair<std::string_view, std::string_view>> fields;

private:
    static std::string_view own(view v) { return {v.data(), v.size()}; }

    void on_request_impl(boost::beast::http::verb, view m, view t, int v, error_code&) override
    {
        method = own(m);
        target = own(t);
        version = v;
    }

    void on_field_impl(boost::beast::http::field, view name, view value, error_code&) override
    {
        fields.emplace_back(own(name), own(value));
    }

    void on_response_impl(int, view, int, error_code&) override {}
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const size_hint&, error_code&) override {}
    std::size_t on_body_impl(view body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, view body, error_code&) override
    {
        return body.size();
    }
    void on_finish_impl(error_code&) override {}
};

} // namespace detail

CRIER_COLD CRIER_DECL error_code opening_request::parse(std::string_view header_block)
{
    // A folded line (RFC 7230 section 3.2.4) must be refused; the parser would unfold it.
    if (header_block.find("\r\n ") != std::string_view::npos ||
        header_block.find("\r\n\t") != std::string_view::npos)
        return error::bad_request;

    key_ = {};
    text_ = header_block;
    detail::request_reader reader;
    error_code ec;
    reader.header_limit(UINT32_MAX); // the codec has its own
    reader.put(boost::asio::const_buffer(text_.data(), text_.size()), ec);
    if (ec || !reader.is_header_done())
        return error::bad_request;
    fields_ = std::move(reader.fields);
    target_ = reader.target;

    method_ = reader.method;
    std::size_t hosts = 0;
    for (const auto& [name, value] : fields_) {
        if (detail::iequals(name, "Host")) {
            ++hosts;
            if (!detail::may_be_host(value))
                return error::bad_request;
        } else if (detail::iequals(name, "Transfer-Encoding")) {
            return error::bad_request;
        } else if (detail::iequals(name, "Content-Length") && value != "0") {
            return error::bad_request;
        }
    }
    if (hosts > 1 || (reader.version >= 11 && hosts == 0))
        return error::bad_request;
    if (reader.method != "GET")
        return error::method_not_allowed;

    // A proxy may send the absolute form (RFC 7230 section 5.3.2); what follows the host is meant.
    if (!target_.starts_with('/')) {
        const auto scheme = target_.find("://");
        const auto slash =
            scheme == std::string_view::npos ? scheme : target_.find('/', scheme + 3);
        if (slash == std::string_view::npos)
            return error::bad_request;
        target_.remove_prefix(slash);
    }
    if (target_.find('#') != std::string_view::npos)
        return error::bad_request; // a fragment is the client's own (RFC 6455 section 3)

    const error_code refused = judge_upgrade();
    if (!refused && is_upgrade() && reader.version < 11)
        return error::bad_request;
    return refused;
}

CRIER_COLD CRIER_DECL error_code opening_request::judge_upgrade()
{
    bool upgrade = false, connection = false, well_formed = true;
    std::size_t keys = 0, versions = 0;
    std::string_view key, version;
    for (const auto& [name, value] : fields_) {
        if (detail::iequals(name, "Upgrade")) {
            detail::for_each_in_list(
                value, [&](std::string_view t) { upgrade |= detail::iequals(t, "websocket"); });
        } else if (detail::iequals(name, "Connection")) {
            detail::for_each_in_list(
                value, [&](std::string_view t) { connection |= detail::iequals(t, "upgrade"); });
        } else if (detail::iequals(name, "Sec-WebSocket-Key")) {
            ++keys;
            key = value;
        } else if (detail::iequals(name, "Sec-WebSocket-Version")) {
            ++versions;
            version = value;
        } else if (detail::iequals(name, "Sec-WebSocket-Protocol")) {
            detail::for_each_in_list(
                value, [&](std::string_view t) { well_formed &= detail::is_token(t); });
        } else if (detail::iequals(name, "Sec-WebSocket-Extensions")) {
            detail::for_each_in_list(
                value, [&](std::string_view t) { well_formed &= detail::is_extension(t); });
        }
    }
    if (!upgrade)
        return {}; // a plain request
    if (!connection || !well_formed || versions != 1)
        return error::bad_request;
    if (version != "13")
        return error::upgrade_required;
    if (keys != 1 || !is_websocket_key(key))
        return error::bad_key;
    key_ = key;
    return {};
}

CRIER_DECL std::string_view opening_request::field(std::string_view name) const noexcept
{
    for (const auto& [n, value] : fields_)
        if (detail::iequals(n, name))
            return value;
    return {};
}

CRIER_COLD CRIER_DECL std::vector<std::string_view> opening_request::subprotocols() const
{
    std::vector<std::string_view> offered;
    for (const auto& [name, value] : fields_)
        if (detail::iequals(name, "Sec-WebSocket-Protocol"))
            detail::for_each_in_list(value, [&](std::string_view t) { offered.push_back(t); });
    return offered;
}

CRIER_COLD CRIER_DECL http_response refusal(error_code why)
{
    http_response response;
    response.status = 400;
    if (why == error::header_too_large) {
        response.status = 431;
    } else if (why == error::method_not_allowed) {
        response.status = 405;
        response.more_fields = "Allow: GET\r\n";
    } else if (why == error::upgrade_required) {
        response.status = 426;
        response.more_fields = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    }
    response.body = why.message() + "\n";
    return response;
}

CRIER_COLD CRIER_DECL std::string to_bytes(const http_response& response)
{
    const auto reason = boost::beast::http::obsolete_reason(
        static_cast<boost::beast::http::status>(response.status));
    std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ';
    out.append(reason.data(), reason.size());
    out += "\r\nConnection: close\r\nContent-Type: " + response.content_type +
           "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n" +
           response.more_fields + "\r\n" + response.body;
    return out;
}

CRIER_COLD CRIER_DECL std::string switching_protocols(const opening_request& request,
                                                      std::string_view subprotocol)
{
    std::string out = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
                      accept_key(request.websocket_key()) + "\r\n";
    if (!subprotocol.empty())
        out.append("Sec-WebSocket-Protocol: ").append(subprotocol).append("\r\n");
    return out += "\r\n";
}

} // namespace crier

#endif
