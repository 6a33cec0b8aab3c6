#include <crier/message.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using crier::message_kind;
using crier::message_view;

BOOST_AUTO_TEST_SUITE(message)

BOOST_AUTO_TEST_CASE(anything_like_a_string_is_a_text_message)
{
    const auto take = [](message_view m) { return m; };
    const std::string owned = "88 %";
    BOOST_TEST((take("88 %") == message_view("88 %", message_kind::text)));
    BOOST_TEST((take(owned) == take(std::string_view("88 %"))));
    BOOST_TEST(take(owned).data.data() == owned.data());
}

BOOST_AUTO_TEST_CASE(an_empty_message_is_text)
{
    BOOST_TEST(message_view().data.empty());
    BOOST_TEST((message_view().kind == message_kind::text));
}

BOOST_AUTO_TEST_CASE(messages_are_equal_by_bytes_and_kind)
{
    BOOST_TEST((message_view("a") != message_view("b")));
    BOOST_TEST((message_view("a") != message_view("a", message_kind::binary)));
    BOOST_TEST(
        (message_view("a", message_kind::binary) == message_view("a", message_kind::binary)));
}

BOOST_AUTO_TEST_SUITE_END()
