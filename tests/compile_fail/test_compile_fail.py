#!/usr/bin/env python3
"""What compile_fail.py lets pass: python3 tests/compile_fail/test_compile_fail.py"""

import os
import tempfile
import unittest
from pathlib import Path

from compile_fail import FIRST_LINES, check

COMPILER = os.environ.get("CXX", "g++")
MISTAKE = '#ifdef CRIER_MISTAKE\nstatic_assert(false, "say why");\n#endif\n'


class CompileFail(unittest.TestCase):
    def check(self, text):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "case.cpp")
            file.write_text(text)
            return check(str(file), COMPILER, ["-std=c++20"])

    def test_a_mistake_that_says_why_passes(self):
        self.assertIsNone(self.check("// expect: say why\n" + MISTAKE))

    def test_a_mistake_that_compiles_fails(self):
        self.assertEqual(self.check("// expect: say why\nint a;\n"), "the mistake compiles")

    def test_a_mistake_that_says_something_else_fails(self):
        self.assertIn('do not say "say more"', self.check("// expect: say more\n" + MISTAKE))

    def test_what_is_said_late_is_not_said(self):
        before = "#ifdef CRIER_MISTAKE\n" + "int = 1;\n" * FIRST_LINES + "#endif\n"
        self.assertIn("do not say", self.check("// expect: say why\n" + before + MISTAKE))

    def test_what_is_said_before_the_first_error_counts(self):
        before = "#ifdef CRIER_MISTAKE\n" + "#warning context\n" * FIRST_LINES + "#endif\n"
        self.assertIn("do not say", self.check("// expect: say why\n" + before + MISTAKE))

    def test_what_must_not_be_said(self):
        text = "// expect: say why\n// without: say more\n" + MISTAKE
        self.assertIsNone(self.check(text))
        self.assertIn('also said "say more"', self.check(text + MISTAKE.replace("why", "more")))

    def test_the_twin_must_compile(self):
        self.assertIn("the twin", self.check("// expect: say why\nint = 1;\n" + MISTAKE))

    def test_a_file_must_tell_what_it_expects(self):
        self.assertIn("first line", self.check(MISTAKE))


if __name__ == "__main__":
    unittest.main()
