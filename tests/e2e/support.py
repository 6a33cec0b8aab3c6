"""What every end-to-end test needs: the server under test, foreign clients, free ports, patience."""

import contextlib
import json
import os
import pathlib
import queue
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXAMPLES = ROOT / "examples"

# What each program that the tests run comes in (Debian 12).
PACKAGES = {
    "php": "php-cli",
    "node": "nodejs",
    "nginx": "nginx",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
    "bash": "bash",
    "ss": "iproute2",
}

# Generous: a test that passes never waits this long, and a loaded machine must not fail one.
PATIENCE_SECONDS = 30


def program(name):
    """The path of a program, or a failure that names what to install."""
    # Debian keeps nginx where only root's PATH looks.
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        raise AssertionError(f"{name} is missing: apt-get install {PACKAGES[name]}")
    return path


def node_environment():
    """The environment in which node finds Debian's ws."""
    return {**os.environ, "NODE_PATH": "/usr/share/nodejs"}


def missing_programs():
    """One sentence for each program or package that is not there."""
    missing = []
    for name in PACKAGES:
        try:
            program(name)
        except AssertionError as error:
            missing.append(str(error))
    if not pathlib.Path("/usr/share/nodejs/ws").exists():
        missing.append("node's ws is missing: apt-get install node-ws")
    return missing


def artifacts():
    """Where to leave what people should look at."""
    path = pathlib.Path(os.environ.get("CRIER_ARTIFACTS", "build/artifacts"))
    path.mkdir(parents=True, exist_ok=True)
    return path


_given = set()


def free_port():
    """Below the ports that the system gives to those who connect: nobody is there by accident when a server that
    was killed wants it again. No port twice."""
    while True:
        port = random.randrange(20_000, 32_000)
        if port in _given:
            continue
        _given.add(port)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def eventually(what, condition, seconds=PATIENCE_SECONDS):
    """The first true value of condition(), asked again and again."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)


def accepts(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            # A socket can connect to itself when its own port is drawn to be the one asked for.
            return connection.getsockname() != connection.getpeername()
    except OSError:
        return False


def run(*command, **options):
    """Runs a program to its end and returns what it wrote and its exit code."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS * 2, **options)


class PushServer:
    """The executable under test, in the foreground on two ports of the loopback address."""

    prefix = ()  # a program that starts it, and its arguments
    environment = None  # the tests' own

    def __init__(self, clients_port=None, backend_port=None, arguments=()):
        self.arguments = arguments
        self.clients_port = clients_port or free_port()
        self.backend_port = backend_port or free_port()
        self.url = f"http://127.0.0.1:{self.clients_port}/"
        self.websocket_url = f"ws://127.0.0.1:{self.clients_port}/"
        self.process = None
        self.log = tempfile.TemporaryFile(mode="w+", prefix="push_server-")

    def start(self):
        for port in (self.clients_port, self.backend_port):
            # Another program may be about to leave one of the fixed ports.
            eventually(f"port {port} of 127.0.0.1 is free", lambda: not accepts(port))
        self.process = subprocess.Popen(
            [*self.prefix, os.environ["CRIER_PUSH_SERVER"],
             "--clients", f"127.0.0.1:{self.clients_port}",
             "--backend", f"127.0.0.1:{self.backend_port}", *map(str, self.arguments)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment)

        def listens():
            if self.process.poll() is not None:
                raise AssertionError(f"push_server ended at once:\n{self.logged()}")
            return accepts(self.clients_port) and accepts(self.backend_port)

        eventually("push_server listens", listens)
        return self

    def stop(self):
        """SIGTERM: the server drains and exits with 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"push_server did not end after SIGTERM:\n{self.logged()}") from None
        self.process = None
        if code != 0:
            raise AssertionError(f"push_server exited with {code} after SIGTERM:\n{self.logged()}")

    def kill(self):
        """SIGKILL: the server is gone without a goodbye."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def counters(self):
        """Those of the last SIGUSR1, or None."""
        lines = [line for line in self.logged().splitlines() if " counters: " in line]
        if not lines:
            return None
        pairs = lines[-1].split(" counters: ")[1].split()
        return {name: int(number) for name, number in (pair.split("=") for pair in pairs)}

    def logged(self):
        descriptor = self.log.fileno()  # its offset is where the server writes
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode()[-4000:]

    def push(self, message):
        """Pushes one line, or an object as one, and returns the reply without its line end."""
        line = message if isinstance(message, str) else json.dumps(message)
        return self.push_all([line])[0]

    def push_all(self, lines):
        """Pushes lines without waiting between them and returns their replies."""
        with socket.create_connection(("127.0.0.1", self.backend_port), PATIENCE_SECONDS) as backend:
            backend.sendall("".join(f"{line}\n" for line in lines).encode())
            with backend.makefile("r", encoding="utf-8") as replies:
                return [replies.readline().rstrip("\n") for _ in lines]


class Receiver:
    """A foreign WebSocket client, Node's ws, that says a uid and collects what it hears."""

    def __init__(self, url, uid):
        self.process = subprocess.Popen([program("node"), str(HERE / "receiver.cjs"), url, uid],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        text=True, env=node_environment())
        self.events = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.expect("registered")

    def _read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))
        self.events.put({"event": "ended"})

    def expect(self, event):
        """The next event, which must be of this kind."""
        got = self.events.get(timeout=PATIENCE_SECONDS)
        if got["event"] != event:
            raise AssertionError(f"expected {event}, got {got}")
        return got

    def message(self):
        return self.expect("message")["text"]

    def messages(self, count):
        return [self.message() for _ in range(count)]

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


class EndToEndTest(unittest.TestCase):
    """Starts the server before each test and ends it after it, with exit code 0."""

    ports = ()  # fixed ports, clients first; chosen freely if empty
    arguments = ()

    def setUp(self):
        self.server = PushServer(*self.ports, arguments=self.arguments).start()
        self.addCleanup(self.server.log.close)
        self.addCleanup(self.end_server)

    def end_server(self):
        if self.server.process is None:
            return  # the test ended it
        if self.server.process.poll() is not None:
            self.fail(f"push_server ended by itself:\n{self.server.logged()}")
        self.server.stop()

    def receiver(self, uid, url=None):
        receiver = Receiver(url or self.server.websocket_url, uid)
        self.addCleanup(receiver.close)
        return receiver

    @contextlib.contextmanager
    def showing_log(self):
        """Adds the server's log to a failure."""
        try:
            yield
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- push_server:\n{self.server.logged()}") from None
