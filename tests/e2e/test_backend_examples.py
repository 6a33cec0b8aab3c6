"""The back-end examples push a run of percents, in PHP, Python, Node and bash."""

import json
import sys
import unittest

from support import EXAMPLES, EndToEndTest, free_port, program, run


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
                done = run(*command, uid, "127.0.0.1", self.server.backend_port)
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                self.assertIn("101", done.stdout)
                self.assertEqual([{"uid": uid, "percent": f"{n}%"} for n in range(101)],
                                 [json.loads(text) for text in page.messages(101)])

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

    def assertOneSentence(self, done):
        self.assertNotEqual(0, done.returncode)
        self.assertEqual("", done.stdout)
        self.assertEqual(1, done.stderr.count("\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
