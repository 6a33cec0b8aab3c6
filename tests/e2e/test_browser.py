"""Headless Chromium hears what is pushed: the Workerman example's page, and the demo page."""

import functools
import http.server
import json
import pathlib
import tempfile
import threading
import unittest
import urllib.parse

from support import HERE, EndToEndTest, artifacts, eventually, program, run
from webdriver import Browser


class BrowserTest(EndToEndTest):
    """One browser for the tests of a class; each test has a server of its own."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def eventually_ok(self, push, reply="ok"):
        """A page may not have said its uid yet: pushes until somebody listens."""
        with self.showing_log():
            eventually("a push that is ok", lambda: push() == reply)

    def eventually_text(self, selector, text):
        with self.showing_log():
            try:
                eventually(f"{selector} shows {text!r}", lambda: self.browser.text(selector) == text)
            except AssertionError as error:
                raise AssertionError(f"{error}; it shows {self.browser.text(selector)!r}") from None


class WorkermanPage(BrowserTest):
    """The page talks to port 1234, the PHP script to port 5678, as in the original."""

    ports = (1234, 5678)

    def test_shows_what_the_php_script_pushes(self):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                               functools.partial(Quiet, directory=str(HERE)))
        self.addCleanup(site.server_close)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        self.addCleanup(site.shutdown)

        self.browser.open(f"http://127.0.0.1:{site.server_port}/workerman_page.html")
        self.eventually_ok(lambda: run(program("php"), HERE / "workerman_push.php").stdout, "ok\n")
        # textContent: every byte of the message, and nothing else.
        heard = "return document.getElementById('heard').textContent"
        eventually("the page shows the line", lambda: self.browser.run(heard))
        self.assertEqual('{"uid":"uid1","percent":"88%"}\n', self.browser.run(heard))

        fail = run(program("php"), HERE / "workerman_push.php", "uid2").stdout
        self.assertEqual("fail\n", fail)


class DemoPage(BrowserTest):
    def open(self, uid=None):
        query = "" if uid is None else "?" + urllib.parse.urlencode({"uid": uid})
        self.browser.open(self.server.url + query)
        self.eventually_text("#state", "Connected")

    def push(self, **message):
        line = json.dumps({"uid": "uid1", **message})
        self.eventually_ok(lambda: self.server.push(line))
        return line

    def still(self):
        eventually("nothing moves any more",
                   lambda: self.browser.run("return document.getAnimations().length === 0"))

    def progress(self):
        return self.browser.attribute("#progress", "aria-valuenow")

    def test_draws_the_progress_that_is_pushed(self):
        self.browser.console()
        self.browser.resize(1000, 1150)
        self.open()
        self.assertIsNone(self.progress())
        self.assertEqual("none yet", self.browser.text("#count"))

        for percent in ("12%", "40%", "63%", "88%"):
            self.push(percent=percent)
        self.eventually_text("#percent", "88%")
        self.assertEqual("progressbar", self.browser.attribute("#progress", "role"))
        self.assertEqual("88", self.progress())
        self.assertEqual("88%", self.browser.attribute("#progress", "aria-valuetext"))
        drawn = ("const width = (id) => document.getElementById(id).getBoundingClientRect().width;"
                 "return width('fill') / width('progress')")
        eventually("88% of the bar is filled", lambda: abs(self.browser.run(drawn) - 0.88) < 0.005)
        self.assertEqual("4 messages", self.browser.text("#count"))

        self.still()
        self.browser.screenshot(artifacts() / "demo-page.png")
        self.browser.prefer_dark()
        self.still()
        self.browser.screenshot(artifacts() / "demo-page-dark.png")

        self.push(percent="100%")
        self.eventually_text("#percent", "100%")
        self.eventually_text("#hint", "Done.")
        self.assertEqual([], self.browser.console(), "also nothing that the page's policy refuses")

    def test_takes_percents_as_they_come_and_leaves_the_bar_alone_otherwise(self):
        self.open()
        for percent, shown in ((7, "7%"), ("12.5%", "12.5%"), ("250%", "100%"), (-3, "0%")):
            self.push(percent=percent)
            self.eventually_text("#percent", shown)
        self.push(percent="55%")
        for other in ({"percent": "soon"}, {"percent": None}, {"percent": [1]}, {"text": "hello"}):
            self.push(**other)
        self.eventually_text("#count", "9 messages")
        self.assertEqual("55%", self.browser.text("#percent"))

    def test_comes_back_by_itself_after_the_server_was_killed(self):
        self.open()
        self.push(percent="10%")
        self.eventually_text("#percent", "10%")

        self.server.kill()
        eventually("the page tells", lambda: self.browser.text("#state") != "Connected")
        self.assertIn(self.browser.text("#state"), ("Connection lost", "Connecting"))
        self.server.start()
        self.eventually_text("#state", "Connected")
        self.push(percent="20%")
        self.eventually_text("#percent", "20%")

    def test_comes_back_by_itself_after_the_server_was_stopped(self):
        self.open()
        self.server.stop()
        eventually("the page tells", lambda: self.browser.text("#state") != "Connected")
        self.server.start()
        self.eventually_text("#state", "Connected")
        self.push(percent="30%")
        self.eventually_text("#percent", "30%")

    def test_every_tab_of_a_uid_hears_and_outlives_the_others(self):
        first = self.browser.tab()
        self.open()
        self.push(percent="1%")
        self.eventually_text("#percent", "1%")

        second = self.browser.new_tab()
        self.open()

        def both_hear():
            # The second tab may not be registered yet; ok only says that one of them was.
            self.push(percent="42%")
            return self.browser.text("#percent") == "42%"

        eventually("the second tab hears", both_hear)
        self.browser.go_to(first)
        self.eventually_text("#percent", "42%")

        self.browser.close_tab()
        self.browser.go_to(second)
        self.push(percent="43%")
        self.eventually_text("#percent", "43%")

    def test_shows_hostile_text_as_text(self):
        self.open()
        hostile = ("<img src=x onerror=\"document.title='pwned'\">"
                   "<script>document.title='pwned'</script></span></li>&lt;&#x41;")
        line = self.push(percent=hostile, text=hostile)
        self.eventually_text("#messages li:first-child span", line)
        self.assertEqual(0, self.browser.run(
            "return document.querySelectorAll('#messages img, #messages script').length"))
        self.assertEqual("uid1 · crier", self.browser.run("return document.title"))
        self.assertIsNone(self.progress())

    def test_registers_the_uid_of_the_visitors_choice(self):
        self.open("first one")
        self.assertEqual("first one", self.browser.run("return document.getElementById('uid').value"))
        self.push(uid="first one", percent="5%")
        self.eventually_text("#percent", "5%")

        self.browser.type("#uid", "a&b=c")
        self.browser.click("#identity button")
        self.push(uid="a&b=c", percent="6%")
        self.eventually_text("#percent", "6%")
        eventually("the first uid is free", lambda: self.server.push({"uid": "first one"}) == "fail")
        self.assertEqual("?uid=a%26b%3Dc", self.browser.run("return location.search"))

    def test_stays_closed_when_the_server_refuses_the_uid(self):
        uid = "u" * 300
        self.browser.open(f"{self.server.url}?uid={uid}")
        state = "return document.getElementById('state').dataset.state"
        eventually("the page is closed", lambda: self.browser.run(state) == "closed")
        self.assertIn("Closed by the server", self.browser.text("#state"))
        self.assertEqual("Connect now", self.browser.text("#reconnect"))
        self.assertEqual("", self.browser.text("#countdown"))

        self.browser.type("#uid", "uid1")
        self.browser.click("#identity button")
        self.eventually_text("#state", "Connected")


class DemoPageCommands(BrowserTest):
    """The page's commands name the default port of the back end."""

    ports = (1234, 5678)

    # What would harm if a command did not quote it: for the shell, for JSON, for the terminal.
    UIDS = ("uid1", "it's \"me\" $(touch harm) `touch harm` \\ ; touch harm # é \u202e")

    def test_the_commands_push_to_this_page(self):
        for uid in self.UIDS:
            for command in ("#command-php", "#command-bash"):
                with self.subTest(uid=uid, command=command), \
                        tempfile.TemporaryDirectory() as directory:
                    self.browser.open(self.server.url + "?" + urllib.parse.urlencode({"uid": uid}))
                    text = self.browser.text(command)
                    self.assertTrue(text.isascii() and text.isprintable(), text)
                    self.eventually_ok(
                        lambda: run(program("bash"), "-c", text, cwd=directory).stdout, "ok\n")
                    self.eventually_text("#percent", "88%")
                    self.assertEqual([], list(pathlib.Path(directory).iterdir()))


class Compression(BrowserTest):
    arguments = ("--deflate", "on")

    def test_the_browser_understands_what_is_compressed(self):
        self.browser.open(self.server.url)
        self.browser.run("""
            window.ws = new WebSocket(location.href.replace('http', 'ws'));
            ws.onopen = () => ws.send('compressed');
            ws.onmessage = (event) => { window.heard = event.data; };""")
        line = json.dumps({"uid": "compressed", "text": "the same again and 文字, " * 500}, ensure_ascii=False)
        self.eventually_ok(lambda: self.server.push(line))
        eventually("the line is there", lambda: self.browser.run("return window.heard") is not None)
        self.assertEqual(line, self.browser.run("return window.heard"))
        agreed = self.browser.run("return ws.extensions")
        self.assertEqual("permessage-deflate", agreed.split(";")[0])


if __name__ == "__main__":
    unittest.main()
