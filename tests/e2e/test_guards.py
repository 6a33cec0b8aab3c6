"""What guards push_server: tickets of pages, the secret of back ends, both read again at a hangup."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import queue
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

from raw_client import CLOSE, PING, PONG, TEXT, RawClient
from support import (EXAMPLES, HERE, PATIENCE_SECONDS, accepts, eventually, free_port, node_environment, program,
                     run)
from test_cli import CommandLineTest, push_over, push_server
from webdriver import Browser

OLD = "old correct-horse-battery-staple"
NEW = "new 0123456789abcdef"  # 16 bytes: the fewest
OTHER = "old another-secret-with-the-same-id"


def forged(uid, key, end):
    """A ticket by the description in signed_ticket.hpp, for what the PHP example would not sign."""
    def text(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    name, secret = key.split()
    body = f"{name}.{end}.{text(uid.encode())}"
    return f"{body}.{text(hmac.digest(secret.encode(), body.encode(), hashlib.sha256))}"


class GuardsTest(CommandLineTest):
    def setUp(self):
        super().setUp()
        self.keys = self.directory / "keys"
        self.secret = self.directory / "secret"

    def write(self, file, *lines, mode=0o600):
        file.write_text("".join(f"{line}\n" for line in lines))
        file.chmod(mode)
        return file

    def ticket(self, uid, key, seconds=60):
        """As the PHP example makes it."""
        file = self.write(self.directory / "keys of PHP", key)
        done = run(program("php"), EXAMPLES / "php" / "ticket.php", uid, file, seconds)
        self.assertEqual((0, "", 1), (done.returncode, done.stderr, done.stdout.count("\n")))
        return done.stdout.rstrip("\n")

    def page(self, server):
        page = RawClient(server.clients_port)
        self.addCleanup(page.close)
        return page

    def status_with(self, server, query):
        """The answer to a request for an upgrade with this query, and the page."""
        page = self.page(server)
        page.socket.sendall((f"GET /?{query} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode())
        return int(page.input.readline().split()[1]), page

    def logs(self, server, words):
        """Returns when the log has these words: the first lines come when it listens."""
        eventually(words, lambda: words in server.logged())

    def hangup(self, server, words):
        """Sends it, and returns when the log has these words once more."""
        before = server.logged().count(words)
        server.process.send_signal(signal.SIGHUP)
        eventually(words, lambda: server.logged().count(words) > before)

    def assertHears(self, server, uid, *pages):
        line = json.dumps({"uid": uid, "at": time.monotonic()})
        self.assertEqual("ok", server.push(line), server.logged())
        for page in pages:
            self.assertEqual((TEXT, line.encode()), page.frame())

    def assertTurnedAway(self, server, first, reason):
        page = self.page(server).open()
        page.send(TEXT, first.encode())
        opcode, payload = page.frame()
        self.assertEqual(CLOSE, opcode)
        self.assertEqual((1008, reason), (struct.unpack("!H", payload[:2])[0], payload[2:].decode()))

    @contextlib.contextmanager
    def back_end(self, server):
        with socket.create_connection(("127.0.0.1", server.backend_port), PATIENCE_SECONDS) as connection:
            yield connection

    def assertSecret(self, server, good, bad):
        for secret, reply in ((good, "ok"), (bad, "fail")):
            with self.back_end(server) as connection:
                self.assertEqual(reply, push_over(connection, secret), secret)


class Tickets(GuardsTest):
    def test_a_page_with_a_ticket_that_php_made_hears_what_is_for_its_uid(self):
        for threads in ("1", "3"):
            with self.subTest(threads=threads):
                server = self.serve("--ticket-key-file", self.write(self.keys, OLD, NEW), "--threads", threads)
                self.logs(server, "pages need a ticket")
                uid = 'g\u00fcnther "1"'
                first = self.page(server).open(self.ticket(uid, OLD))
                status, second = self.status_with(server, "room=1&ticket=" + self.ticket(uid, NEW))
                self.assertEqual(101, status)
                while second.input.readline() != b"\r\n":
                    pass
                second.send(PING, b"")
                self.assertEqual((PONG, b""), second.frame())
                self.assertHears(server, uid, first, second)

    def test_no_other_page_gets_in(self):
        server = self.serve("--ticket-key-file", self.write(self.keys, OLD))
        good = self.ticket("uid1", OLD)
        name, end, uid, signature = good.split(".")
        soon = int(time.time()) + 60
        for ticket, reason in (
                ("uid1", "bad ticket"),
                ("", "bad ticket"),
                (self.ticket("uid1", OTHER), "bad ticket"),
                (self.ticket("uid1", NEW), "bad ticket"),
                (self.ticket("uid1", OLD, 0), "ticket has expired"),
                (forged("uid1", OLD, soon - 61), "ticket has expired"),
                (f"{name}.{int(end) + 1}.{uid}.{signature}", "bad ticket"),
                (f"{name}.{end}.{uid[:-1]}.{signature}", "bad ticket"),
                (f"{name}.{end}.{uid}.{signature[:-1]}", "bad ticket"),
                (f"{name}.{end}.{uid}.", "bad ticket"),
                (good + "~", "bad ticket"),
                (forged("", OLD, soon), "empty uid"),
                (forged("u" * 257, OLD, soon), "uid too long")):
            with self.subTest(ticket):
                self.assertTurnedAway(server, ticket, reason)
                if "uid" not in reason:
                    self.assertEqual(403, self.status_with(server, f"ticket={ticket}")[0])
        self.assertEqual("fail", server.push('{"uid":"uid1"}'))
        self.page(server).open(forged("uid1", OLD, soon))
        self.assertHears(server, "uid1")
        self.assertNotIn(good, server.logged())

    def test_the_log_tells_why_a_ticket_was_refused(self):
        server = self.serve("--ticket-key-file", self.write(self.keys, OLD))
        self.assertEqual(403, self.status_with(server, "ticket=uid1")[0])
        self.assertRegex(server.logged(), r"warning refused a page from 127\.0\.0\.1:\d+: bad ticket\n")
        self.assertTurnedAway(server, self.ticket("uid1", OLD, 0), "ticket has expired")
        self.assertRegex(server.logged(), r"warning refused a page from 127\.0\.0\.1:\d+: ticket has expired\n")

    def test_without_keys_a_ticket_is_a_uid_like_any_other(self):
        server = self.serve()
        self.logs(server, "pages say their uid")
        ticket = self.ticket("uid1", OLD)
        page = self.page(server).open(ticket)
        self.assertEqual("fail", server.push('{"uid":"uid1"}'))
        self.assertHears(server, ticket, page)
        self.assertEqual(101, self.status_with(server, "ticket=bad")[0])
        binary = self.page(server).open()
        binary.send(2, b"uid1")
        self.assertEqual(1003, binary.close_code())

    def test_the_newest_ticket_of_a_uid_replaces_with_latest_only(self):
        server = self.serve("--ticket-key-file", self.write(self.keys, OLD), "--registry", "latest-only")
        older = self.page(server).open(self.ticket("uid1", OLD))
        newer = self.page(server).open(self.ticket("uid1", OLD))
        self.assertEqual(4001, older.close_code())
        self.assertHears(server, "uid1", newer)

    def test_php_says_what_is_wrong(self):
        script = EXAMPLES / "php" / "ticket.php"
        for arguments, words in (
                (["uid1"], "usage: "),
                (["uid1", self.write(self.keys, OLD), "soon"], "usage: "),
                (["uid1", self.directory / "none"], "cannot read "),
                (["uid1", self.write(self.secret, "# nothing", "")], "no key in "),
                (["uid1", self.write(self.directory / "half", "old")], "no secret in ")):
            with self.subTest(words):
                done = run(program("php"), script, *arguments)
                self.assertEqual((1, "", 1), (done.returncode, done.stdout, done.stderr.count("\n")))
                self.assertIn(f"ticket.php: {words}", done.stderr)

    def test_php_signs_with_the_first_key_of_the_file_that_the_server_has(self):
        keys = self.write(self.keys, "# ours", "", f"\t{NEW} \r", OLD)
        done = run(program("php"), EXAMPLES / "php" / "ticket.php", "uid1", keys)
        self.assertEqual("new", done.stdout.split(".")[0])
        server = self.serve("--ticket-key-file", keys)
        self.assertHears(server, "uid1", self.page(server).open(done.stdout.rstrip("\n")))


class Clients(GuardsTest):
    def setUp(self):
        super().setUp()
        self.server = self.serve("--ticket-key-file", self.write(self.keys, OLD))
        self.keys_of_php = self.write(self.directory / "keys of PHP", OLD)
        self.heard = queue.Queue()

    def hear(self, event):
        """The next event but attempts to connect, which must be of this kind."""
        while (got := self.heard.get(timeout=PATIENCE_SECONDS))["event"] in ("connecting", "waiting"):
            pass
        self.assertEqual(event, got["event"], got)
        return got

    def test_the_client_module_has_php_make_a_ticket_for_each_connection(self):
        client = subprocess.Popen(
            [program("node"), HERE / "ticket_client.mjs", self.server.websocket_url,
             program("php"), EXAMPLES / "php" / "ticket.php", "uid1", self.keys_of_php],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=node_environment())
        reader = threading.Thread(target=lambda: [self.heard.put(json.loads(line)) for line in client.stdout])
        reader.start()
        self.addCleanup(client.stdout.close)
        self.addCleanup(reader.join)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)

        first = self.hear("open")["uid"]
        eventually("it is registered", lambda: self.server.push('{"uid":"uid1","n":1}') == "ok")
        self.assertEqual('{"uid":"uid1","n":1}', self.hear("message")["text"])

        # PHP has no key for a while: no ticket, and it comes back nevertheless.
        self.keys_of_php.unlink()
        self.server.kill()
        self.server.start()
        eventually("an attempt fails for want of a ticket", self.waits_for_a_ticket)
        self.write(self.keys_of_php, NEW)
        self.write(self.keys, NEW)
        self.hangup(self.server, "read again: ")
        second = self.hear("open")["uid"]
        self.assertEqual(("old", "new"), (first.split(".")[0], second.split(".")[0]))
        eventually("it is registered", lambda: self.server.push('{"uid":"uid1","n":2}') == "ok")
        self.assertEqual('{"uid":"uid1","n":2}', self.hear("message")["text"])

    def waits_for_a_ticket(self):
        got = self.heard.get(timeout=PATIENCE_SECONDS)
        self.assertIn(got["event"], ("connecting", "waiting"), got)
        return got.get("reason", "").startswith("no uid: ")

    def test_a_browser_does_so_too(self):
        browser = Browser()
        self.addCleanup(browser.close)
        browser.open(self.server.url)
        browser.run("""
            window.heard = [];
            const tickets = arguments[0];
            import('/crier-client.js').then(({ CrierClient }) => {
                const client = new CrierClient({
                    url: location.href.replace('http', 'ws'), minDelayMs: 50, maxDelayMs: 200,
                    uid: async () => tickets.shift() ?? Promise.reject(new Error('none left')),
                });
                client.addEventListener('state', (event) => heard.push(event.reason || event.state));
                client.addEventListener('message', (event) => heard.push(event.text));
            });""", ["", self.ticket("uid1", OLD), self.ticket("uid1", OLD)])

        def heard():
            return browser.run("return heard")

        for number in (1, 2):
            line = f'{{"uid":"uid1","n":{number}}}'
            eventually("it is registered", lambda: self.server.push(line) == "ok")
            eventually("it hears", lambda: line in heard())
            self.server.kill()
            self.server.start()
        eventually("the tickets are used up", lambda: "no uid: none left" in heard())
        self.assertEqual("no uid: uid must be a string that is not empty", heard()[0])
        self.assertEqual(2, heard().count("open"), heard())


class Files(GuardsTest):
    SECRET = "sesame-open-sesame-open"

    def refused(self, *arguments):
        return push_server("--clients", "127.0.0.1:0", "--backend", "127.0.0.1:0", *arguments)

    def test_a_key_file_that_makes_no_sense_is_one_sentence_with_the_line_and_1(self):
        secret = self.SECRET
        for lines, number, words in (
                ([f"k.1 {secret}"], 1, "an id is"),
                ([secret * 3 + " k1"], 1, "an id is"),
                (["", "# keys", f"k1 {secret}", "k2"], 4, "no secret"),
                ([f"k1 {secret} {secret}"], 1, "more than ID SECRET"),
                ([f"k1 {secret}", "k2 fifteen-bytes-x"], 2, "16 bytes"),
                ([f"k1 {secret}", f"k1 {secret}2"], 2, "same id")):
            with self.subTest(words):
                done = self.refused("--ticket-key-file", self.write(self.keys, *lines))
                self.assertRefused(1, done, f"{self.keys}, line {number}: ", words)
                self.assertNotIn(secret, done.stderr)
                self.assertNotIn("fifteen", done.stderr)

    def test_a_file_that_cannot_be_read_or_holds_nothing_is_one_sentence_with_its_path_and_1(self):
        for option in ("--ticket-key-file", "--backend-secret-file"):
            for path, words in (
                    (self.directory / "none", "No such file or directory"),
                    (self.directory, "Is a directory"),
                    ("/dev/zero", "larger than 1 MiB"),
                    (self.write(self.keys), "no key" if "key" in option else "no secret"),
                    (self.write(self.secret, "", "# a comment"), "no key" if "key" in option else "no secret")):
                with self.subTest(option=option, path=path):
                    self.assertRefused(1, self.refused(option, path), str(path), words)
            self.assertRefused(2, self.refused(option, ""), option, "names no file")

    def test_a_secret_that_no_line_can_hold_is_one_sentence_and_1(self):
        done = self.refused("--backend-secret-file", self.write(self.secret, "x" * 30), "--max-line-bytes", "29")
        self.assertRefused(1, done, str(self.secret), "--max-line-bytes")

    def test_a_secret_with_what_nobody_sees_is_refused(self):
        for text, words in ((" ", "a blank"), (self.SECRET + " ", "a blank"), ("\t" + self.SECRET, "a blank"),
                            ("\ufeff" + self.SECRET, "byte order mark")):
            with self.subTest(text):
                done = self.refused("--backend-secret-file", self.write(self.secret, text))
                self.assertRefused(1, done, str(self.secret), words)

    def test_a_file_of_secrets_that_everybody_can_read_is_warned_of_once_each_time_it_is_read(self):
        self.write(self.keys, OLD, mode=0o644)
        self.write(self.secret, "sesame", mode=0o640)
        server = self.serve("--ticket-key-file", self.keys, "--backend-secret-file", self.secret)
        warning = f"warning everybody on this machine can read {self.keys}: chmod o-r it\n"
        self.logs(server, warning)
        self.hangup(server, "read again: ")
        self.assertEqual(2, server.logged().count(warning))
        self.keys.chmod(0o640)
        self.hangup(server, "read again: ")
        self.assertEqual(2, server.logged().count("everybody on this machine"))
        self.assertNotIn("sesame", server.logged())
        self.assertNotIn("staple", server.logged())

    def test_the_number_of_connections_of_a_uid_is_limited_as_told(self):
        server = self.serve("--max-connections-per-uid", "2")
        kept = [self.page(server).open("uid1"), self.page(server).open("uid1")]
        self.assertTurnedAway(server, "uid1", "uid refused")
        self.assertHears(server, "uid2", self.page(server).open("uid2"))
        self.assertHears(server, "uid1", *kept)

    def test_a_limit_for_each_uid_where_only_the_newest_stays_is_wrong_usage(self):
        done = self.refused("--max-connections-per-uid", "2", "--registry", "latest-only")
        self.assertRefused(2, done, "--max-connections-per-uid", "latest-only", "one connection")


class Hangup(GuardsTest):
    def serve_both(self, *arguments):
        self.write(self.keys, OLD)
        self.write(self.secret, "sesame")
        return self.serve("--ticket-key-file", self.keys, "--backend-secret-file", self.secret, *arguments)

    def make_a_pipe_of_the_keys(self):
        self.keys.unlink()
        os.mkfifo(self.keys)

    def push(self, server, secret, line):
        with self.back_end(server) as connection:
            self.assertEqual("ok", push_over(connection, secret))
            return push_over(connection, line)

    def test_new_keys_and_a_new_secret_count_from_then_on_and_who_is_there_stays(self):
        for threads in ("1", "3"):
            with self.subTest(threads=threads):
                server = self.serve_both("--threads", threads)
                old_page = self.page(server).open(self.ticket("uid1", OLD))
                with self.back_end(server) as old_back_end:
                    self.assertEqual("ok", push_over(old_back_end, "sesame"))

                    self.write(self.keys, NEW, OLD)
                    self.write(self.secret, "open up")
                    self.hangup(server, "read again: 1 secret of back ends, 2 ticket keys\n")
                    between = self.page(server).open(self.ticket("uid1", OLD))
                    new_page = self.page(server).open(self.ticket("uid1", NEW))

                    self.write(self.keys, NEW)
                    self.hangup(server, "read again: 1 secret of back ends, 1 ticket key\n")
                    for _ in range(5):  # whatever thread it comes to
                        self.assertTurnedAway(server, self.ticket("uid1", OLD), "bad ticket")
                        self.assertSecret(server, "open up", "sesame")
                    line = '{"uid":"uid1","by":"the old back end"}'
                    self.assertEqual("ok", push_over(old_back_end, line))
                    for page in (old_page, between, new_page):
                        self.assertEqual((TEXT, line.encode()), page.frame())

    def test_the_secret_of_back_ends_may_be_changed_without_a_break(self):
        server = self.serve_both()
        self.assertSecret(server, "sesame", "open up")
        self.write(self.secret, "open up", "sesame")
        self.hangup(server, "read again: 2 secrets of back ends, 1 ticket key\n")
        for _ in range(5):
            self.assertSecret(server, "sesame", "close")
            self.assertSecret(server, "open up", "open upsesame")
        self.write(self.secret, "open up")
        self.hangup(server, "read again: 1 secret of back ends, 1 ticket key\n")
        self.assertSecret(server, "open up", "sesame")

    def test_a_file_that_is_broken_leaves_both_as_they_were(self):
        server = self.serve_both()
        for what, break_it in (
                (f"{self.keys}, line 2: ", lambda: self.write(self.keys, NEW, "new 0123456789abcdef")),
                (f"no key in {self.keys}", lambda: self.write(self.keys, "# gone")),
                (f"cannot read {self.keys}: No such file", self.keys.unlink),
                (f"cannot read {self.keys}: it is no regular file", self.make_a_pipe_of_the_keys),
                (f"no secret in {self.secret}", lambda: self.write(self.secret, ""))):
            with self.subTest(what):
                self.write(self.secret, "open up")
                break_it()
                self.hangup(server, f"error   {what}")
                self.assertIn("; secrets and keys stay as they were\n", server.logged())
                self.assertSecret(server, "sesame", "open up")
                self.assertTurnedAway(server, self.ticket("uid1", NEW), "bad ticket")
                page = self.page(server).open(self.ticket("uid1", OLD))
                page.close()
                self.keys.unlink(missing_ok=True)
                self.write(self.keys, NEW)
        self.write(self.secret, "open up")
        self.hangup(server, "read again: ")
        self.assertSecret(server, "open up", "sesame")
        page = self.page(server).open(self.ticket("uid1", NEW))
        self.assertEqual("ok", self.push(server, "open up", '{"uid":"uid1"}'))
        self.assertEqual((TEXT, b'{"uid":"uid1"}'), page.frame())

    def test_one_file_is_enough_for_it_not_to_end_the_server(self):
        self.write(self.keys, OLD)
        self.write(self.secret, "sesame")
        for option, file, words in (("--ticket-key-file", self.keys, "1 ticket key"),
                                    ("--backend-secret-file", self.secret, "1 secret of back ends")):
            with self.subTest(option):
                server = self.serve(option, file)
                self.hangup(server, f"read again: {words}\n")
                self.assertNotIn("draining", server.logged())
                server.stop()

    def test_a_hangup_as_soon_as_it_listens_does_not_end_it(self):
        keys = self.write(self.keys, OLD)
        for _ in range(10):
            port = free_port()
            with subprocess.Popen([os.environ["CRIER_PUSH_SERVER"], "--clients", f"127.0.0.1:{port}", "--backend",
                                   "127.0.0.1:0", "--ticket-key-file", keys],
                                  stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
                while not accepts(port):
                    self.assertIsNone(server.poll())
                server.send_signal(signal.SIGHUP)
                server.send_signal(signal.SIGTERM)
                self.assertEqual(0, server.wait(PATIENCE_SECONDS))

    def test_a_file_named_by_a_relative_path_is_found_again(self):
        self.write(self.keys, OLD)
        relative = os.path.relpath(self.keys)
        log_file = self.directory / "log"
        port, pid_file = free_port(), self.directory / "pid"
        common = ["--clients", f"127.0.0.1:{port}", "--backend", "127.0.0.1:0", "--pid-file", pid_file,
                  "--log-file", log_file, "--ticket-key-file", relative]
        done = push_server("start", "-d", *common)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.addCleanup(push_server, "stop", *common)
        self.write(self.keys, NEW)
        os.kill(int(pid_file.read_text()), signal.SIGHUP)
        eventually("it is read again", lambda: "read again: 1 ticket key\n" in log_file.read_text())
        self.assertIn("log file opened again\n", log_file.read_text())
        page = RawClient(port)
        self.addCleanup(page.close)
        page.open(self.ticket("uid1", NEW))

    def test_the_commands_of_the_systemd_unit_start(self):
        self.write(self.directory / "ticket-keys", OLD)
        self.write(self.directory / "backend-secret", "sesame")
        unit = (EXAMPLES / "push_server" / "crier.service").read_text()
        unit = unit.replace("\\\n#", "").replace("%d", str(self.directory))
        commands = re.findall(r"^#?ExecStart=\S+/push_server (.+)$", unit, re.MULTILINE)
        self.assertEqual([False, True], ["--ticket-key-file" in command for command in commands])
        for command in commands:
            words = command.replace("0.0.0.0:1234", "127.0.0.1:0").replace("127.0.0.1:5678", "127.0.0.1:0").split()
            self.serve(*words).stop()

    def test_a_restart_with_a_broken_file_leaves_the_server_that_runs(self):
        self.write(self.keys, OLD)
        pid_file = self.directory / "pid"
        server = self.serve("--pid-file", pid_file, "--ticket-key-file", self.keys)
        self.write(self.keys, "old")
        done = push_server("restart", "--pid-file", pid_file, "--ticket-key-file", self.keys)
        self.assertRefused(1, done, str(self.keys), "line 1")
        self.page(server).open(self.ticket("uid1", OLD))


if __name__ == "__main__":
    unittest.main()
