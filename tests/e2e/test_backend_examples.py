"""The back-end examples push a run of percents, in PHP, Python, Node and bash."""

import json
import os
import pathlib
import sys
import tempfile
import unittest

from support import EXAMPLES, EndToEndTest, PushServer, free_port, program, run


def commands():
    yield "php", [program("php"), EXAMPLES / "php" / "push.php"]
    yield "python", [sys.executable, EXAMPLES / "python" / "push.py"]
    yield "node", [program("node"), EXAMPLES / "node" / "push.mjs"]
    yield "bash", [program("bash"), EXAMPLES / "bash" / "push.sh"]


class BackEndExamples(EndToEndTest):
    def test_the_page_hears_all_percents_in_order(self):
        for language, command in commands():
            # A uid that a sloppy JSON string would break at.
            uid = f'{language} "quoted" back\\slash'
            with self.subTest(language):
                page = self.receiver(uid)
                # An empty secret is none.
                done = self.run_with("", *command, uid, "127.0.0.1", self.server.backend_port)
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                self.assertIn("101", done.stdout)
                self.assertEqual([{"uid": uid, "percent": f"{n}%"} for n in range(101)],
                                 [json.loads(text) for text in page.messages(101)])

    def test_all_but_bash_reach_a_local_socket(self):
        with tempfile.TemporaryDirectory(prefix="local-") as folder:
            path = f"unix:{folder}/push.sock"
            server = PushServer(arguments=["--backend", path]).start()
            self.addCleanup(server.log.close)
            self.addCleanup(server.stop)
            for language, command in commands():
                if language == "bash":
                    continue
                with self.subTest(language):
                    page = self.receiver(language, server.websocket_url)
                    done = run(*command, language, path)
                    self.assertEqual((0, ""), (done.returncode, done.stderr))
                    self.assertEqual([f"{n}%" for n in range(101)],
                                     [json.loads(text)["percent"] for text in page.messages(101)])

    def test_a_reply_that_is_not_ok_ends_it_with_one_sentence(self):
        for language, command in commands():
            with self.subTest(language):
                done = run(*command, "nobody", "127.0.0.1", self.server.backend_port)
                self.assertOneSentence(done)
                self.assertIn("nobody", done.stderr)
                self.assertIn("fail", done.stderr)

    def test_a_server_that_is_not_there_ends_it_with_one_sentence(self):
        port = free_port()
        for language, command in commands():
            with self.subTest(language):
                done = run(*command, "uid1", "127.0.0.1", port)
                self.assertOneSentence(done)
                self.assertIn(f"cannot reach 127.0.0.1:{port}", done.stderr)

    def test_the_secret_is_said_first_where_the_environment_has_one(self):
        # What a shell, printf or a format string would break at.
        secret = 'it\'s "$HOME" 100%s \\n \u00e9'
        guarded = self.guarded(secret)
        for language, command in commands():
            with self.subTest(language):
                page = self.receiver(language, guarded.websocket_url)
                done = self.run_with(secret, *command, language, "127.0.0.1", guarded.backend_port)
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                self.assertEqual([f"{n}%" for n in range(101)],
                                 [json.loads(text)["percent"] for text in page.messages(101)])

    def test_a_secret_that_is_refused_ends_it_with_one_sentence(self):
        guarded = self.guarded("right")
        self.receiver("uid1", guarded.websocket_url)
        for language, command in commands():
            # The server that has no secret takes it for a line.
            for port in (guarded.backend_port, self.server.backend_port):
                with self.subTest(language, port=port):
                    done = self.run_with("wrong", *command, "uid1", "127.0.0.1", port)
                    self.assertOneSentence(done)
                    self.assertIn(f"127.0.0.1:{port} does not take the secret", done.stderr)
                    self.assertNotIn("wrong", done.stderr)

    def guarded(self, secret):
        """Another server, with a secret."""
        temporary = tempfile.TemporaryDirectory(prefix="secret-")
        self.addCleanup(temporary.cleanup)
        file = pathlib.Path(temporary.name) / "secret"
        file.write_text(secret + "\n", encoding="utf-8")
        server = PushServer(arguments=["--backend-secret-file", file]).start()
        self.addCleanup(server.log.close)
        self.addCleanup(server.stop)
        return server

    def run_with(self, secret, *command):
        return run(*command, env={**os.environ, "CRIER_SECRET": secret})

    def assertOneSentence(self, done):
        self.assertNotEqual(0, done.returncode)
        self.assertEqual("", done.stdout)
        self.assertEqual(1, done.stderr.count("\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
