"""The demo page's files as push_server serves them to plain HTTP requests on the clients port."""

import http.client
import pathlib
import socket
import unittest

from support import EXAMPLES, PATIENCE_SECONDS, EndToEndTest

WEB = EXAMPLES / "web"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ts": "text/plain",
}


class DemoFiles(EndToEndTest):
    def request(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.clients_port, timeout=10)
        self.addCleanup(connection.close)
        connection.request(method, path)
        answer = connection.getresponse()
        return answer, answer.read()

    def test_each_file_is_served_as_it_is_with_its_type(self):
        # package.json is for Node's import of the client module; the page has no use for it.
        files = sorted(file for file in WEB.iterdir() if file.name != "package.json")
        self.assertTrue(files)
        for file in files:
            with self.subTest(file.name):
                answer, body = self.request(f"/{file.name}")
                self.assertEqual(200, answer.status)
                self.assertEqual(file.read_bytes(), body)
                self.assertEqual(TYPES[file.suffix], answer.headers.get_content_type())
                self.assertEqual("close", answer.headers["Connection"])

    def test_the_root_is_the_page_whatever_the_query(self):
        for path in ("/", "/?uid=uid1", "/index.html?uid=a%20b"):
            with self.subTest(path):
                answer, body = self.request(path)
                self.assertEqual(200, answer.status)
                self.assertEqual((WEB / "index.html").read_bytes(), body)

    def test_nothing_else_is_served(self):
        for path in ("/nothing", "/../push_server", "/%2e%2e/etc/passwd", "//etc/passwd", "/style.css/"):
            with self.subTest(path):
                answer, _ = self.request(path)
                self.assertIn(answer.status, (400, 404, 426))
        answer, _ = self.request("/", "POST")
        self.assertEqual(405, answer.status)

    def test_an_answer_to_head_has_no_body(self):
        with socket.create_connection(("127.0.0.1", self.server.clients_port), PATIENCE_SECONDS) as client:
            client.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = client.makefile("rb").read()
        self.assertTrue(answer.startswith(b"HTTP/1.1 405 "), answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    def test_the_page_may_load_from_this_server_and_from_nowhere_else(self):
        answer, _ = self.request("/")
        policy = dict(part.split(None, 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        self.assertEqual("'none'", policy["default-src"])
        for what in ("script-src", "style-src", "img-src", "connect-src"):
            self.assertEqual("'self'", policy[what])
        self.assertEqual("nosniff", answer.headers["X-Content-Type-Options"])

    def test_a_web_socket_connects_on_every_path(self):
        for path in ("", "index.html", "ws?room=1", "nothing/here"):
            with self.subTest(path):
                page = self.receiver("uid1", self.server.websocket_url + path)
                self.assertEqual("ok", self.server.push('{"uid":"uid1"}'))
                self.assertEqual('{"uid":"uid1"}', page.message())

    def page_faults(self):
        stat = pathlib.Path(f"/proc/{self.server.process.pid}/stat").read_text()
        return int(stat.rsplit(")", 1)[1].split()[7])

    def fetch_by_many(self):
        """All of them at once, so that the server holds an answer for each."""
        asking = []
        for _ in range(40):
            connection = socket.socket()
            self.addCleanup(connection.close)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.settimeout(PATIENCE_SECONDS)
            connection.connect(("127.0.0.1", self.server.clients_port))
            connection.sendall(b"GET /crier-client.js HTTP/1.1\r\nHost: x\r\n\r\n")
            asking.append(connection)
        whole = (WEB / "crier-client.js").read_bytes()
        for connection in asking:
            with connection.makefile("rb") as answer:
                self.assertTrue(answer.read().endswith(whole))
            connection.close()

    def test_memory_that_answers_had_is_there_for_the_next_ones(self):
        """To give it back to the system and ask for it again costs more than the answers do."""
        for _ in range(3):
            self.fetch_by_many()
        before = self.page_faults()
        for _ in range(10):
            self.fetch_by_many()
        self.assertLess(self.page_faults() - before, 100)


if __name__ == "__main__":
    unittest.main()
