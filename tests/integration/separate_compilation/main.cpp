// A program of two source files with CRIER_SEPARATE_COMPILATION: here everything is only declared.
#define BOOST_TEST_MODULE separate_compilation
#include <boost/test/unit_test.hpp>

#include <string>

#include "../support/line_client.hpp"
#include "../support/server_thread.hpp"
#include "../support/websocket_client.hpp"
#include "bodies.hpp"

BOOST_AUTO_TEST_CASE(a_program_that_compiles_the_bodies_once_pushes_from_each_of_its_files)
{
    two_file_server server{{.transport = {.address = "127.0.0.1"}}};
    support::server_thread<two_file_server> thread(server);
    const auto addresses = thread.ask([&] { return server.addresses(); });
    support::websocket_client page(addresses.at(0));
    page.register_as("u");
    support::line_client back_end(addresses.at(1));

    BOOST_TEST(back_end.ask(R"({"uid":"u","from":"a line"})") == "ok");
    BOOST_TEST(thread.ask([&] { return server.push("u", "here").queued; }) == 1u);
    BOOST_TEST(thread.ask([&] { return push_in_bodies(server, "u", "there"); }) == 1u);
    BOOST_TEST(page.hear() == R"({"uid":"u","from":"a line"})");
    BOOST_TEST(page.hear() == "here");
    BOOST_TEST(page.hear() == "there");
    page.close();
}

BOOST_AUTO_TEST_CASE(errors_of_one_file_compare_equal_in_the_other)
{
    BOOST_TEST((crier::error_category() == category_in_bodies()));
}
