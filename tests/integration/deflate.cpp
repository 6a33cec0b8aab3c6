// Compression, with Beast's client at the other end.
#include <crier/codec/text_line.hpp>
#include <crier/codec/websocket_deflate.hpp>
#include <crier/push_server.hpp>
#include <crier/transport/tcp.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "readable.hpp"
#include "support/line_client.hpp"
#include "support/server_thread.hpp"
#include "support/three_threads.hpp"
#include "support/websocket_client.hpp"

using support::line_client;
using support::readable;
using support::server_thread;
using support::websocket_client;

namespace {

/// Counts what is encoded, by variant.
struct counted : crier::websocket_deflate<>
{
    static inline std::array<std::atomic<int>, variants> encoded{};

    static crier::frame encode(crier::message_view message, std::size_t variant = 0)
    {
        ++encoded.at(variant);
        return websocket_deflate::encode(message, variant);
    }

    static std::string counts()
    {
        std::string all;
        for (auto& count : encoded)
            all += std::to_string(count.exchange(0)) + ' ';
        return all;
    }
};

struct echo : crier::hooks
{
    void on_message(crier::connection& peer, crier::message_view message) { peer.send(message); }
};

using server_type = support::as_compiled<crier::push_server, crier::clients<crier::tcp, counted>,
                                         crier::backend<crier::tcp, crier::text_line>, echo>;

struct compressing
{
    server_type server{{.transport = {.address = "127.0.0.1"}}};
    server_thread<server_type> thread{server};
    std::vector<std::string> addresses = thread.ask([this] { return server.addresses(); });
};

/// A line for the back end that deflates well and refers far back.
std::string line(std::string_view receivers, std::size_t size)
{
    std::mt19937 random(1);
    std::string text = '{' + std::string(receivers) + ",\"text\":\"";
    while (text.size() < size)
        text += std::to_string(random() % 100'000) + " of the following, ";
    return text + "\"}";
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(deflate, compressing)

BOOST_AUTO_TEST_CASE(clients_of_all_windows_get_one_push_which_is_compressed_once_for_each)
{
    std::vector<std::unique_ptr<websocket_client>> pages;
    for (int round = 0; round < 3; ++round) {
        pages.push_back(std::make_unique<websocket_client>(addresses[0]));
        for (int bits = 9; bits <= 15; ++bits) {
            pages.push_back(std::make_unique<websocket_client>(addresses[0], bits));
            const std::string agreed = pages.back()->extensions();
            BOOST_TEST((agreed.find("server_max_window_bits=" + std::to_string(bits)) !=
                            std::string::npos ||
                        bits == 15), // which Beast does not name
                       agreed);
        }
    }
    for (auto& page : pages)
        page->register_as("u");
    line_client back_end(addresses[1]);
    for (const char* receivers : {R"("uid":"u")", R"("uid":["u","v"])", R"("broadcast":true)"})
        for (const std::size_t size : {100u, 300u, 5000u, 60'000u}) {
            const std::string text = line(receivers, size);
            counted::counts();
            BOOST_TEST(back_end.ask(text) == "ok");
            for (auto& page : pages)
                BOOST_TEST((page->hear() == text));
            BOOST_TEST(counted::counts() == "1 1 1 1 1 1 1 1 ");
        }
    const std::string text = line(R"("broadcast":true)", 1000);
    std::string all;
    for (int i = 0; i < 50; ++i)
        all += text + '\n';
    back_end.send(all);
    for (auto& page : pages)
        BOOST_TEST((page->hear(50) == std::vector<std::string>(50, text)));
    BOOST_TEST(counted::counts() == "50 50 50 50 50 50 50 50 ");
    for (auto& page : pages)
        page->close();
}

BOOST_AUTO_TEST_CASE(messages_of_all_sizes_there_and_back)
{
    for (const int bits : {0, 9, 12, 15}) {
        websocket_client page(addresses[0], bits);
        page.register_as("u");
        for (const std::size_t size :
             {0u, 1u, 100u, 255u, 256u, 1000u, 4096u, 32'768u, 65'000u, 65'535u, 65'536u})
        {
            std::string text = line("\"n\":1", size);
            text.resize(size, ' ');
            page.say(text);
            BOOST_TEST((page.hear() == text), bits << ' ' << size);
            page.say_binary(text);
            BOOST_TEST((page.hear_binary() == text));
            page.say_in_fragments({text.substr(0, size / 3), text.substr(size / 3)});
            BOOST_TEST((page.hear() == text));
        }
        page.say(std::string(65'537, 'a'));
        BOOST_TEST(page.hear_goodbye().code == 1009u);
    }
}

BOOST_AUTO_TEST_SUITE_END()
