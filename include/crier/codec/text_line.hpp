#ifndef CRIER_CODEC_TEXT_LINE_HPP
#define CRIER_CODEC_TEXT_LINE_HPP

#include <crier/decoded.hpp>
#include <crier/frame.hpp>
#include <crier/message.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace crier {

/// Codec: a message is a line. A line is the bytes up to `\n`; all `\r` at its end are stripped.
///
/// An over-long line is thrown away to its end and reported as discarded (message_too_large); the
/// connection goes on. Of the `\r`s at a line's end all but one count to its length. An unfinished
/// line at the end of the stream is no message.
///
/// Models: framing_codec.
struct text_line
{
    std::size_t max_line_bytes = 64 * 1024; ///< without the line end; 1 or more

    static constexpr bool resynchronizes = true;

    class decoder;

    /// The most bytes that a decoder leaves in its input: a line that has not ended yet.
    std::size_t max_unfinished_bytes() const noexcept
    {
        return max_line_bytes + (max_line_bytes < SIZE_MAX); // and a `\r`
    }

    /// The message and a `\n`. The empty frame for a message that holds a line end, for it would
    /// arrive as two.
    static frame encode(message_view message)
    {
        if (message.data.find('\n') != std::string_view::npos || message.data.ends_with('\r'))
            return {};
        return frame::join({message.data, "\n"});
    }
};

/// The decoding state of one connection.
class text_line::decoder
{
public:
    /// Lifetime: the options must outlive the decoder.
    explicit decoder(const text_line& options) noexcept : options_(&options) {}

    /// Takes at most one line from the front of `in`.
    decoded decode(std::span<char>& in) noexcept
    {
        if (in.empty())
            return decoded::need_more();
        const std::size_t seen = searched_ < in.size() ? searched_ : in.size();
        const void* found =
            in.size() > seen ? std::memchr(in.data() + seen, '\n', in.size() - seen) : nullptr;
        if (!found)
            return unfinished(in);

        searched_ = 0;
        std::string_view line(in.data(), static_cast<const char*>(found));
        in = in.subspan(line.size() + 1);
        discarding_ = discarding_ || exceeds(line.size());
        while (line.ends_with('\r'))
            line.remove_suffix(1);
        if (discarding_ || line.size() > options_->max_line_bytes) {
            discarding_ = false;
            return decoded::discarded(error::message_too_large);
        }
        return decoded::whole(line);
    }

    /// True in the middle of a line that is thrown away.
    bool in_message() const noexcept { return discarding_; }

private:
    /// More than max_unfinished_bytes(). For each line: said so that most take one comparison.
    bool exceeds(std::size_t size) const noexcept
    {
        return size > options_->max_line_bytes && size - options_->max_line_bytes > 1;
    }

    decoded unfinished(std::span<char>& in) noexcept
    {
        if (discarding_ || exceeds(in.size())) {
            discarding_ = true;
            in = {};
        }
        searched_ = in.size();
        return decoded::need_more();
    }

    const text_line* options_;
    std::size_t searched_ = 0; // bytes at the front of the input that hold no line end
    bool discarding_ = false;  // inside a line that is too long
};

} // namespace crier

#endif
