#!/usr/bin/env python3
"""Runs the end-to-end tests with real programs: PHP, Chromium, Node, nginx.

Usage: CRIER_PUSH_SERVER=<path of push_server> run.py [-v] [-k <part of a test's name>]...

Environment:
  CRIER_PUSH_SERVER  the executable under test
  CRIER_ARTIFACTS    where screenshots go (default: build/artifacts)

Ports 1234 and 5678 of 127.0.0.1 must be free: the compatibility tests use those of the original.
A program that is missing is a failure, not a reason to skip.
"""

import os
import signal
import sys
import unittest

import support


def main(arguments):
    problems = support.missing_programs()
    executable = os.environ.get("CRIER_PUSH_SERVER")
    if not executable:
        problems.append("CRIER_PUSH_SERVER is not set: it names the push_server executable to test")
    elif not os.access(executable, os.X_OK):
        problems.append(f"CRIER_PUSH_SERVER is {executable}, which is not an executable")
    if problems:
        sys.exit("\n".join(f"run.py: {problem}" for problem in problems))
    os.environ["CRIER_PUSH_SERVER"] = os.path.abspath(executable)

    # Under nohup hangups are ignored, in the server too: it would be right, and not what is tested.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

    # Exits with 1 if a test failed.
    unittest.main(module=None, argv=["run.py", "discover", "-s", str(support.HERE), *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
