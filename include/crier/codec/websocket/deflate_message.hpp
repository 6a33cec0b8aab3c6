#ifndef CRIER_CODEC_WEBSOCKET_DEFLATE_MESSAGE_HPP
#define CRIER_CODEC_WEBSOCKET_DEFLATE_MESSAGE_HPP

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/beast/zlib/inflate_stream.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

namespace crier {

/// How messages are compressed; part of a codec's type. All of it is about what is sent.
struct deflate_parameters
{
    int level = 6;                     ///< 1 (fast) to 9 (small), as zlib's
    int memory_level = 8;              ///< 1 (little) to 9 (much, and a bit smaller), as zlib's
    int max_window_bits = 15;          ///< 9 to 15: how far back to look, as a power of 2
    std::size_t threshold_bytes = 256; ///< smaller messages stay as they are

    constexpr bool valid() const noexcept
    {
        return level >= 1 && level <= 9 && memory_level >= 1 && memory_level <= 9 &&
               max_window_bits >= 9 && max_window_bits <= 15;
    }
};

/// A message that was inflated.
struct inflated_message
{
    enum status_type : unsigned char {
        whole,
        corrupt,   ///< the payload is no DEFLATE data, or does not end with a whole block
        too_large, ///< the message has more bytes than the limit
    };

    status_type status = whole;
    std::size_t size = 0;
    std::unique_ptr<char[]> bytes{};

    std::string_view view() const noexcept { return {bytes.get(), size}; }
};

namespace detail {

/// What a thread needs to compress: a state for each window, made when a message asks for it. A
/// message is given the smallest one that it fits into, since beginning anew costs time with its size.
class deflater
{
public:
    /// The message as the payload of a frame, valid until the next call, or an empty view if that would
    /// be no smaller. Throws std::bad_alloc.
    std::string_view deflate(std::string_view message, const deflate_parameters& how,
                             int window_bits)
    {
        constexpr std::size_t end_marker = 4;      // cut off (RFC 7692 section 7.2.1)
        constexpr std::size_t min_lookahead = 262; // zlib refers back no further than window - this
        const int needed = static_cast<int>(
            std::bit_width(std::min<std::size_t>(message.size(), 32'768) + min_lookahead - 1));
        const int bits = std::clamp(needed, smallest, window_bits);
        auto& stream = streams_[static_cast<std::size_t>(bits - smallest)];
        if (!stream)
            stream = std::make_unique<boost::beast::zlib::deflate_stream>();
        stream->reset(how.level, bits, std::min(how.memory_level, bits - 6),
                      boost::beast::zlib::Strategy::normal);

        if (buffer_.size() < message.size() + end_marker || buffer_.size() > most_kept_bytes)
            buffer_ = std::vector<char>(message.size() + end_marker);
        boost::beast::zlib::z_params z;
        z.next_in = message.data();
        z.avail_in = message.size();
        z.next_out = buffer_.data();
        z.avail_out = message.size() + end_marker;
        boost::system::error_code ec;
        stream->write(z, boost::beast::zlib::Flush::sync, ec);
        if (ec || z.avail_out == 0 || z.total_out <= end_marker)
            return {};
        return {buffer_.data(), z.total_out - end_marker};
    }

private:
    static constexpr int smallest = 9;
    static constexpr std::size_t most_kept_bytes = 64 * 1024;

    std::array<std::unique_ptr<boost::beast::zlib::deflate_stream>, 7> streams_;
    std::vector<char> buffer_;
};

/// What a thread needs to decompress.
class inflater
{
public:
    /// Inflates the payload of a message, of all its frames together. Stops at the first byte above the
    /// limit. Throws std::bad_alloc.
    inflated_message inflate(std::string_view payload, std::size_t limit)
    {
        inflated_message result;
        if (payload.empty())
            return result; // not what the RFC says, and clear enough
        limit = std::min(limit, SIZE_MAX / 4);
        limit_ = limit + 1; // one more, to see that it is too much
        capacity_ = 0;
        stream_.reset(15);
        z_ = {};
        ended_ = false;
        cut_off_ = false;
        result.status = append(payload, result.bytes);
        // A sender cuts this off (RFC 7692 section 7.2.1). One that has not, or has sent a last block, is
        // understood all the same.
        if (result.status == inflated_message::whole && !ended_) {
            cut_off_ = true;
            result.status = append({"\x00\x00\xFF\xFF", 4}, result.bytes);
        }
        if (result.status == inflated_message::whole && !ended_)
            result.status = inflated_message::corrupt;
        result.size = z_.total_out;
        return result;
    }

private:
    inflated_message::status_type append(std::string_view input, std::unique_ptr<char[]>& bytes)
    {
        namespace zlib = boost::beast::zlib;
        z_.next_in = input.data();
        z_.avail_in = input.size();
        for (;;) {
            if (z_.total_out == capacity_)
                grow(bytes, input.size());
            z_.next_out = bytes.get() + z_.total_out;
            z_.avail_out = capacity_ - z_.total_out;
            boost::system::error_code ec;
            stream_.write(z_, zlib::Flush::sync, ec);
            if (z_.total_out >= limit_)
                return inflated_message::too_large;
            if (ec == zlib::error::end_of_stream) {
                give_back(input);
                stream_.reset(
                    15); // other blocks may follow the last one (RFC 7692 section 7.2.3.5)
                ended_ = true;
                if (z_.avail_in == 0 || cut_off_)
                    return inflated_message::whole;
                continue;
            }
            if (ec && ec != zlib::error::need_buffers)
                return inflated_message::corrupt;
            if (z_.avail_out == 0)
                continue; // there may be more
            if (z_.avail_in != 0)
                return inflated_message::corrupt;
            ended_ = z_.data_type == 128; // between two blocks, at the end of a byte
            return inflated_message::whole;
        }
    }

    /// Looking for the code that ends a block, the stream may have taken whole bytes behind a last one.
    void give_back(std::string_view input)
    {
        constexpr int bits = 63; // the number of bits that were taken and not used
        const std::size_t taken = std::min<std::size_t>(
            static_cast<std::size_t>(z_.data_type & bits) / 8, input.size() - z_.avail_in);
        z_.avail_in += taken;
        z_.next_in = input.data() + (input.size() - z_.avail_in);
    }

    void grow(std::unique_ptr<char[]>& bytes, std::size_t input_size)
    {
        const std::size_t wanted =
            capacity_ ? 2 * capacity_ : 64 + 4 * std::min(input_size, limit_);
        capacity_ = std::min(wanted, limit_);
        std::unique_ptr<char[]> larger(new char[capacity_]); // and not with zeros in it
        if (z_.total_out)
            std::memcpy(larger.get(), bytes.get(), z_.total_out);
        bytes = std::move(larger);
    }

    boost::beast::zlib::inflate_stream stream_;
    boost::beast::zlib::z_params z_;
    std::size_t capacity_ = 0;
    std::size_t limit_ = 0;
    bool ended_ = false;   // the input has ended with a whole block
    bool cut_off_ = false; // it is what the sender has cut off
};

/// Made when a thread first needs it, freed when the thread ends.
template <class T>
T& of_this_thread()
{
    thread_local const std::unique_ptr<T> one = std::make_unique<T>();
    return *one;
}

} // namespace detail

/// The payload of a message that is compressed, without the four bytes that RFC 7692 section 7.2.1
/// cuts off; an empty view if it would not be smaller than the message, or there is no memory.
/// `window_bits` is 9 to 15.
///
/// Thread safety: any thread; each has a state of its own. Lifetime: valid until the next call on this
/// thread.
inline std::string_view deflate_message(std::string_view message, const deflate_parameters& how,
                                        int window_bits) noexcept
{
    try {
        return detail::of_this_thread<detail::deflater>().deflate(message, how, window_bits);
    } catch (const std::bad_alloc&) {
        return {};
    }
}

/// The message that a payload stands for, of at most `limit` bytes: no more is inflated. Its buffer
/// doubles, up to the limit. Throws std::bad_alloc.
///
/// Accepts what RFC 7692 section 7.2.3 shows: any blocks, several of them, with BFINAL set or not, and
/// also the empty payload, and one that ends with a whole block where four bytes should have been cut
/// off.
///
/// Thread safety: any thread; each has a state of its own.
inline inflated_message inflate_message(std::string_view payload, std::size_t limit)
{
    return detail::of_this_thread<detail::inflater>().inflate(payload, limit);
}

} // namespace crier

#endif
