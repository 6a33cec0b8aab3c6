#ifndef CRIER_TESTS_REPLAY_HPP
#define CRIER_TESTS_REPLAY_HPP

#include <crier/concepts/codec.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "readable.hpp"

namespace support {

/// What a decoder found, one readable line for each event.
using events = std::vector<std::string>;

inline std::string to_event(const crier::decoded& found)
{
    using crier::decoded;
    const auto reply = [&] { return ", reply " + readable(found.reply); };
    switch (found.kind) {
    case decoded::kind_need_more:
        return "need more";
    case decoded::kind_opening:
        return "opening";
    case decoded::kind_message:
        return (found.message.kind == crier::message_kind::text ? "text " : "binary ") +
               readable(found.message.data);
    case decoded::kind_reply:
        return "reply " + readable(found.reply);
    case decoded::kind_discarded:
        return "discarded: " + found.ec.message();
    case decoded::kind_closed:
        return "closed " + std::to_string(static_cast<unsigned>(found.code)) + reply();
    case decoded::kind_failed:
        return "failed: " + found.ec.message() + reply();
    }
    return "no kind of event";
}

/// A decoder that is fed by reads, as a connection feeds it: what it leaves comes again in front of
/// the next read. Every read gets memory of just its size, so that the address sanitizer sees a step
/// beyond it. Promises of framing_codec that the decoder breaks show up as events of their own.
template <crier::framing_codec Codec>
class recorder
{
public:
    explicit recorder(const Codec& codec) : codec_(codec), decoder_(codec_) {}
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    void read(std::string_view bytes)
    {
        if (ended_)
            return;
        const std::size_t size = tail_.size() + bytes.size();
        const std::unique_ptr<char[]> memory(new char[size]);
        std::copy(bytes.begin(), bytes.end(), std::copy(tail_.begin(), tail_.end(), memory.get()));
        std::span<char> in(memory.get(), size);
        while (decode(in)) {
        }
        tail_.assign(in.begin(), in.end());
        if (!ended_ && tail_.size() > codec_.max_unfinished_bytes())
            found_.push_back("broken promise: left " + std::to_string(tail_.size()) + " bytes");
        if (!ended_ && !in.empty() && in.data() + in.size() != memory.get() + size)
            found_.push_back("broken promise: left something else than the end of its input");
    }

    const events& found() const noexcept { return found_; }
    void forget_events() noexcept { found_.clear(); }
    bool ended() const noexcept { return ended_; }
    std::size_t unfinished_bytes() const noexcept { return tail_.size(); }
    typename Codec::decoder& decoder() noexcept { return decoder_; }

private:
    bool decode(std::span<char>& in)
    {
        using crier::decoded;
        const decoded event = decoder_.decode(in);
        if (event.kind == decoded::kind_need_more) {
            const std::size_t left = in.size();
            const decoded again = decoder_.decode(in);
            if (again.kind != decoded::kind_need_more || in.size() != left)
                found_.push_back("broken promise: needed no more, there was " + to_event(again));
            return false;
        }
        found_.push_back(to_event(event));
        if constexpr (crier::codec_opens<Codec>)
            if (event.kind == decoded::kind_opening)
                found_.push_back("answer " + readable(decoder_.answer({.accepted = true})));
        ended_ = event.kind == decoded::kind_closed || event.kind == decoded::kind_failed;
        return !ended_;
    }

    Codec codec_;
    typename Codec::decoder decoder_;
    std::string tail_;
    events found_;
    bool ended_ = false;
};

/// The events of these reads. Those of `prelude`, a read before them, are not wanted.
template <class Codec>
events replay(const Codec& codec, const std::vector<std::string_view>& reads,
              std::string_view prelude = {})
{
    recorder<Codec> decoder(codec);
    if (!prelude.empty())
        decoder.read(prelude);
    decoder.forget_events();
    for (const std::string_view bytes : reads)
        decoder.read(bytes);
    return decoder.found();
}

/// Reads of this many bytes, the last one of fewer.
inline std::vector<std::string_view> in_pieces(std::string_view script, std::size_t size)
{
    std::vector<std::string_view> reads;
    for (std::size_t at = 0; at < script.size(); at += size)
        reads.push_back(script.substr(at, size));
    return reads;
}

/// Each byte a read of its own.
inline std::vector<std::string_view> byte_by_byte(std::string_view script)
{
    return in_pieces(script, 1);
}

/// Checks that a script gives these events whole, byte by byte, cut in two at every place and, if it
/// is short, cut in three at every two places.
template <class Codec>
void check_every_split(const Codec& codec, std::string_view script, const events& expected,
                       std::string_view prelude = {},
                       const boost::source_location& caller = BOOST_CURRENT_LOCATION)
{
    const auto holds = [&](const std::vector<std::string_view>& reads) {
        const events got = replay(codec, reads, prelude);
        if (got == expected)
            return true;
        std::string cuts;
        for (const std::string_view bytes : reads)
            cuts += ' ' + std::to_string(bytes.size());
        BOOST_ERROR(caller.file_name()
                    << ":" << caller.line() << ": " << readable(script) << "\nin reads of" << cuts
                    << " bytes gives" << lines(got) << "\ninstead of" << lines(expected));
        return false; // one cut is enough to see
    };
    BOOST_TEST(true); // so that a case made of splits only is not reported as empty
    if (!holds({script}) || !holds(byte_by_byte(script)))
        return;
    const std::size_t size = script.size();
    for (std::size_t i = 1; i < size; ++i)
        if (!holds({script.substr(0, i), script.substr(i)}))
            return;
    if (size > 100)
        return;
    for (std::size_t i = 1; i < size; ++i)
        for (std::size_t j = i + 1; j < size; ++j)
            if (!holds({script.substr(0, i), script.substr(i, j - i), script.substr(j)}))
                return;
}

/// How many bytes of the script it takes, one by one, until the decoder ends the connection.
template <class Codec>
std::optional<std::size_t> bytes_until_end(const Codec& codec, std::string_view script,
                                           std::string_view prelude = {})
{
    recorder<Codec> decoder(codec);
    if (!prelude.empty())
        decoder.read(prelude);
    for (std::size_t i = 0; i < script.size(); ++i) {
        decoder.read(script.substr(i, 1));
        if (decoder.ended())
            return i + 1;
    }
    return std::nullopt;
}

} // namespace support

#endif
