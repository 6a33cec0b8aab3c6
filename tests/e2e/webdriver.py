"""Headless Chromium by the W3C WebDriver protocol (https://www.w3.org/TR/webdriver2/)."""

import base64
import json
import subprocess
import tempfile
import urllib.error
import urllib.request

import support

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Browser:
    """One browser with an empty profile of its own. Scripts run in the current tab."""

    def __init__(self, *flags):
        self.profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        port = support.free_port()
        self.driver = subprocess.Popen([support.program("chromedriver"), f"--port={port}"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        self.session = None
        try:
            support.eventually("chromedriver listens", lambda: support.accepts(port))
            self.session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL"},
                "goog:chromeOptions": {
                    "binary": support.program("chromium"),
                    "args": [*FLAGS, f"--user-data-dir={self.profile.name}", *flags],
                },
            }}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.session is not None:
            self._command("DELETE", "")
        self.driver.terminate()
        self.driver.wait()
        self.profile.cleanup()

    def open(self, url):
        self._command("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """Runs a JavaScript function body and returns what it returns."""
        return self._command("POST", "/execute/sync", {"script": script, "args": arguments})

    def text(self, selector):
        """The text of an element as a reader sees it."""
        return self.run("return document.querySelector(arguments[0]).innerText", selector)

    def attribute(self, selector, name):
        return self.run("return document.querySelector(arguments[0]).getAttribute(arguments[1])",
                        selector, name)

    def click(self, selector):
        element = self._command("POST", "/element", {"using": "css selector", "value": selector})
        self._command("POST", f"/element/{next(iter(element.values()))}/click", {})

    def type(self, selector, text):
        element = self._command("POST", "/element", {"using": "css selector", "value": selector})
        identity = next(iter(element.values()))
        self._command("POST", f"/element/{identity}/clear", {})
        self._command("POST", f"/element/{identity}/value", {"text": text})

    def new_tab(self):
        """Opens a tab, goes there, and returns its handle."""
        handle = self._command("POST", "/window/new", {"type": "tab"})["handle"]
        self.go_to(handle)
        return handle

    def tab(self):
        return self._command("GET", "/window")

    def go_to(self, handle):
        self._command("POST", "/window", {"handle": handle})

    def close_tab(self):
        """Closes the current tab; go_to another one next."""
        self._command("DELETE", "/window")

    def console(self):
        """What the console said since the last call, warnings and errors only."""
        entries = self._command("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("WARNING", "SEVERE")]

    def resize(self, width, height):
        self._command("POST", "/window/rect", {"width": width, "height": height})

    def prefer_dark(self):
        """From now on the current tab's reader prefers dark colours."""
        self._command("POST", "/goog/cdp/execute", {
            "cmd": "Emulation.setEmulatedMedia",
            "params": {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self._command("GET", "/screenshot")))

    def _command(self, method, path, body=None):
        return self._call(method, f"/session/{self.session}{path}", body)

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            self.base + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            # No proxy, whatever the environment says: the driver is on this machine.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=support.PATIENCE_SECONDS * 2) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise AssertionError(f"{value['error']}: {value['message']}") from None
