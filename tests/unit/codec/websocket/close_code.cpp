#include <crier/codec/websocket/close_code.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>

namespace {

// RFC 6455 section 7.4.1 and what IANA registered since.
constexpr unsigned registered[] = {1000, 1001, 1002, 1003, 1007, 1008,
                                   1009, 1010, 1011, 1012, 1013, 1014};

} // namespace

BOOST_AUTO_TEST_SUITE(close_code)

BOOST_AUTO_TEST_CASE(registered_and_private_codes_may_be_sent_and_no_others)
{
    for (unsigned code = 0; code <= 0xFFFF; ++code) {
        const bool is_registered =
            std::find(std::begin(registered), std::end(registered), code) != std::end(registered);
        const bool is_private = code >= 3000 && code < 5000;
        if (crier::is_sendable(static_cast<std::uint16_t>(code)) != (is_registered || is_private))
            BOOST_ERROR("wrong about " << code);
    }
    BOOST_TEST(!crier::is_sendable(1005));
    BOOST_TEST(!crier::is_sendable(1006));
    BOOST_TEST(!crier::is_sendable(1015));
}

BOOST_AUTO_TEST_CASE(every_named_code_may_be_sent_except_none)
{
    using enum crier::close_code;
    for (const auto code : {normal, going_away, protocol_error, unsupported_data, invalid_payload,
                            policy_violation, message_too_big, extension_required, internal_error,
                            service_restart, try_again_later, bad_gateway})
        BOOST_TEST(crier::is_sendable(static_cast<std::uint16_t>(code)));
    BOOST_TEST(!crier::is_sendable(static_cast<std::uint16_t>(none)));
}

BOOST_AUTO_TEST_SUITE_END()
