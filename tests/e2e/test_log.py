"""push_server's log where nobody reads it."""

import contextlib
import fcntl
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from raw_client import TEXT, RawClient
from support import PushServer, eventually

F_SETPIPE_SZ = 1031
LOST = re.compile(r"\d{4}-[0-9-]+T[0-9:.]+Z warning (\d+) lines? of the log lost here\n")


class PipedServer(PushServer):
    """Its log goes into a pipe of 16 KiB. Nobody reads it but read() and held()."""

    def __init__(self, *arguments):
        super().__init__(arguments=arguments)
        self.log.close()
        self.reads, writes = os.pipe()
        fcntl.fcntl(writes, F_SETPIPE_SZ, 16384)
        self.log = os.fdopen(writes, "w")
        os.set_blocking(self.reads, False)

    def logged(self):
        return ""

    def held(self):
        """All the pipe holds at one instant: nothing that is written once there is room again."""
        return os.read(self.reads, 65536).decode()

    def read(self):
        text = b""
        try:
            while more := os.read(self.reads, 65536):
                text += more
        except BlockingIOError:
            pass
        return text.decode()


class TerminalServer(PipedServer):
    """Its log goes to a terminal, whose other end is read by nobody but read()."""

    def __init__(self, *arguments):
        PushServer.__init__(self, arguments=arguments)
        self.log.close()
        self.reads, writes = os.openpty()
        self.log = os.fdopen(writes, "w")
        os.set_blocking(self.reads, False)


class SomebodyElsesTerminalServer(TerminalServer):
    """As after su: it may write to the terminal of its session, but not open it by its name."""

    # What it executes may be where only root looks.
    prefix = (sys.executable, "-c", """if True:
        import fcntl, os, sys, termios
        os.setsid()
        fcntl.ioctl(2, termios.TIOCSCTTY, 0)
        program = os.open(sys.argv[1], os.O_RDONLY)
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        os.execve(program, sys.argv[1:], os.environ)""")

    def start(self):
        os.fchmod(self.log.fileno(), 0)
        return super().start()


class UnreadLog(unittest.TestCase):
    def setUp(self):
        self.server = PipedServer("-v", "--threads", "2")
        self.addCleanup(self.server.log.close)
        self.server.start()
        self.addCleanup(lambda: self.server.process and self.server.kill())
        self.server.log.close()  # only the server has it

    def page(self, uid):
        client = RawClient(self.server.clients_port)
        self.addCleanup(client.close)
        return client.open(uid)

    def serves(self, uid):
        page = self.page(uid)
        line = '{"uid":"%s"}' % uid
        eventually(f"{uid} is there", lambda: self.server.push(line) == "ok")
        self.assertEqual((TEXT, line.encode()), page.frame())

    def test_a_reader_that_stops_stops_nobody_and_learns_what_it_missed(self):
        for i in range(100):
            self.serves(f"uid{i}")
        self.server.process.send_signal(signal.SIGUSR1)
        self.serves("another")
        text = self.server.held()
        self.assertGreater(len(text), 8000, "it was full, nearly")
        self.assertNotIn("lost here", text)
        self.serves("one more")
        text = ""

        def told():
            nonlocal text
            text += self.server.read()
            return LOST.search(text)

        eventually("it says how many", told)
        self.assertGreater(int(LOST.search(text)[1]), 100)
        for line in text.splitlines(keepends=True):
            self.assertRegex(line, r"\A\d{4}-[0-9-]+T[0-9:.]+Z (debug|info|warning|error) .*\n\Z")
        self.server.stop()

    def test_a_terminal_that_nobody_reads_stops_nobody(self):
        self.a_terminal_that_nobody_reads(TerminalServer("-v"))

    def test_a_terminal_of_somebody_else_that_nobody_reads_stops_nobody(self):
        self.a_terminal_that_nobody_reads(SomebodyElsesTerminalServer("-v"))

    def a_terminal_that_nobody_reads(self, terminal):
        self.server.stop()
        self.server = terminal
        self.addCleanup(os.close, self.server.reads)
        self.addCleanup(self.server.log.close)
        self.server.start()
        for i in range(300):
            self.serves(f"uid{i}")
        text = ""

        def told():
            nonlocal text
            text += self.server.read().replace("\r\n", "\n")
            self.serves("one more")
            # What the terminal holds gets less for a moment when it passes some on: there may be several gaps.
            return sum(int(lost) for lost in LOST.findall(text)) > 100

        eventually("it says how many", told)
        self.server.stop()

    def test_a_pipe_that_others_write_into_stops_nobody(self):
        self.server.stop()
        self.server = server = PipedServer("-v", "--threads", "2")
        self.addCleanup(os.close, server.reads)
        self.addCleanup(server.log.close)
        server.start()
        other = subprocess.Popen(["cat", "/dev/zero"], stdout=server.log)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)

        def come_and_go():
            while other.poll() is None:
                with contextlib.suppress(OSError):
                    RawClient(server.clients_port).open("uid1").close()

        pages = [threading.Thread(target=come_and_go, daemon=True) for _ in range(2)]
        for page in pages:
            page.start()
        os.set_blocking(server.reads, True)
        for _ in range(1500):
            for _ in range(30):
                os.read(server.reads, 4096)
            time.sleep(0.002)  # a pause in which pages come, and both want to write
            self.assertEqual("fail", server.push('{"uid":"nobody"}'))
        other.kill()
        for page in pages:
            page.join()
        server.stop()

    def test_a_reader_that_goes_ends_nobody(self):
        os.close(self.server.reads)
        self.serves("uid1")
        self.server.stop()


class FullLog(unittest.TestCase):
    """No disk is needed for that: a file may not get larger than the process's limit says."""

    def serve(self, log_file):
        server = PushServer(arguments=("-v", "--log-file", log_file)).start()
        self.addCleanup(server.log.close)
        self.addCleanup(lambda: server.process and server.kill())
        return server

    def test_no_line_of_the_log_is_written_and_all_goes_on(self):
        server = self.serve("/dev/full")
        for _ in range(20):
            self.assertEqual("fail", server.push('{"uid":"nobody"}'))
        server.stop()

    def test_lines_are_lost_and_counted_and_a_torn_one_tears_no_other(self):
        with tempfile.TemporaryDirectory(prefix="log-") as directory:
            path = pathlib.Path(directory) / "log"
            server = self.serve(path)
            most = path.stat().st_size + 1030
            limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            for _ in range(50):
                self.assertEqual("fail", server.push('{"uid":"nobody"}'))
            self.assertEqual(most, path.stat().st_size, "it is full, and the server lives")
            torn = path.read_text().splitlines()[-1]
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
            self.assertEqual("fail", server.push('{"uid":"nobody"}'))
            server.stop()
            lines = path.read_text().splitlines(keepends=True)
            at = lines.index(torn + "\n")
            self.assertRegex(lines[at + 1], LOST)
            self.assertGreater(int(LOST.search(lines[at + 1])[1]), 50)
            for line in lines[:at] + lines[at + 1:]:
                self.assertRegex(line, r"\A\d{4}-[0-9-]+T[0-9:.]+Z (debug  |info   |warning|error  ) .*\n\Z")


if __name__ == "__main__":
    unittest.main()
