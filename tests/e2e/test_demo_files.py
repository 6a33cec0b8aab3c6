"""The demo page's files as push_server serves them to plain HTTP requests on the clients port."""

import http.client
import unittest

from support import EXAMPLES, EndToEndTest

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


if __name__ == "__main__":
    unittest.main()
