"""A PHP script written for the Workerman push example works unchanged, on that example's ports."""

import unittest

from support import HERE, EndToEndTest, program, run

SCRIPT = HERE / "workerman_push.php"
LINE = '{"uid":"uid1","percent":"88%"}'


class WorkermanScript(EndToEndTest):
    ports = (1234, 5678)

    def push(self, *arguments):
        done = run(program("php"), SCRIPT, *arguments)
        self.assertEqual("", done.stderr)
        return done.stdout

    def test_hears_ok_and_the_page_hears_its_line(self):
        page = self.receiver("uid1")
        self.assertEqual("ok\n", self.push())
        self.assertEqual(LINE, page.message())

    def test_hears_fail_for_an_unknown_uid(self):
        page = self.receiver("uid1")
        self.assertEqual("fail\n", self.push("uid2"))
        self.assertEqual("ok\n", self.push("uid1"))
        self.assertEqual(LINE, page.message(), "the line for another uid is not heard")

    def test_hears_fail_after_the_page_left(self):
        page = self.receiver("uid1")
        self.assertEqual("ok\n", self.push())
        page.close()
        self.assertEqual("fail\n", self.push_until_it_changes("ok\n"))

    def push_until_it_changes(self, from_reply):
        # When the page's process has ended, the server may not have read that yet.
        for _ in range(50):
            reply = self.push()
            if reply != from_reply:
                break
        return reply


if __name__ == "__main__":
    unittest.main()
