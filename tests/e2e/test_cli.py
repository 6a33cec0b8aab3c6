"""push_server on the command line, in the foreground: usage, errors, options, signals, its log."""

import http.client
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

import time_slice
from raw_client import CLOSE, MUCH_BYTES, PING, PONG, TEXT, RawClient, much_for
from support import PATIENCE_SECONDS, ROOT, PushServer, eventually, free_port, run

LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug  |info   |warning|error  ) [ -~]*")


def push_server(*arguments):
    return run(os.environ["CRIER_PUSH_SERVER"], *arguments, stdin=subprocess.DEVNULL)


def push_over(connection, line):
    """Pushes a line over a connected socket and returns the reply."""
    connection.sendall(f"{line}\n".encode())
    with connection.makefile("r") as replies:
        return replies.readline().rstrip("\n")


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="cli-")
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)

    def serve(self, *arguments):
        server = PushServer(arguments=arguments).start()
        self.addCleanup(server.log.close)
        self.addCleanup(lambda: server.process and server.kill())
        return server

    def client(self, server, uid=None, **options):
        client = RawClient(server.clients_port, **options)
        self.addCleanup(client.close)
        return client.open(uid)

    def await_empty(self, server):
        """Who has tried whether it listens has to be gone before connections are counted."""
        def nobody_is_there():
            server.process.send_signal(signal.SIGUSR1)
            return "info    0 connections open" in server.logged()

        eventually("those who tried are gone", nobody_is_there)

    def counted(self, server):
        """The counters as they are now."""
        log = server.log.fileno()
        before = os.fstat(log).st_size
        server.process.send_signal(signal.SIGUSR1)
        eventually("counters", lambda: b" ended:" in os.pread(log, 1 << 20, before))
        return server.counters()

    def client_with_much_queued(self, server):
        """A client that does not read, and the lines that are queued for it."""
        client = self.client(server, "slow", receive_buffer_bytes=4096)
        lines = much_for("slow")
        self.assertEqual({"ok"}, set(server.push_all(lines)))
        return client, lines

    def assertRefused(self, code, done, *words):
        self.assertEqual(code, done.returncode, done.stderr)
        self.assertEqual("", done.stdout)
        self.assertEqual(1, done.stderr.count("\n"), done.stderr)
        self.assertTrue(done.stderr.startswith("push_server: "), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def assertEnds(self, server, code):
        self.assertEqual(code, server.process.wait(PATIENCE_SECONDS), server.logged())
        server.process = None


class Usage(CommandLineTest):
    def test_help_explains_commands_options_and_signals(self):
        for flag in ("--help", "-h"):
            done = push_server(flag)
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            for word in ("start", "stop", "restart", "status", "--clients", "0.0.0.0:1234", "--backend",
                         "127.0.0.1:5678", "--drain-seconds", "--pid-file", "TERM", "HUP", "Exit codes"):
                self.assertIn(word, done.stdout)

    def test_version_is_that_of_the_header(self):
        header = (ROOT / "include" / "crier" / "version.hpp").read_text(encoding="utf-8")
        version = re.search(r'CRIER_VERSION_STRING "(.*)"', header).group(1)
        done = push_server("--version")
        self.assertEqual((0, "", f"push_server (crier) {version}\n"),
                         (done.returncode, done.stderr, done.stdout))

    def test_wrong_usage_is_one_sentence_and_2(self):
        for arguments, word in (
                (["--bogus"], "--bogus"),
                (["--bogus", "5"], "--bogus"),
                (["sotp"], "sotp"),
                (["start", "stop"], "stop"),
                (["--clients"], "--clients"),
                (["--clients", "1234"], '"1234" is not an address'),
                (["--clients", "127.0.0.1:65536"], "65536"),
                (["--clients", "::1:1234"], "[::1]:1234"),
                (["--backend", "127.0.0.1:"], "--backend"),
                (["--backend", "unix:"], "unix:/PATH"),
                (["--web", "perhaps"], "--web"),
                (["--web", ""], "--web: write on or off"),
                (["--deflate", ""], "--deflate: write on or off"),
                (["--registry", "none"], "latest-only"),
                (["--max-uid-bytes", "0"], "--max-uid-bytes"),
                (["--max-line-bytes", "64K"], '"64K" is no decimal number from 1 to 1073741824'),
                (["--max-connections", "010"], '"010" is no decimal number'),
                (["--threads", "257"], '"257" is no decimal number from 0 to 256'),
                (["--allow-origin", "example.org"], "https://example.org"),
                (["--allow-origin", "https://example.org/"], "is no origin"),
                (["--allow-origin", "*"], "is no origin"),
                (["--allow-origin", "https://example.org:443"], "it leaves :443 out"),
                (["--allow-origin", "http://example.org:80"], "it leaves :80 out"),
                (["--time-slice-microseconds", "99"], "99 is neither 0 nor a number from 100 to 100000"),
                (["--time-slice-microseconds", "100001"], "100001"),
                (["--drain-seconds", "-1"], "--drain-seconds")):
            with self.subTest(arguments):
                self.assertRefused(2, push_server(*arguments), word)

    def test_what_cannot_be_listened_on_is_one_sentence_with_the_address_and_1(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = "127.0.0.1:{}".format(other.getsockname()[1])
            free = "127.0.0.1:0"
            plain = self.directory / "plain"
            plain.write_text("precious")
            for clients, backend, words in (
                    (taken, free, (taken, "Address already in use")),
                    (free, taken, (taken, "Address already in use")),
                    ("192.0.2.1:0", free, ("192.0.2.1", "assign")),
                    ("no such host:1", free, ("no such host:1",)),
                    (free, f"unix:{plain}", (str(plain), "Address already in use")),
                    (free, f"unix:{self.directory}/none/x", ("none/x", "No such file")),
                    (free, f"unix:/{'x' * 200}", ("xxx", "too long"))):
                with self.subTest(clients=clients, backend=backend):
                    done = push_server("--clients", clients, "--backend", backend)
                    self.assertRefused(1, done, "cannot listen on ", *words)
            self.assertEqual("precious", plain.read_text())

    def test_a_file_that_cannot_be_opened_is_one_sentence_and_1(self):
        nowhere = self.directory / "none" / "file"
        for option in ("--pid-file", "--log-file"):
            with self.subTest(option):
                done = push_server("--clients", "127.0.0.1:0", "--backend", "127.0.0.1:0", option, nowhere)
                self.assertRefused(1, done, str(nowhere), "No such file or directory")


    def test_back_ends_of_other_machines_need_a_secret_or_a_word(self):
        for address in ("0.0.0.0:0", "[::]:0"):
            done = push_server("--clients", "127.0.0.1:0", "--backend", address)
            self.assertRefused(1, done, "will not listen on ", "--backend-secret-file", "--open-backend")
        self.serve("--backend", "0.0.0.0:0", "--open-backend")

    def test_a_secret_that_is_not_there_is_one_sentence_and_1(self):
        empty = self.directory / "empty"
        empty.write_text("\n# not here\n")
        many = self.directory / "many"
        many.write_text("the first\nthe second\nand one more\n")
        for path, word in ((self.directory / "none", "No such file"), (empty, "write a line that is one"),
                           (many, "more than two secrets")):
            done = push_server("--clients", "127.0.0.1:0", "--backend", "127.0.0.1:0",
                               "--backend-secret-file", path)
            self.assertRefused(1, done, str(path), word)


    def test_a_limit_of_open_files_that_leaves_none_for_pages_is_one_sentence_and_1(self):
        done = push_server("--clients", "127.0.0.1:0", "--backend", "127.0.0.1:0",
                           "--spare-descriptors", "999999999")
        self.assertRefused(1, done, "no page could connect", "ulimit -n", "--spare-descriptors")


class Addresses(CommandLineTest):
    def push_at(self, address, line):
        with socket.socket(socket.AF_UNIX) as backend:
            backend.settimeout(PATIENCE_SECONDS)
            backend.connect(str(address))
            return push_over(backend, line)

    def test_a_local_socket_beside_a_port_serves_back_ends(self):
        path = self.directory / "push.sock"
        server = self.serve("--backend", f"unix:{path}")
        page = self.client(server, "uid1")
        self.assertEqual("ok", self.push_at(path, '{"uid":"uid1","by":"local"}'))
        self.assertEqual("ok", server.push('{"uid":"uid1","by":"tcp"}'))
        self.assertEqual("fail", self.push_at(path, '{"uid":"uid2"}'))
        self.assertEqual((TEXT, b'{"uid":"uid1","by":"local"}'), page.frame())
        self.assertEqual((TEXT, b'{"uid":"uid1","by":"tcp"}'), page.frame())

        self.assertEqual(0o660, stat.S_IMODE(path.stat().st_mode))
        server.stop()
        self.assertFalse(path.exists(), "the socket's file is removed")

    def test_a_local_socket_is_taken_over_from_a_killed_server_and_from_no_other(self):
        path = self.directory / "push.sock"
        self.serve("--backend", f"unix:{path}").kill()
        self.assertTrue(path.exists())
        self.serve("--backend", f"unix:{path}")
        done = push_server("--clients", "127.0.0.1:0", "--backend", f"unix:{path}")
        self.assertRefused(1, done, f"cannot listen on {path}", "Address already in use")
        self.assertEqual("fail", self.push_at(path, '{"uid":"uid1"}'))

    def test_clients_connect_to_each_of_several_addresses(self):
        port = free_port()
        server = self.serve("--clients", f"127.0.0.1:{port}")
        pages = [self.client(server, "uid1"), RawClient(port)]
        self.addCleanup(pages[1].close)
        pages[1].open("uid1")
        self.assertEqual("ok", server.push('{"uid":"uid1"}'))
        for page in pages:
            self.assertEqual((TEXT, b'{"uid":"uid1"}'), page.frame())

    def test_the_log_tells_which_port_the_system_chose(self):
        server = self.serve("--clients", "127.0.0.1:0")
        line = re.search(r"clients connect to 127\.0\.0\.1:(\d+), 127\.0\.0\.1:(\d+)\n", server.logged())
        client = RawClient(int(line.group(2)))
        self.addCleanup(client.close)
        client.open("uid1")


class Options(CommandLineTest):
    def test_a_back_end_says_the_secret_first(self):
        secret = self.directory / "secret"
        secret.write_text("# since May\r\nopen sesame\r\n")
        server = self.serve("--backend-secret-file", secret, "--backend", "0.0.0.0:0")
        self.assertIn(f"warning a secret in {secret} is shorter than 16 bytes: easy to guess\n", server.logged())
        page = self.client(server, "uid1")
        for first in ("open sesame ", '{"uid":"uid1"}', "# since May", ""):
            with socket.create_connection(("127.0.0.1", server.backend_port), PATIENCE_SECONDS) as stranger:
                self.assertEqual("fail", push_over(stranger, first))
                self.assertEqual(b"", stranger.recv(100), "and is closed")
        with socket.create_connection(("127.0.0.1", server.backend_port), PATIENCE_SECONDS) as friend:
            self.assertEqual("ok", push_over(friend, "open sesame"))
            self.assertEqual("ok", push_over(friend, '{"uid":"uid1"}'))
        self.assertEqual((TEXT, b'{"uid":"uid1"}'), page.frame())

    def test_only_pages_of_allowed_origins_connect(self):
        server = self.serve("--allow-origin", "https://example.org", "--allow-origin", "http://localhost:8080")

        def status(*origins):
            with socket.create_connection(("127.0.0.1", server.clients_port), PATIENCE_SECONDS) as page:
                fields = "".join(f"Origin: {origin}\r\n" for origin in origins)
                page.sendall(("GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" + fields +
                              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode())
                return int(page.makefile("rb").readline().split()[1])

        self.assertEqual(101, status("https://example.org"))
        self.assertEqual(101, status("http://LOCALHOST:8080"))
        self.assertEqual(101, status(), "no browser")
        for origin in ("null", "http://example.org", "https://example.org.evil.com", "https://example.org:8443"):
            self.assertEqual(403, status(origin), origin)
        self.assertEqual(403, status("https://example.org", "https://evil.com"))
        connection = http.client.HTTPConnection("127.0.0.1", server.clients_port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", "/", headers={"Origin": "https://evil.com"})
        self.assertEqual(200, connection.getresponse().status, "the demo page is no secret")
        self.assertRegex(server.logged(), 'warning refused a page of the origin "null" from 127.0.0.1:')

    def test_pages_above_the_number_are_turned_away_and_the_log_says_so(self):
        server = self.serve("--max-connections", "2")
        kept = [self.client(server, "uid1"), self.client(server, "uid1")]
        turned_away = RawClient(server.clients_port)
        self.addCleanup(turned_away.close)
        self.assertEqual(b"", turned_away.input.read(1))
        self.assertEqual("ok", server.push('{"uid":"uid1"}'))
        for page in kept:
            self.assertEqual((TEXT, b'{"uid":"uid1"}'), page.frame())
        server.stop()
        self.assertRegex(server.logged(), r"warning turned away \d+ connection")

    def test_back_ends_above_the_number_are_turned_away(self):
        server = self.serve("--max-backend-connections", "1")
        self.await_empty(server)
        with socket.create_connection(("127.0.0.1", server.backend_port), PATIENCE_SECONDS) as kept:
            kept.sendall(b"1\n")
            self.assertEqual(b"fail\n", kept.recv(100))
            with socket.create_connection(("127.0.0.1", server.backend_port), PATIENCE_SECONDS) as further:
                try:
                    self.assertEqual(b"", further.recv(100))
                except ConnectionResetError:
                    pass
            kept.sendall(b"1\n")
            self.assertEqual(b"fail\n", kept.recv(100))

    def test_a_message_and_a_line_that_do_not_end_are_closed(self):
        server = self.serve("--message-seconds", "0.3")
        page = self.client(server, "uid1")
        page.socket.sendall(b"\x81")
        with socket.create_connection(("127.0.0.1", server.backend_port), PATIENCE_SECONDS) as backend:
            backend.sendall(b'{"uid":')
            self.assertEqual(1008, page.close_code())
            self.assertEqual(b"", backend.recv(100))

    def test_each_of_its_threads_computes_in_slices_as_long_as_told(self):
        usual = time_slice.of()  # no more than the tests have
        for arguments, nanoseconds in (((), 100_000), (("--time-slice-microseconds", 700), 700_000),
                                       (("--time-slice-microseconds", 0), usual)):
            server = self.serve(*arguments, "--threads", 2)
            tasks = f"/proc/{server.process.pid}/task"  # the second begins when it already listens
            eventually("both of its threads run", lambda: len(os.listdir(tasks)) >= 2)
            threads = os.listdir(tasks)
            if usual:
                self.assertEqual({nanoseconds}, {time_slice.of(int(thread)) for thread in threads})
            self.assertEqual(not usual and nanoseconds != usual, "time slices are not of our choice" in server.logged())
            server.kill()

    def test_latest_only_closes_the_older_connection_of_a_uid(self):
        server = self.serve("--registry", "latest-only")
        older = self.client(server, "uid1")
        newer = self.client(server, "uid1")
        self.assertEqual(4001, older.close_code())
        self.assertEqual("ok", server.push('{"uid":"uid1"}'))
        self.assertEqual((TEXT, b'{"uid":"uid1"}'), newer.frame())

    def test_without_the_page_a_plain_request_is_told_to_upgrade(self):
        server = self.serve("--web", "off")
        connection = http.client.HTTPConnection("127.0.0.1", server.clients_port, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", "/")
        self.assertEqual(426, connection.getresponse().status)
        self.client(server, "uid1")

    def test_sizes_are_limited_as_told(self):
        server = self.serve("--max-uid-bytes", "5", "--max-message-bytes", "10",
                            "--max-line-bytes", "20", "--max-header-bytes", "300")
        page = self.client(server, "uid12")
        self.assertEqual("ok", server.push('{"uid":"uid12"     }'))
        self.assertEqual((TEXT, b'{"uid":"uid12"     }'), page.frame())
        self.assertEqual("fail", server.push('{"uid":"uid12"      }'))

        long_uid = self.client(server)
        long_uid.send(TEXT, b"uid123")
        self.assertEqual(1008, long_uid.close_code())
        long_message = self.client(server)
        long_message.send(TEXT, b"x" * 11)
        self.assertEqual(1009, long_message.close_code())

        with socket.create_connection(("127.0.0.1", server.clients_port), PATIENCE_SECONDS) as browser:
            browser.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 300 + b"\r\n\r\n")
            self.assertTrue(browser.recv(100).startswith(b"HTTP/1.1 431 "))

    def test_a_page_that_says_no_uid_is_closed_after_the_time_told(self):
        server = self.serve("--uid-seconds", "0.01")
        self.assertEqual(1008, self.client(server).close_code())

    def test_a_page_that_does_not_read_is_closed_at_the_outbox_limit_told(self):
        server = self.serve("--max-outbox-bytes", "100000")
        client = self.client(server, "slow", receive_buffer_bytes=4096)
        lines = much_for("slow")
        replies = server.push_all(lines)
        heard = replies.index("fail")
        self.assertEqual({"fail"}, set(replies[heard:]))
        for line in lines[:heard]:
            self.assertEqual((TEXT, line.encode()), client.frame())
        self.assertEqual(1013, client.close_code())

    def test_each_limit_is_refused_out_of_its_range_and_has_an_effect_in_it(self):
        number = ("-1", "1000000001")
        fragment = b"\x00\x81" + bytes(4) + b"x"
        ping = b"\x89\x80" + bytes(4)
        for option, wrong, value, further, proof in (
                ("--max-connections-per-address", number, 1, (), self.second_page_is_turned_away),
                ("--max-accepts-per-second", number, 2, (), self.some_of_many_pages_wait),
                ("--max-fragments-per-second", number, 20, (),
                 lambda server: self.page_is_closed_with_1008(server, b"\x01\x80" + bytes(4) + 100 * fragment)),
                ("--max-control-frames-per-second", number, 20, (),
                 lambda server: self.page_is_closed_with_1008(server, 100 * ping)),
                ("--max-outbox-messages", number, 10, ("--max-outbox-bytes", 2 * MUCH_BYTES),
                 self.page_that_does_not_read_is_closed_with_1013),
                ("--max-topics", number, 2, (), self.page_is_in_two_topics_and_no_third),
                ("--max-lines-under-way", ("0", "1000000001"), 1, ("--threads", 2), self.back_end_has_to_wait),
                # It waits by default too; so it is a flood, which the next two have to let through.
                # Not 1 %: where the machine stands still for 10 ms in a read, that is a second each time.
                ("--max-read-share", ("0", "101"), 5, (), lambda server: self.assertLess(0, self.flood_waits(server))),
                ("--max-read-share", (), 100, (), lambda server: self.assertEqual(0, self.flood_waits(server))),
                # Then what the flood says, all of it, is no more than one page may say in its turn.
                ("--max-turn-bytes", ("0", "1073741825"), 1 << 22, ("--max-read-share", 1),
                 lambda server: self.assertEqual(0, self.flood_waits(server))),
                ("--keep-alive-seconds", ("-1", "32768", "1.5"), 9, (),
                 lambda server: self.assertTimersMatch(server, r"timer:\(keepalive,\d(\.\d+ms|sec),")),
                ("--keep-alive-seconds", (), 0, (), lambda server: self.assertTimersMatch(server, r"\d *\Z")),
                ("--drain-spread-seconds", ("-1", "1000001", "nan", "5.1"), 1, (), self.pages_are_told_to_go_one_by_one)):
            with self.subTest(option, value=value):
                for each in wrong:
                    self.assertRefused(2, push_server(option, each), option, each)
                server = self.serve(option, value, *further)
                proof(server)
                if server.process:
                    server.kill()

    def second_page_is_turned_away(self, server):
        self.await_empty(server)
        self.client(server, "uid1")
        second = RawClient(server.clients_port)
        self.addCleanup(second.close)
        self.assertEqual(b"", second.input.read(1))

    def some_of_many_pages_wait(self, server):
        pages = [RawClient(server.clients_port) for _ in range(5)]
        for page in pages:
            self.addCleanup(page.close)
            page.open("uid1")
        self.assertLess(0, self.counted(server)["accept_pauses"])

    def page_is_closed_with_1008(self, server, frames):
        page = self.client(server, "uid1")
        page.socket.sendall(frames)
        opcode, payload = PONG, b""
        while opcode == PONG:
            opcode, payload = page.frame()
        self.assertEqual((CLOSE, 1008), (opcode, int.from_bytes(payload[:2], "big")))

    def page_that_does_not_read_is_closed_with_1013(self, server):
        page = self.client(server, "slow", receive_buffer_bytes=4096)
        lines = much_for("slow")
        replies = server.push_all(lines)
        self.assertIn("fail", replies)
        for line in lines[:replies.index("fail")]:
            self.assertEqual((TEXT, line.encode()), page.frame())
        self.assertEqual(1013, page.close_code())

    def page_is_in_two_topics_and_no_third(self, server):
        self.client(server, "uid1")
        joins = [f'{{"join":"topic{n}","members":["uid1"]}}' for n in range(3)]
        self.assertEqual(["ok", "ok", "fail"], server.push_all(joins))

    def back_end_has_to_wait(self, server):
        # Half of the uids, about, are the other thread's.
        self.assertEqual({"fail"}, set(server.push_all([f'{{"uid":"uid{n}"}}' for n in range(100)])))
        self.assertLess(0, self.counted(server)["read_pauses"])

    def flood_waits(self, server):
        """How often a page had to wait that said 2.4 MB at once."""
        page = self.client(server, "uid1")
        for _ in range(40):
            page.send(TEXT, b"x" * 60_000)
        page.send(PING, b"")
        self.assertEqual((PONG, b""), page.frame())
        return self.counted(server)["read_pauses"]

    def assertTimersMatch(self, server, pattern):
        """What the system shows for a page's and a back end's connection, at the server's end."""
        def shown(port):
            line = run("ss", "-Htno", "state", "established", f"sport = :{port}").stdout
            return "timer:(on" not in line and line  # on: something is not acknowledged yet

        self.client(server, "uid1")
        with socket.create_connection(("127.0.0.1", server.backend_port), PATIENCE_SECONDS) as backend:
            self.assertEqual("ok", push_over(backend, '{"uid":"uid1"}'))
            for port in (server.clients_port, server.backend_port):
                self.assertRegex(eventually("all is acknowledged", lambda: shown(port)).rstrip("\n"), pattern)

    def pages_are_told_to_go_one_by_one(self, server):
        pages = [self.client(server, "uid1") for _ in range(4)]
        server.process.send_signal(signal.SIGTERM)
        for page in pages:
            self.assertEqual(1001, page.close_code())
            page.close()
        self.assertEnds(server, 0)
        self.assertLess(0.5, float(re.search(r" drained in (\d+\.\d) s", server.logged()).group(1)))


class Signals(CommandLineTest):
    def signal_and_wait_for_drain(self, server, number):
        server.process.send_signal(number)
        eventually("it drains", lambda: "draining 1 connection," in server.logged())

    def test_term_and_int_drain_what_is_queued_then_say_goodbye_then_exit_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                server = self.serve("--max-outbox-bytes", 2 * MUCH_BYTES, "--drain-seconds", "1000",
                                    "--close-seconds", "1000")
                client, lines = self.client_with_much_queued(server)
                self.signal_and_wait_for_drain(server, number)
                with self.assertRaises(OSError, msg="it accepts no more"):
                    RawClient(server.clients_port)
                self.assertIsNone(server.process.poll())

                for line in lines:
                    self.assertEqual((TEXT, line.encode()), client.frame())
                self.assertEqual(1001, client.close_code())
                client.close()
                self.assertEnds(server, 0)
                self.assertIn("all messages delivered", server.logged())

    def test_a_second_signal_ends_it_at_once(self):
        server = self.serve("--max-outbox-bytes", 2 * MUCH_BYTES, "--drain-seconds", "1000",
                            "--close-seconds", "1000")
        self.client_with_much_queued(server)
        self.signal_and_wait_for_drain(server, signal.SIGTERM)
        self.assertIsNone(server.process.poll())
        server.process.send_signal(signal.SIGTERM)
        self.assertEnds(server, 1)
        self.assertRegex(server.logged(), r"second signal: ending at once, [1-9]\d* messages not delivered\n")

    def test_draining_ends_when_its_time_is_up(self):
        server = self.serve("--max-outbox-bytes", 2 * MUCH_BYTES, "--drain-seconds", "0.1")
        self.client_with_much_queued(server)
        server.process.send_signal(signal.SIGTERM)
        self.assertEnds(server, 0)
        self.assertRegex(server.logged(), r"warning drained in \d+\.\d s, \d+ messages not delivered\n")

    def test_a_hangup_without_a_log_file_drains_too(self):
        server = self.serve()
        client = self.client(server, "uid1")
        server.process.send_signal(signal.SIGHUP)
        self.assertEqual(1001, client.close_code())
        client.close()
        self.assertEnds(server, 0)

    def test_hangups_until_the_very_end_do_not_make_it_fail(self):
        for _ in range(3):
            server = self.serve("--log-file", self.directory / "log")
            server.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while server.process.poll() is None and time.monotonic() < deadline:
                server.process.send_signal(signal.SIGHUP)
                time.sleep(0.0005)  # without, a server on one busy core would do nothing but take note of them
            self.assertEnds(server, 0)

    def test_usr1_logs_the_counters_and_goes_on(self):
        server = self.serve()
        self.client(server, "uid1")
        self.assertEqual("ok", server.push('{"uid":"uid1"}'))
        self.assertEqual("fail", server.push('{"uid":"uid2"}'))
        server.process.send_signal(signal.SIGUSR1)
        eventually("counters", lambda: "1 line ok, 1 failed; 1 message queued" in server.logged())
        self.assertEqual("ok", server.push('{"uid":"uid1"}'))

    def test_usr1_logs_each_counter_for_programs(self):
        server = self.serve()
        self.client(server, "uid1")
        self.assertEqual("fail", server.push('{"uid":"uid2"}'))
        server.process.send_signal(signal.SIGUSR1)
        told = eventually("counters", server.counters)
        header = (ROOT / "include/crier/counters.hpp").read_text()
        self.assertEqual(set(re.findall(r"std::uint64_t (\w+) =\s+0;", header)), set(told))
        self.assertEqual((1, 1, 0, 1), tuple(map(told.get, ("connections", "registered", "lines_ok", "lines_failed"))))
        self.assertRegex(server.logged(), r'info    ended: \w+=\d+')


class Log(CommandLineTest):
    def assertLogLines(self, server):
        for line in server.logged().splitlines():
            self.assertRegex(line, LOG_LINE)
            self.assertEqual(line, LOG_LINE.match(line).group(), "nothing but printable ASCII")

    def test_the_start_is_logged_with_the_addresses_and_the_end_with_the_reason(self):
        server = self.serve()
        server.stop()
        self.assertLogLines(server)
        self.assertIn(f"clients connect to 127.0.0.1:{server.clients_port}\n", server.logged())
        self.assertIn(f"back ends connect to 127.0.0.1:{server.backend_port}\n", server.logged())
        self.assertIn("SIGTERM: draining", server.logged())

    def test_connections_are_logged_when_verbose_and_only_then(self):
        for verbose in (True, False):
            with self.subTest(verbose=verbose):
                server = self.serve(*["--verbose"] * verbose)
                self.client(server, "uid1").close()
                eventually("the page is gone", lambda: server.push('{"uid":"uid1"}') == "fail")
                server.stop()
                for words in ("connected from 127.0.0.1:", 'uid "uid1" registered', 'uid "uid1" left',
                              "back end #"):
                    self.assertEqual(verbose, words in server.logged(), server.logged())
                self.assertLogLines(server)

    def test_a_uid_cannot_write_lines_of_its_own_or_reach_the_terminal(self):
        server = self.serve("--verbose")
        forged = "2026-01-01T00:00:00.000Z error   forged"
        uid = f'a" \\ \r\n{forged}\n\x1b[2J\x00\x7f\u009b\u202e\u00e9'
        self.client(server, uid).close()
        server.stop()
        self.assertLogLines(server)
        self.assertNotIn(f"\n{forged}", server.logged())
        self.assertIn(r'uid "a\" \\ \x0d\x0a' + forged + r'\x0a\x1b[2J\x00\x7f\xc2\x9b\xe2\x80\xae\xc3\xa9" '
                      "registered\n", server.logged())

    def answer(self, server, target, *fields):
        """The status of a request for a WebSocket with such a target and fields, all bytes; or of one for a page."""
        with socket.create_connection(("127.0.0.1", server.clients_port), PATIENCE_SECONDS) as stranger:
            stranger.sendall(b"\r\n".join((b"GET " + target + b" HTTP/1.1", b"Host: test", *fields, b"", b"")))
            return int(stranger.makefile("rb").readline().split()[1])

    def test_an_origin_cannot_write_lines_of_its_own_or_reach_the_terminal(self):
        server = self.serve("--allow-origin", "https://example.org")
        upgrade = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13",
                   b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
        for origin, shown in self.what_http_lets_through(b"\t !#?"):
            self.assertEqual(403, self.answer(server, b"/", *upgrade, b"Origin: " + origin))
            self.assertIn(f'refused a page of the origin "{shown}" from 127.0.0.1:', server.logged())
        for byte in self.WHAT_HTTP_STOPS:
            self.assertEqual(400, self.answer(server, b"/", *upgrade, b"Origin: a%cb" % byte), byte)
        server.stop()
        self.assertLogLines(server)

    def test_a_path_cannot_write_lines_of_its_own_or_reach_the_terminal(self):
        server = self.serve("--verbose")
        for path, shown in self.what_http_lets_through(b"!"):
            self.assertEqual(404, self.answer(server, b"/" + path))
            self.assertIn(f'GET "/{shown}" from 127.0.0.1:', server.logged())
        for byte in (*self.WHAT_HTTP_STOPS, ord("\t")):
            self.assertEqual(400, self.answer(server, b"/a%cb" % byte), byte)
        server.stop()
        self.assertLogLines(server)

    WHAT_HTTP_STOPS = (*range(0x09), *range(0x0A, 0x20), 0x7F)

    @staticmethod
    def what_http_lets_through(more):
        """Each as it is sent and as it is to be logged; the bytes in more are let through too."""
        forged = b"%0a2026-01-01T00:00:00.000Z%20error%20%20%20forged%0a%1b[2J"
        harmless = bytes(range(0x24, 0x7F)).replace(b"?", b"") + b"!"
        for text in (b'"\\"\\\\"', forged, "\u009b\u202e\u00e9\ufeff".encode(), bytes(range(0x80, 0x100)),
                     b"a" + more + b"b", harmless):
            shown = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            yield text, "".join(chr(c) if 0x20 <= c < 0x7F else f"\\x{c:02x}" for c in shown)

    def test_refusals_are_logged_with_peer_and_reason_but_a_flood_of_them_is_counted(self):
        server = self.serve()
        for _ in range(30):
            client = self.client(server)
            client.send(TEXT, b"")
            self.assertEqual(1008, client.close_code())
            client.close()
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.clients_port), PATIENCE_SECONDS) as stranger:
                stranger.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
                stranger.recv(100)
        server.stop()
        self.assertEqual(10, len(re.findall(
            r"warning closed client #\d+ from 127\.0\.0\.1:\d+: ", server.logged())))
        self.assertIn("warning closed 20 more connections", server.logged())
        self.assertIn("warning refused 3 connections in the opening handshake", server.logged())


if __name__ == "__main__":
    unittest.main()
