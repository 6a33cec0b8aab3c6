"""Node: its ws as a foreign WebSocket client, and the tests of the client module."""

import os
import unittest

from support import HERE, ROOT, EndToEndTest, node_environment, program, run


class ClientModule(unittest.TestCase):
    def test_crier_client_test_mjs_passes(self):
        done = run(program("node"), "--test", "--test-reporter=spec",
                   ROOT / "tests" / "web" / "crier-client.test.mjs")
        self.assertEqual(0, done.returncode, f"\n{done.stdout}{done.stderr}")


class NodeClient(EndToEndTest):
    extensions = ""

    def test_websocket_test_cjs_passes(self):
        done = run(program("node"), "--test", "--test-reporter=spec", HERE / "websocket.test.cjs", env={
            **node_environment(),
            "CRIER_CLIENTS_PORT": str(self.server.clients_port),
            "CRIER_BACKEND_PORT": str(self.server.backend_port),
            "CRIER_EXTENSIONS": self.extensions,
        })
        with self.showing_log():
            self.assertEqual(0, done.returncode, f"\n{done.stdout}{done.stderr}")

    def test_a_stopping_server_says_goodbye_with_1001(self):
        pages = [self.receiver("uid1"), self.receiver("uid2")]
        self.server.stop()
        for page in pages:
            self.assertEqual(1001, page.expect("close")["code"])

    def test_what_was_pushed_before_the_stop_still_arrives(self):
        page = self.receiver("uid1")
        lines = [f'{{"uid":"uid1","n":{n}}}' for n in range(1000)]
        for reply in self.server.push_all(lines):
            self.assertEqual("ok", reply)
        self.server.stop()
        self.assertEqual(lines, page.messages(1000))
        self.assertEqual(1001, page.expect("close")["code"])


class CompressingNodeClient(NodeClient):
    """The same with a server that compresses."""

    arguments = ("--deflate", "on")
    extensions = "permessage-deflate"

    def test_a_long_line_arrives_as_it_was_sent(self):
        page = self.receiver("uid1")
        lines = ['{"uid":"uid1","n":%d,"text":"%s"}' % (n, "of the \u00e9t\u00e9 " * n) for n in range(0, 5000, 500)]
        for reply in self.server.push_all(lines):
            self.assertEqual("ok", reply)
        self.assertEqual(lines, page.messages(len(lines)))


if __name__ == "__main__":
    unittest.main()
