"""push_server in the background: start -d, status, stop, restart, the pid file, the log file."""

import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from raw_client import MUCH_BYTES, TEXT, RawClient, much_for
from support import PATIENCE_SECONDS, PushServer, accepts, eventually, run


class Daemon(PushServer):
    """A server that is started with start -d, and told what to do by its pid file."""

    def __init__(self, directory):
        super().__init__()
        self.log.close()
        self.pid_file = directory / "push_server.pid"
        self.log_file = directory / "push_server.log"

    def arguments_for(self, *arguments):
        return [os.environ["CRIER_PUSH_SERVER"], *arguments,
                "--pid-file", str(self.pid_file), "--log-file", str(self.log_file),
                "--clients", f"127.0.0.1:{self.clients_port}",
                "--backend", f"127.0.0.1:{self.backend_port}"]

    def told(self, *arguments):
        return run(*self.arguments_for(*arguments), stdin=subprocess.DEVNULL)

    def pid(self):
        """As status has it, or None."""
        done = self.told("status")
        running = re.fullmatch(r"running, process (\d+)\n", done.stdout)
        if (done.returncode, done.stderr) == (0, "") and running:
            return int(running.group(1))
        if (done.returncode, done.stdout, done.stderr) != (1, f"not running ({self.pid_file})\n", ""):
            raise AssertionError(f"status: {done}")
        return None

    def logged(self):
        return self.log_file.read_text()


class DaemonTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="daemon-")
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        self.daemon = self.another()

    def another(self):
        daemon = Daemon(self.directory)
        self.addCleanup(self.end, daemon)
        return daemon

    def end(self, daemon):
        pid = daemon.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            eventually("it has ended", lambda: daemon.pid() is None)

    def client(self, uid, **options):
        client = RawClient(self.daemon.clients_port, **options)
        self.addCleanup(client.close)
        return client.open(uid)

    def client_with_much_queued(self):
        client = self.client("slow", receive_buffer_bytes=4096)
        lines = much_for("slow")
        self.assertEqual({"ok"}, set(self.daemon.push_all(lines)))
        return client, lines

    def assertDone(self, done):
        self.assertEqual((0, "", ""), (done.returncode, done.stdout, done.stderr))

    def assertRefused(self, done, *words):
        self.assertEqual((1, ""), (done.returncode, done.stdout))
        self.assertEqual(1, done.stderr.count("\n"), done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)


class StartAndStop(DaemonTest):
    def test_start_returns_when_it_listens_and_leaves_the_terminal(self):
        self.assertDone(self.daemon.told("start", "-d"))
        page = self.client("uid1")
        self.assertEqual("ok", self.daemon.push('{"uid":"uid1"}'))
        self.assertEqual((TEXT, b'{"uid":"uid1"}'), page.frame())

        pid = self.daemon.pid()
        self.assertEqual(f"{pid}\n", self.daemon.pid_file.read_text())
        self.assertIn(f"started, process {pid}\n", self.daemon.logged())
        self.assertNotIn(os.getsid(pid), (os.getsid(0), pid), "its session has no leader")
        process = pathlib.Path(f"/proc/{pid}")
        self.assertEqual("/", os.readlink(process / "cwd"))
        for number, name in (("0", "/dev/null"), ("1", "/dev/null"), ("2", str(self.daemon.log_file))):
            self.assertEqual(name, os.readlink(process / "fd" / number))

    def test_stop_says_goodbye_and_returns_when_it_has_ended(self):
        self.daemon.told("start", "-d")
        page = self.client("uid1")
        with subprocess.Popen(self.daemon.arguments_for("stop")) as stop:
            self.assertEqual(1001, page.close_code())
            page.close()
            self.assertEqual(0, stop.wait(PATIENCE_SECONDS))
        self.assertIsNone(self.daemon.pid())
        self.assertFalse(self.daemon.pid_file.exists())
        self.assertFalse(accepts(self.daemon.clients_port))
        self.assertNotIn("second signal", self.daemon.logged())

    def test_stop_does_not_wait_for_a_page_that_does_not_read(self):
        self.daemon.told("start", "-d", "--max-outbox-bytes", str(2 * MUCH_BYTES), "--drain-seconds", "1000",
                         "--close-seconds", "1000")
        self.client_with_much_queued()
        self.assertDone(self.daemon.told("stop"))
        self.assertIsNone(self.daemon.pid())
        self.assertIn("second signal", self.daemon.logged())

    def test_a_graceful_stop_waits_until_all_is_delivered(self):
        self.daemon.told("start", "-d", "--max-outbox-bytes", str(2 * MUCH_BYTES), "--drain-seconds", "1000",
                         "--close-seconds", "1000")
        page, lines = self.client_with_much_queued()
        with subprocess.Popen(self.daemon.arguments_for("stop", "-g")) as stop:
            # Long enough for a stop without -g to lose its patience.
            with self.assertRaises(subprocess.TimeoutExpired):
                stop.wait(1.5)
            for line in lines:
                self.assertEqual((TEXT, line.encode()), page.frame())
            self.assertEqual(1001, page.close_code())
            page.close()
            self.assertEqual(0, stop.wait(PATIENCE_SECONDS))
        self.assertIsNone(self.daemon.pid())
        self.assertIn("all messages delivered", self.daemon.logged())
        self.assertNotIn("second signal", self.daemon.logged())

    def test_stop_and_status_say_so_when_nothing_runs(self):
        for stop in (["stop"], ["stop", "-g"]):
            self.assertRefused(self.daemon.told(*stop), "not running", str(self.daemon.pid_file))
        self.assertIsNone(self.daemon.pid())
        self.assertFalse(self.daemon.pid_file.exists())

    def test_restart_replaces_the_process_on_the_same_ports(self):
        self.daemon.told("start", "-d")
        before = self.daemon.pid()
        page = self.client("uid1")
        with subprocess.Popen(self.daemon.arguments_for("restart", "-d")) as restart:
            self.assertEqual(1001, page.close_code())
            page.close()
            self.assertEqual(0, restart.wait(PATIENCE_SECONDS))
        self.assertNotIn(self.daemon.pid(), (None, before))
        self.client("uid1")
        self.assertEqual("ok", self.daemon.push('{"uid":"uid1"}'))

    def test_restart_starts_what_does_not_run(self):
        self.assertDone(self.daemon.told("restart", "-d"))
        self.assertIsNotNone(self.daemon.pid())

    def test_a_start_that_fails_says_why_and_leaves_no_pid_file(self):
        with socket.create_server(("127.0.0.1", self.daemon.backend_port)):
            done = self.daemon.told("start", "-d")
        self.assertRefused(done, f"cannot listen on 127.0.0.1:{self.daemon.backend_port}",
                           "Address already in use")
        self.assertIsNone(self.daemon.pid())
        self.assertFalse(self.daemon.pid_file.exists())
        self.assertDone(self.daemon.told("start", "-d"))


class ClosedFiles(DaemonTest):
    """Who starts it may have closed standard input, output and error."""

    def test_a_daemon_starts_and_is_told_by_its_pid_file(self):
        done = subprocess.run(self.daemon.arguments_for("start", "-d"), preexec_fn=lambda: os.closerange(0, 3),
                              timeout=60, check=False)
        self.assertEqual(0, done.returncode)
        self.assertIsNotNone(self.daemon.pid())
        self.client("uid1")
        self.assertEqual("ok", self.daemon.push('{"uid":"uid1"}'))
        self.assertRegex(self.daemon.pid_file.read_text(), r"\A\d+\n\Z")

    def test_in_the_foreground_nothing_else_becomes_its_log(self):
        self.daemon.process = subprocess.Popen(
            [*self.daemon.arguments_for("start"), "-v"], preexec_fn=lambda: os.closerange(0, 3))
        self.addCleanup(self.daemon.kill)
        eventually("it listens", lambda: accepts(self.daemon.clients_port))
        self.client("uid1")
        self.assertEqual("ok", self.daemon.push('{"uid":"uid1"}'))
        self.assertEqual(self.daemon.process.pid, self.daemon.pid())
        files = [os.readlink(f"/proc/{self.daemon.process.pid}/fd/{n}") for n in range(3)]
        self.assertEqual(["/dev/null", "/dev/null", str(self.daemon.log_file)], files)


class PidFile(DaemonTest):
    def test_a_second_start_is_refused_and_harms_nothing(self):
        self.daemon.told("start", "-d")
        pid = self.daemon.pid()
        self.assertRefused(self.another().told("start", "-d"), f"already running, as process {pid} ")
        self.assertRefused(self.another().told("start"), f"already running, as process {pid} ")
        self.assertEqual(pid, self.daemon.pid())
        self.client("uid1")
        self.assertEqual("ok", self.daemon.push('{"uid":"uid1"}'))

    def test_of_many_starts_at_once_one_wins(self):
        starts = [subprocess.Popen(self.another().arguments_for("start", "-d"), stderr=subprocess.PIPE,
                                   text=True) for _ in range(8)]
        errors = [start.communicate(timeout=PATIENCE_SECONDS)[1] for start in starts]
        self.assertEqual([0] + [1] * 7, sorted(start.returncode for start in starts), errors)
        for error in errors:
            self.assertIn(error, ("", "push_server: already running, as process "
                                      f"{self.daemon.pid()} ({self.daemon.pid_file})\n"))

    def test_the_file_of_a_killed_server_means_nothing(self):
        self.daemon.told("start", "-d")
        pid = self.daemon.pid()
        os.kill(pid, signal.SIGKILL)
        eventually("it has ended", lambda: self.daemon.pid() is None)
        self.assertEqual(f"{pid}\n", self.daemon.pid_file.read_text())
        self.assertRefused(self.daemon.told("stop"), "not running")
        self.assertDone(self.daemon.told("start", "-d"))
        self.assertNotIn(self.daemon.pid(), (None, pid))

    def test_a_number_in_the_file_that_is_somebody_else_is_not_signalled(self):
        with subprocess.Popen(["sleep", "1000"]) as bystander:
            self.addCleanup(bystander.kill)
            self.daemon.pid_file.write_text(f"{bystander.pid}\n" + "and more than that\n" * 10)
            self.assertIsNone(self.daemon.pid())
            self.assertRefused(self.daemon.told("stop"), "not running")
            self.assertDone(self.daemon.told("restart", "-d"))
            self.assertEqual(f"{self.daemon.pid()}\n", self.daemon.pid_file.read_text())
            self.assertIsNone(bystander.poll())
            bystander.kill()

    def test_a_link_in_its_place_is_not_followed(self):
        precious = self.directory / "precious"
        precious.write_text("precious")
        self.daemon.pid_file.symlink_to(precious)
        self.assertRefused(self.daemon.told("start", "-d"), str(self.daemon.pid_file))
        self.assertEqual("precious", precious.read_text())
        self.daemon.pid_file.unlink()

    def test_a_link_to_a_file_that_another_program_holds_makes_that_no_target(self):
        held = self.directory / "held"
        with subprocess.Popen(
                [sys.executable, "-c", "import fcntl, sys, time\nfile = open(sys.argv[1], 'w')\n"
                 "fcntl.lockf(file, fcntl.LOCK_EX)\nprint('held', flush=True)\ntime.sleep(1000)", held],
                stdout=subprocess.PIPE, text=True) as bystander:
            self.addCleanup(bystander.kill)
            self.assertEqual("held\n", bystander.stdout.readline())
            self.daemon.pid_file.symlink_to(held)
            for verb in (["stop"], ["stop", "-g"], ["status"], ["restart", "-d"]):
                self.assertRefused(self.daemon.told(*verb), str(self.daemon.pid_file))
            self.assertIsNone(bystander.poll())
            self.daemon.pid_file.unlink()
            bystander.kill()

    def test_a_pipe_in_its_place_lets_nobody_wait(self):
        os.mkfifo(self.daemon.pid_file)
        self.assertIsNone(self.daemon.pid())
        self.daemon.pid_file.unlink()

    def test_nobody_else_may_write_what_it_writes(self):
        socket_file = self.directory / "push.sock"
        before = os.umask(0)
        try:
            self.assertDone(self.daemon.told("start", "-d", "--backend", f"unix:{socket_file}"))
        finally:
            os.umask(before)
        for path, mode in ((self.daemon.pid_file, 0o644), (self.daemon.log_file, 0o640), (socket_file, 0o660)):
            self.assertEqual(oct(mode), oct(path.stat().st_mode & 0o777), path)


class DefaultFiles(DaemonTest):
    def test_a_user_finds_them_in_the_state_directory(self):
        # Root has the system's places, which are not a test's to write to: becomes somebody else.
        executable = self.directory / "push_server"
        shutil.copy(os.environ["CRIER_PUSH_SERVER"], executable)
        somebody = {}
        if os.geteuid() == 0:
            somebody = {"user": 65534, "group": 65534, "extra_groups": []}
            os.chown(self.directory, 65534, 65534)

        def told(*arguments):
            done = run(executable, *arguments, env={"XDG_STATE_HOME": str(self.directory / "state")},
                       stdin=subprocess.DEVNULL, **somebody)
            return done.returncode, done.stdout, done.stderr

        try:
            self.assertEqual((0, "", ""), told("start", "-d", "--clients", "127.0.0.1:0",
                                               "--backend", "127.0.0.1:0"))
            pid = (self.directory / "state" / "push_server.pid").read_text()
            self.assertEqual((0, f"running, process {pid}", ""), told("status"))
            self.assertIn(f"started, process {pid}",
                          (self.directory / "state" / "push_server.log").read_text())
        finally:
            stopped = told("stop")
        self.assertEqual((0, "", ""), stopped)


class LogFile(DaemonTest):
    def test_a_hangup_opens_it_again_after_it_was_renamed(self):
        self.daemon.told("start", "-d")
        old = self.directory / "push_server.log.1"
        self.daemon.log_file.rename(old)
        before = old.read_text()
        os.kill(self.daemon.pid(), signal.SIGHUP)
        eventually("there is a new file", self.daemon.log_file.exists)
        eventually("it is used", lambda: "log file opened again\n" in self.daemon.logged())
        self.assertDone(self.daemon.told("stop"))
        self.assertIn("SIGTERM: draining", self.daemon.logged())
        self.assertEqual(before, old.read_text())

    def test_a_hangup_that_cannot_open_it_goes_on_with_the_old_one(self):
        self.daemon.told("start", "-d")
        old = self.directory / "push_server.log.1"
        self.daemon.log_file.rename(old)
        self.daemon.log_file.mkdir()
        os.kill(self.daemon.pid(), signal.SIGHUP)
        eventually("it tells", lambda: f"cannot open the log file {self.daemon.log_file}" in old.read_text())
        self.client("uid1")
        self.assertEqual("ok", self.daemon.push('{"uid":"uid1"}'))

    def test_a_hangup_does_not_wait_for_who_reads_a_fifo(self):
        self.daemon.told("start", "-d")
        old = self.directory / "push_server.log.1"
        self.daemon.log_file.rename(old)
        os.mkfifo(self.daemon.log_file)
        os.kill(self.daemon.pid(), signal.SIGHUP)
        eventually("it tells", lambda: f"cannot open the log file {self.daemon.log_file}" in old.read_text())
        self.client("uid1")
        self.assertEqual("ok", self.daemon.push('{"uid":"uid1"}'))

    def test_a_new_file_does_not_begin_with_the_rest_of_a_line_of_the_old_one(self):
        self.daemon.told("start", "-d", "-v")
        limits = resource.prlimit(self.daemon.pid(), resource.RLIMIT_FSIZE)
        size = self.daemon.log_file.stat().st_size + 20
        resource.prlimit(self.daemon.pid(), resource.RLIMIT_FSIZE, (size, limits[1]))
        self.assertEqual("fail", self.daemon.push('{"uid":"nobody"}'))
        eventually("it is full", lambda: self.daemon.log_file.stat().st_size == size)
        self.daemon.log_file.rename(self.directory / "push_server.log.1")
        resource.prlimit(self.daemon.pid(), resource.RLIMIT_FSIZE, limits)
        os.kill(self.daemon.pid(), signal.SIGHUP)
        eventually("it is used", lambda: self.daemon.log_file.exists() and "opened again" in self.daemon.logged())
        self.assertRegex(self.daemon.logged(), r"\A\d{4}-")

    def test_a_restart_appends_to_it(self):
        self.daemon.told("start", "-d")
        self.daemon.told("restart", "-d")
        self.assertEqual(2, self.daemon.logged().count(" started, process "))


if __name__ == "__main__":
    unittest.main()
