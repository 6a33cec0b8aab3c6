// How to test a server of one's own: in memory, without a port, a socket or a sleep. Its transport is
// a template parameter; the tests give it memory_transport, hold the other ends of the connections,
// and move the time. Everything happens on one thread, in an order that is the same each time.
#include <crier/crier.hpp>
#include <crier/test/memory_page.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

// ---- The server: who connects is greeted, and may say "stop" to stop its job. ----

struct job_hooks : crier::hooks
{
    std::size_t stopped = 0;

    void on_registered(crier::connection& c) { c.send("welcome " + std::string(c.uid())); }

    void on_message(crier::connection&, crier::message_view m) { stopped += m.data == "stop"; }
};

// In the program: job_server<crier::tcp>.
template <crier::transport Transport>
using job_server = crier::push_server<crier::clients<Transport, crier::websocket>,
                                      crier::backend<Transport, crier::text_line>, job_hooks>;

// ---- Its tests. Any framework does; here, a function that counts. ----

using crier::test::memory_client;
using crier::test::memory_network;
using crier::test::memory_page;
using crier::test::memory_transport;
using namespace std::chrono_literals;
using messages = std::vector<std::string>;

int failures = 0;

void check(bool as_it_should_be, std::string_view what)
{
    failures += !as_it_should_be;
    std::cout << (as_it_should_be ? "  ok    " : "  FAIL  ") << what << '\n';
}

// One network for each listener: a test is every page and every back end there is.
struct fixture
{
    memory_network pages, backends;
    boost::asio::io_context context;
    job_server<memory_transport> server;

    static constexpr crier::limits limits{
        .max_outbox_messages = 2, .uid_timeout = 20s, .close_timeout = 5s};

    fixture() : server(context, {.transport = {pages}, .limits = limits}, {.transport = {backends}})
    {
        server.start();
    }

    // Runs the server until it has nothing left to do.
    void settle() { memory_network::settle(context); }

    memory_page open(std::string_view uid)
    {
        memory_page p(pages);
        p.say(uid);
        settle();
        return p;
    }

    std::string push(std::string_view line)
    {
        memory_client script = backends.connect();
        script.send(std::string(line) + '\n');
        settle();
        return script.receive();
    }
};

void a_push_reaches_the_page_of_that_uid()
{
    fixture f;
    memory_page ann = f.open("ann"), bob = f.open("bob");
    check(f.push(R"({"uid":"ann","n":1})") == "ok\n", "the back end hears ok");
    check(f.push(R"({"uid":"eve"})") == "fail\n", "for somebody who is not there: fail");
    ann.hear();
    bob.hear();
    check(ann.messages == messages{"welcome ann", R"({"uid":"ann","n":1})"},
          "the page is greeted, and gets the line");
    check(bob.messages == messages{"welcome bob"}, "nobody else does");
    ann.say("stop");
    f.settle();
    check(f.server.hook().stopped == 1, "a page can stop its job");
}

void the_program_itself_pushes_and_learns_what_came_of_it()
{
    fixture f;
    memory_page tab1 = f.open("ann"), tab2 = f.open("ann");
    // Here, between two settles, push only hands over; on the server's thread, as in a hook, it knows.
    check(f.server.push("ann", "0 %").status == crier::push_status::posted, "push hands over");
    const auto push = [&](std::string_view uid) {
        return memory_network::ask(f.context, [&] { return f.server.push(uid, "88 %"); });
    };
    check(push("ann").queued == 2, "both tabs are queued the message");
    check(push("eve").status == crier::push_status::no_receiver, "eve is not there");
    tab1.hear();
    check(tab1.messages == messages{"welcome ann", "0 %", "88 %"}, "both arrive, in their order");
}

void who_does_not_say_a_uid_is_closed_after_twenty_seconds()
{
    fixture f;
    memory_page silent(f.pages);
    f.settle();
    f.server.advance(19s); // at once
    f.settle();
    silent.hear();
    check(silent.status == 101 && silent.closed_with == 0, "after 19 seconds it is there");
    f.server.advance(1s);
    f.settle();
    silent.hear();
    check(silent.closed_with == 1008, "after 20 it is not");
}

void a_page_that_does_not_read_is_closed_and_harms_nobody()
{
    fixture f;
    memory_page slow = f.open("slow"), stuck = f.open("stuck");
    f.pages.behaviour().capacity_bytes = 0; // from now on nothing can be written
    for (const std::string line : {R"({"uid":"slow"})", R"({"uid":"stuck"})"}) {
        for (int n = 1; n <= 2; ++n)
            check(f.push(line) == "ok\n", "two messages are queued");
        check(f.push(line) == "fail\n", "the third finds no room");
    }
    f.pages.behaviour().capacity_bytes = SIZE_MAX; // there is room again
    f.settle();
    slow.hear(); // the other one never does
    check(slow.messages.size() == 3 && slow.closed_with == 1013, "what was queued arrives");
    f.server.advance(5s); // so long the server waits for an answer to its goodbye
    f.settle();
    check(stuck.client.closed(), "who does not read is cut off");
    check(f.server.counts().connections == 0, "and gone");
}

void whatever_fails_the_server_lives_on()
{
    // Lets the first, second, third ... operation on the network fail, until none is left.
    bool failed = true;
    for (std::size_t n = 0; failed; ++n) {
        fixture f;
        f.pages.behaviour().failing_operation = n;
        memory_page ann = f.open("ann");
        f.push(R"({"uid":"ann"})");
        failed = f.pages.operations() > n;
        f.pages.behaviour().failing_operation = SIZE_MAX;
        memory_page bob = f.open("bob");
        bob.hear();
        if (bob.messages != messages{"welcome bob"})
            return check(false, "after a failure the next page is served");
    }
    check(true, "after each failure the next page is served");
}

void a_stop_delivers_what_is_queued()
{
    fixture f;
    memory_page ann = f.open("ann");
    f.server.push("ann", "last words");
    f.server.stop();
    f.settle();
    check(f.server.running(), "the server waits for the page's goodbye");
    ann.hear();
    f.settle();
    check(ann.messages.back() == "last words", "the last message has arrived");
    check(ann.closed_with == 1001 && !f.server.running(), "and the server has stopped");
}

int main()
{
    a_push_reaches_the_page_of_that_uid();
    the_program_itself_pushes_and_learns_what_came_of_it();
    who_does_not_say_a_uid_is_closed_after_twenty_seconds();
    a_page_that_does_not_read_is_closed_and_harms_nobody();
    whatever_fails_the_server_lives_on();
    a_stop_delivers_what_is_queued();
    std::cout << failures << " failed\n";
    return failures == 0 ? 0 : 1;
}
