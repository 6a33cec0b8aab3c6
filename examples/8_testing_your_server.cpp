// How to test a server of one's own: in memory, without a port, a socket or a sleep. Its transport is
// a template parameter; the tests give it memory_transport, hold the other ends of the connections,
// and move the time. Everything happens on one thread, in an order that is the same each time.
#include <crier/crier.hpp>
#include <crier/test/memory_transport.hpp>

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <iostream>
#include <string>
#include <string_view>

// ---- The server: who connects is greeted, and may say "stop" to stop its job. ----

struct job_hooks : crier::hooks
{
    std::size_t stopped = 0;

    void on_registered(crier::connection& c) { c.send("welcome " + std::string(c.uid())); }

    void on_message(crier::connection&, crier::message_view m) { stopped += m.data == "stop"; }
};

// In the program: job_server<crier::tcp>.
template <crier::transport Transport>
using job_server = crier::push_server<crier::clients<Transport, crier::text_line>,
                                      crier::backend<Transport, crier::text_line>, job_hooks>;

// ---- Its tests. Any framework does; here, a function that counts. ----

using crier::test::memory_client;
using crier::test::memory_network;
using crier::test::memory_transport;
using namespace std::chrono_literals;

int failures = 0;

void check(bool as_it_should_be, std::string_view what)
{
    failures += !as_it_should_be;
    std::cout << (as_it_should_be ? "  ok    " : "  FAIL  ") << what << '\n';
}

// One network for each listener: a test is every client and every back end there is.
struct fixture
{
    memory_network clients, backends;
    boost::asio::io_context context;
    job_server<memory_transport> server{
        context, {.transport = {clients}, .limits = limits}, {.transport = {backends}}};

    static constexpr crier::limits limits{
        .max_outbox_messages = 2, .uid_timeout = 20s, .close_timeout = 5s};

    fixture() { server.start(); }

    // Runs the server until it has nothing left to do.
    void settle() { memory_network::settle(context); }

    memory_client connect(std::string_view says)
    {
        memory_client c = clients.connect();
        c.send(says);
        settle();
        return c;
    }

    std::string push(std::string_view line)
    {
        memory_client script = backends.connect();
        script.send(std::string(line) + '\n');
        settle();
        return script.receive();
    }
};

void a_push_reaches_the_client_of_that_uid()
{
    fixture f;
    memory_client ann = f.connect("ann\n"), bob = f.connect("bob\n");
    check(ann.receive() == "welcome ann\n", "a client is greeted");
    check(bob.receive() == "welcome bob\n", "and so is the other one");
    check(f.push(R"({"uid":"ann","n":1})") == "ok\n", "the back end hears ok");
    check(ann.receive() == "{\"uid\":\"ann\",\"n\":1}\n", "the client gets the line");
    check(bob.unreceived() == 0, "nobody else does");
    check(f.push(R"({"uid":"eve"})") == "fail\n", "for somebody who is not there: fail");
    ann.send("stop\n");
    f.settle();
    check(f.server.hook().stopped == 1, "a client can stop its job");
}

void who_does_not_say_a_uid_is_closed_after_twenty_seconds()
{
    fixture f;
    memory_client silent = f.connect("half a ui");
    f.server.advance(19s); // at once
    f.settle();
    check(!silent.ended(), "after 19 seconds it is there");
    f.server.advance(1s);
    f.settle();
    check(silent.ended(), "after 20 it is not");
}

void a_client_that_does_not_read_is_closed_and_harms_nobody()
{
    fixture f;
    memory_client slow = f.connect("slow\n");
    slow.receive();
    f.clients.behaviour().capacity_bytes = 0; // from now on nothing can be written
    for (int n = 1; n <= 2; ++n)
        check(f.push(R"({"uid":"slow"})") == "ok\n", "two messages are queued");
    check(f.push(R"({"uid":"slow"})") == "fail\n", "the third finds no room");
    f.server.advance(5s); // it is given so long to read what is queued
    f.settle();
    check(slow.closed(), "it is closed");
    check(f.server.counts().connections == 0, "and gone");
}

void whatever_fails_the_server_lives_on()
{
    // Lets the first, second, third ... operation on the network fail, until none is left.
    bool failed = true;
    for (std::size_t n = 0; failed; ++n) {
        fixture f;
        f.clients.behaviour().failing_operation = n;
        memory_client ann = f.connect("ann\n");
        f.push(R"({"uid":"ann"})");
        failed = f.clients.operations() > n;
        f.clients.behaviour().failing_operation = SIZE_MAX;
        memory_client bob = f.connect("bob\n");
        if (bob.receive() != "welcome bob\n")
            return check(false, "after a failure the next client is served");
    }
    check(true, "after each failure the next client is served");
}

void a_stop_delivers_what_is_queued()
{
    fixture f;
    memory_client ann = f.connect("ann\n");
    ann.receive();
    f.server.push("ann", "last words");
    f.server.stop();
    f.settle();
    check(ann.receive() == "last words\n", "the last message arrives");
    check(ann.ended() && f.server.running(), "then the server waits for the client to close");
    ann.finish();
    f.settle();
    check(!f.server.running(), "and has stopped");
}

int main()
{
    a_push_reaches_the_client_of_that_uid();
    who_does_not_say_a_uid_is_closed_after_twenty_seconds();
    a_client_that_does_not_read_is_closed_and_harms_nobody();
    whatever_fails_the_server_lives_on();
    a_stop_delivers_what_is_queued();
    std::cout << failures << " failed\n";
    return failures == 0 ? 0 : 1;
}
