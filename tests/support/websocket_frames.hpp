#ifndef CRIER_TESTS_WEBSOCKET_FRAMES_HPP
#define CRIER_TESTS_WEBSOCKET_FRAMES_HPP

#include <crier/codec/websocket.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replay.hpp"
#include "websocket_script.hpp"

// What tests of a decoder past its opening handshake share.

namespace support {

/// Checks what frames after the opening give, however they are cut.
inline void check_frames(std::string_view script, const events& expected,
                         const boost::source_location& caller = BOOST_CURRENT_LOCATION)
{
    check_every_split(crier::websocket{}, script, expected, upgrade_request, caller);
}

/// The same for a longer script: whole, in small pieces, and cut at each of its first and last bytes.
inline void check_some_splits(std::string_view script, const events& expected,
                              const crier::websocket& codec = {.max_message_bytes = 1 << 20},
                              const boost::source_location& caller = BOOST_CURRENT_LOCATION)
{
    std::vector<std::vector<std::string_view>> ways{
        {script}, in_pieces(script, script.size() < 5'000 ? 1 : 997)};
    for (std::size_t i = 1; i < std::min<std::size_t>(script.size(), 16); ++i) {
        ways.push_back({script.substr(0, i), script.substr(i)});
        ways.push_back({script.substr(0, script.size() - i), script.substr(script.size() - i)});
    }
    for (const auto& reads : ways) {
        const events got = replay(codec, reads, upgrade_request);
        if (got != expected)
            BOOST_ERROR(caller.file_name()
                        << ":" << caller.line() << ": " << readable(script) << " in reads of "
                        << reads[0].size() << " and more bytes gives" << lines(got)
                        << "\ninstead of" << lines(expected));
    }
    BOOST_TEST(true);
}

/// Text of any length that does not repeat soon.
inline std::string some_text(std::size_t size)
{
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>('!' + i % 90);
    return out;
}

/// A decoder that is past its opening handshake, for tests that look at its memory.
class opened_decoder
{
public:
    explicit opened_decoder(const crier::websocket& options) : decoder_(options)
    {
        std::string request(upgrade_request);
        std::span<char> in(request);
        BOOST_TEST_REQUIRE(decoder_.decode(in).kind == crier::decoded::kind_opening);
        BOOST_TEST_REQUIRE(!decoder_.answer({.accepted = true}).empty());
        BOOST_TEST_REQUIRE(decoder_.decode(in).kind == crier::decoded::kind_need_more);
    }

    crier::websocket::decoder* operator->() noexcept { return &decoder_; }

private:
    crier::websocket::decoder decoder_;
};

} // namespace support

#endif
