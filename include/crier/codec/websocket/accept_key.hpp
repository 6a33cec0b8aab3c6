#ifndef CRIER_CODEC_WEBSOCKET_ACCEPT_KEY_HPP
#define CRIER_CODEC_WEBSOCKET_ACCEPT_KEY_HPP

#include <crier/config.hpp>

#include <array>
#include <string>
#include <string_view>

namespace crier {

/// SHA-1 of the bytes (FIPS 180-4). The WebSocket handshake asks for it, as a proof that the server
/// read the request; nothing in crier's security rests on it.
CRIER_DECL std::array<unsigned char, 20> sha1(std::string_view bytes) noexcept;

/// Base64 with padding (RFC 4648 section 4).
CRIER_DECL std::string base64_encode(std::string_view bytes);

/// True for the base64 of exactly 16 bytes: 22 characters of the alphabet and "==" (RFC 6455
/// section 4.2.1, item 5). The four unused bits of the last character may be anything, as RFC 4648
/// section 3.5 allows.
CRIER_DECL bool is_websocket_key(std::string_view key) noexcept;

/// The value of Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 section 4.2.2, item 5.4).
CRIER_DECL std::string accept_key(std::string_view key);

} // namespace crier

#if !defined(CRIER_SEPARATE_COMPILATION)
#include <crier/impl/accept_key.ipp>
#endif

#endif
