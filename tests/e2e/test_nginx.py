"""nginx in front of the clients port, with the configuration that the project hands out."""

import pathlib
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse

from support import (EXAMPLES, PATIENCE_SECONDS, EndToEndTest, PushServer, accepts, eventually, free_port, program,
                     run)

# What Debian's nginx.conf does around a file of conf.d, in a directory of the test's own.
AROUND = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/crier.conf;
}}
"""


class BehindNginx(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.url = self.nginx_before(self.server)

    def nginx_before(self, server, replaced=()):
        """Starts nginx, with these values of its configuration replaced, and returns the URL there."""
        temporary = tempfile.TemporaryDirectory(prefix="nginx-")
        self.addCleanup(temporary.cleanup)
        directory = pathlib.Path(temporary.name)
        port = free_port()
        text = (EXAMPLES / "nginx" / "crier.conf").read_text(encoding="utf-8")
        for there, here in (("listen 80;", f"listen 127.0.0.1:{port};"),
                            ("server 127.0.0.1:1234;", f"server 127.0.0.1:{server.clients_port};"),
                            *replaced):
            self.assertEqual(1, text.count(there), f"{there} in crier.conf")
            text = text.replace(there, here)
        (directory / "crier.conf").write_text(text, encoding="utf-8")
        main = directory / "nginx.conf"
        main.write_text(AROUND.format(directory=directory), encoding="utf-8")

        # stderr before the configuration is read: the compiled-in log file may belong to root.
        command = [program("nginx"), "-e", "stderr", "-p", str(directory), "-c", str(main)]
        check = run(*command, "-t")
        self.assertEqual(0, check.returncode, check.stderr)
        nginx = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.terminate)
        eventually("nginx listens", lambda: accepts(port))
        return f"ws://127.0.0.1:{port}/ws"

    def test_a_client_hears_everything_in_order(self):
        page = self.receiver("uid1", self.url)
        direct = self.receiver("uid1")
        lines = [f'{{"uid":"uid1","n":{n}}}' for n in range(1000)]
        self.assertEqual(["ok"] * 1000, self.server.push_all(lines))
        self.assertEqual(lines, page.messages(1000))
        self.assertEqual(lines, direct.messages(1000))

    def test_a_client_hears_the_close_code_and_comes_back_after_a_restart(self):
        page = self.receiver("uid1", self.url)
        self.server.stop()
        self.assertEqual(1001, page.expect("close")["code"])
        self.server.start()
        again = self.receiver("uid1", self.url)
        self.assertEqual("ok", self.server.push({"uid": "uid1", "n": 2}))
        self.assertIn('"n": 2', again.message())

    def test_a_client_that_leaves_is_gone(self):
        page = self.receiver("uid1", self.url)
        self.assertEqual("ok", self.server.push({"uid": "uid1"}))
        page.close()
        eventually("nobody listens", lambda: self.server.push({"uid": "uid1"}) == "fail")

    def test_an_address_has_as_many_connections_as_nginx_is_told(self):
        url = self.nginx_before(self.server, [("limit_conn crier_addresses 200;", "limit_conn crier_addresses 2;")])
        kept = [self.upgrade(url), self.upgrade(url)]
        self.assertEqual([101, 101, 503], [*(status for status, _ in kept), self.upgrade(url)[0]])
        kept[0][1].close()
        eventually("there is room again", lambda: self.upgrade(url)[0] == 101)

    def test_the_origin_and_the_ticket_of_a_page_reach_the_server(self):
        keys = tempfile.NamedTemporaryFile("w", prefix="keys-")
        self.addCleanup(keys.close)
        keys.write("k1 0123456789abcdef\n")
        keys.flush()
        server = PushServer(arguments=["--allow-origin", "https://example.org", "--ticket-key-file", keys.name]).start()
        self.addCleanup(server.log.close)
        self.addCleanup(lambda: server.process and server.kill())
        url = self.nginx_before(server)
        ticket = run(program("php"), EXAMPLES / "php" / "ticket.php", "uid1", keys.name).stdout.strip()
        for origin, query, expected in (
                ("https://example.org", ticket, 101), ("https://example.com", ticket, 403),
                ("https://example.org", ticket[:-1], 403)):
            self.assertEqual(expected, self.upgrade(f"{url}?ticket={query}", f"Origin: {origin}\r\n")[0])
        eventually("it is registered", lambda: server.push({"uid": "uid1"}) == "ok")

    def upgrade(self, url, fields=""):
        """The answer to a request for an upgrade, and the connection."""
        there = urllib.parse.urlsplit(url)
        page = socket.create_connection((there.hostname, there.port), PATIENCE_SECONDS)
        self.addCleanup(page.close)
        page.sendall((f"GET {there.path}?{there.query} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
                      f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{fields}"
                      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode())
        with page.makefile("rb") as answer:
            return int(answer.readline().split()[1]), page

    def test_pings_keep_an_idle_client_behind_nginx_with_its_default_of_60_seconds(self):
        # All of it thirty times as fast: 2 s in nginx, and pings after 25 s / 30.
        server = PushServer(arguments=["--ping-seconds", "0.83"]).start()
        self.addCleanup(server.log.close)
        self.addCleanup(lambda: server.process and server.kill())
        short = ("proxy_read_timeout 1h;", "proxy_read_timeout 2s;")
        page = self.receiver("uid1", self.nginx_before(server, [short]))
        quiet = self.receiver("uid1", self.nginx_before(self.server, [short]))
        self.assertEqual(1006, quiet.expect("close")["code"], "without pings nginx ends it")
        time.sleep(4)
        self.assertEqual("ok", server.push({"uid": "uid1", "n": 1}))
        self.assertIn('"n": 1', page.message())


if __name__ == "__main__":
    unittest.main()
