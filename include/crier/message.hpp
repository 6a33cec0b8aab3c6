#ifndef CRIER_MESSAGE_HPP
#define CRIER_MESSAGE_HPP

#include <concepts>
#include <string_view>

namespace crier {

/// What the bytes of a message are. Codecs that know no difference (text_line) decode all as text.
enum class message_kind : unsigned char {
    text,   ///< UTF-8
    binary, ///< any bytes
};

/// A message: some bytes and what they are. A view; it owns nothing.
///
/// Lifetime: what a decoder or a hook hands out is valid until the call that received it returns.
struct message_view
{
    std::string_view data;                  ///< the payload, without any framing
    message_kind kind = message_kind::text; ///< text unless said otherwise

    message_view() = default;

    /// A text message. Implicit, so that `push(uid, "88 %")` reads well.
    template <class Text>
        requires std::convertible_to<const Text&, std::string_view> message_view(const Text& text)
            : data(text)
        {}

        message_view(std::string_view bytes, message_kind what) : data(bytes), kind(what) {}

        friend bool operator==(const message_view&, const message_view&) = default;
};

} // namespace crier

#endif
